import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { UNCHECKED } from '../support/evercert.ts';
import { executable, findExecutable } from '../support/rig/executables.ts';
import { freePort } from '../support/rig/ports.ts';
import { type Bench, createBench, fails, run, type Store } from './kit.ts';

// With a person at a terminal, made by script(1).

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

/** What is asked, and what the person types. `\u0004` is Ctrl-D, `\u0003` Ctrl-C. */
type Dialogue = readonly (readonly [RegExp, string])[];

interface Session {
  readonly status: number | null;
  /** All that the terminal showed, with Unix line ends. */
  readonly screen: string;
}

function onTerminal(argv: readonly string[], dialogue: Dialogue, cwd?: string): Promise<Session> {
  const words = [process.execPath, resolve('bin/evercert.js'), ...argv].map((word) => `'${word}'`);
  const child = spawn(executable('script'), ['-qec', words.join(' '), '/dev/null'], {
    cwd,
    env: { PATH: process.env.PATH, TERM: 'xterm', SHELL: '/bin/sh', LANG: 'C.UTF-8', ...UNCHECKED },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const left = [...dialogue];
  let screen = '';
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    screen += chunk;
    const [question, answer = ''] = left[0] ?? [];
    const match = question?.exec(screen.slice(seen));
    if (!match) return;
    seen = screen.length;
    left.shift();
    child.stdin.write(['\u0003', '\u0004'].includes(answer) ? answer : `${answer}\n`);
  });
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (status) => {
      clearTimeout(timer);
      child.stdin.destroy();
      const text = screen.replaceAll('\r\n', '\n');
      assert.deepEqual(
        left.map(([question]) => question),
        [],
        `never asked; the screen:\n${text}`,
      );
      assert.doesNotMatch(text, /internal error|^ {4}at /m);
      done({ status, screen: text });
    });
  });
}

const NAMES = /Names for the certificate, separated by commas or spaces: /;
const WHERE = /Directory that your web server serves[^:]*"standalone"[^:]*"dns:PROVIDER": /;
const PROVIDER = /DNS provider of the wildcard[^:]*acmesh:dns_xx …\): /;
const CREDENTIALS = /File with its credentials[^:]*: /;
const EMAIL = /E-mail address for the account[^:]*: /;
const TERMS = /Do you agree to the terms of service of [^?]*https:\/\/ca\.test\/terms[^?]*\? yes\/no: /;

const minimal = (store: Store) => [
  'certonly',
  '--config-dir',
  store.configDir,
  '--server',
  bench.ca.directoryUrl,
];

describe('questions', {
  concurrency: 4,
  skip: findExecutable('script') === undefined && 'needs script(1)',
}, () => {
  test('certonly without a word: names, webroot, e-mail, terms; then as if the flags had said it', async () => {
    const store = bench.store();
    const webroot = join(store.scratch, 'webroot');
    const { status, screen } = await onTerminal(minimal(store), [
      [NAMES, 'A.example.org, b.example.org'],
      [WHERE, webroot],
      [EMAIL, 'me@example.org'],
      [TERMS, 'yes'],
    ]);
    assert.equal(status, 0, screen);
    assert.match(screen, /version 0001 is live/);
    const { names, challenge } = store.settings('a.example.org');
    assert.deepEqual(names, ['a.example.org', 'b.example.org']);
    assert.deepEqual(challenge, {
      type: 'webroot',
      roots: { 'a.example.org': webroot, 'b.example.org': webroot },
    });
    const contacts = bench.ca.requests.filter(({ endpoint }) => endpoint === 'newAccount');
    assert.match(JSON.stringify(contacts), /mailto:me@example\.org/);
  });

  test('what flags say is not asked', async () => {
    const store = bench.store();
    const { status, screen } = await onTerminal(['certonly', ...store.flags, '-d', 'a.example.org'], []);
    assert.equal(status, 0, screen);
    assert.doesNotMatch(screen, /[?:] $/m);
  });

  test('a second certificate asks neither for e-mail nor for terms', async () => {
    const store = await bench.seeded('a.example.org');
    const argv = [...minimal(store), '-d', 'b.example.org'];
    const { status, screen } = await onTerminal(argv, [[WHERE, join(store.scratch, 'webroot')]]);
    assert.equal(status, 0, screen);
  });

  test('standalone, after an answer that was none', async () => {
    const store = await bench.seeded('a.example.org');
    const port = String(await freePort());
    const argv = [...minimal(store), '-d', 'b.example.org', '--http-01-port', port];
    const { status, screen } = await onTerminal(argv, [
      [WHERE, ''],
      [WHERE, 'standalone'],
    ]);
    assert.equal(status, 0, screen);
    assert.deepEqual(store.settings('b.example.org').challenge, { type: 'standalone', port: Number(port) });
  });

  test('a relative directory is that of the working directory, and saved absolute', async () => {
    const store = await bench.seeded('a.example.org');
    mkdirSync(join(store.scratch, 'www'));
    const argv = [...minimal(store), '-d', 'b.example.org'];
    const { status, screen } = await onTerminal(argv, [[WHERE, 'www']], store.scratch);
    assert.equal(status, 0, screen);
    assert.deepEqual(store.settings('b.example.org').challenge, {
      type: 'webroot',
      roots: { 'b.example.org': join(store.scratch, 'www') },
    });
    const again = await store.renew(['--force-renewal']);
    assert.equal(again.status, 0, again.stderr);
  });

  test('a wildcard: the DNS provider and the file of its credentials, from the working directory', async () => {
    const store = bench.store();
    const argv = [...minimal(store), '-d', '*.example.org'];
    const answers: Dialogue = [
      [PROVIDER, 'cloudflare'],
      [CREDENTIALS, 'cf.ini'],
    ];
    const { status, screen } = await onTerminal(argv, answers, store.scratch);
    assert.equal(status, 2, screen);
    assert.ok(screen.includes(`there is no file ${join(store.scratch, 'cf.ini')}`), screen);
  });

  test('dns:PROVIDER for another name, without a file', async () => {
    const argv = [...minimal(bench.store()), '-d', 'b.example.org'];
    const { status, screen } = await onTerminal(argv, [
      [WHERE, 'dns:cloudflare'],
      [CREDENTIALS, ''],
    ]);
    assert.equal(status, 2, screen);
    assert.match(screen, /the DNS provider cloudflare needs api_token/);
  });

  const refusals: readonly (readonly [string, Dialogue, number, RegExp])[] = [
    ['no names', [[NAMES, '']], 2, /no names are given/],
    ['names that are none', [[NAMES, 'a b..c']], 2, /cannot be in a certificate/],
    ['Ctrl-D for names', [[NAMES, '\u0004']], 2, /the input ended before the question was answered/],
    ['Ctrl-C for names', [[NAMES, '\u0003']], 130, /interrupted/],
  ];
  for (const [what, dialogue, expected, text] of refusals) {
    test(`${what}: exit ${expected}, nothing made`, async () => {
      const store = bench.store();
      const { status, screen } = await onTerminal(minimal(store), dialogue);
      assert.equal(status, expected, screen);
      assert.match(screen, text);
    });
  }

  const account: readonly (readonly [string, Dialogue, number, RegExp])[] = [
    [
      'no e-mail',
      [
        [EMAIL, ''],
        [TERMS, 'y'],
      ],
      0,
      /is live/,
    ],
    [
      '"no" to the terms',
      [
        [EMAIL, ''],
        [TERMS, 'no'],
      ],
      2,
      /terms of service/,
    ],
    [
      'nothing to the terms',
      [
        [EMAIL, ''],
        [TERMS, ''],
      ],
      2,
      /terms of service/,
    ],
    [
      'an e-mail address that is none, then one',
      [
        [EMAIL, 'nobody'],
        [EMAIL, 'me@example.org'],
        [TERMS, 'y'],
      ],
      0,
      /is live/,
    ],
    [
      'Ctrl-C at the terms',
      [
        [EMAIL, ''],
        [TERMS, '\u0003'],
      ],
      130,
      /interrupted/,
    ],
  ];
  for (const [what, dialogue, expected, text] of account) {
    test(`${what}: exit ${expected}`, async () => {
      const store = bench.store();
      const argv = [...store.flags.slice(0, -2), '-d', 'a.example.org'];
      const { status, screen } = await onTerminal(['certonly', ...argv], dialogue);
      assert.equal(status, expected, screen);
      assert.match(screen, text);
      assert.equal(store.live('a.example.org'), expected === 0 ? '0001' : undefined);
    });
  }

  for (const flag of ['-n', '--non-interactive', '--noninteractive', '-q']) {
    test(`${flag}: never asks`, async () => {
      const store = bench.store();
      const { status, screen } = await onTerminal([...minimal(store), flag], []);
      assert.equal(status, 2, screen);
      assert.match(screen, /no names are given/);
    });
  }

  const LOOK = /Press Enter to have the CA look at it: /;

  test('--debug-challenges shows what is presented, and waits; Ctrl-C then leaves nothing behind', async () => {
    const store = bench.store();
    const argv = ['certonly', ...store.flags, '-d', 'a.example.org', '--debug-challenges'];
    const { status, screen } = await onTerminal(argv, [[LOOK, '']]);
    assert.equal(status, 0, screen);
    assert.match(
      screen,
      /a\.example\.org by http-01\n +http:\/\/a\.example\.org\/\.well-known\/acme-challenge\/\S+\n +\S+\.\S+\n/,
    );
    const ended = await onTerminal([...argv, '--force-renewal'], [[LOOK, '\u0003']]);
    assert.equal(ended.status, 130, ended.screen);
    assert.equal(store.live('a.example.org'), '0001');
    assert.equal(existsSync(join(store.scratch, 'webroot', '.well-known')), false);
  });

  test('renew --dry-run --debug-challenges waits for one certificate after the other', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    const argv = ['renew', '--config-dir', store.configDir, '--dry-run', '--debug-challenges'];
    const { status, screen } = await onTerminal(argv, [
      [LOOK, ''],
      [LOOK, ''],
    ]);
    assert.equal(status, 0, screen);
    assert.match(screen, /2 certificates: 2 passed/);
  });

  test('renew asks nothing, does not sleep, and overwrites its status line', async () => {
    const store = await bench.seeded('a.example.org');
    const argv = ['renew', '--config-dir', store.configDir, '--force-renewal'];
    const { status, screen } = await onTerminal(argv, []);
    assert.equal(status, 0, screen);
    assert.doesNotMatch(screen, /waiting/);
    const CLEAR = '\r\u001b[K';
    assert.ok(screen.includes(`${CLEAR}a.example.org: placing the order${CLEAR}`), JSON.stringify(screen));
    const rest = screen.split(CLEAR).at(-1) ?? '';
    assert.match(rest, /version 0002 is live[\s\S]*1 certificate: 1 renewed\n$/);
  });
});

describe('without a terminal nothing is asked', { concurrency: 4 }, () => {
  test('names', async () => {
    fails(await run(minimal(bench.store()), { input: 'a.example.org\n' }), 2, /no names are given/);
  });

  for (const argv of [['certonly', '-d', 'a.example.org'], ['renew', '--dry-run'], ['renew']]) {
    test(`${argv.join(' ')} --debug-challenges`, async () => {
      fails(await run([...argv, '--debug-challenges']), 2, /--debug-challenges/);
    });
  }

  test('e-mail and terms, although answers wait on stdin', async () => {
    const store = bench.store();
    const argv = ['certonly', ...store.flags.slice(0, -2), '-d', 'a.example.org'];
    const result = await run(argv, { input: 'me@example.org\nyes\n' });
    fails(result, 2, /no e-mail address[\s\S]*hint: /);
    assert.doesNotMatch(result.stdout + result.stderr, /yes\/no/);
  });
});
