import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/rig/processes.ts';
import { type Bench, createBench, fails, objects, type Store, succeeds } from './kit.ts';

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

/** A script in hooks/KIND that says its name. */
function script(
  store: Store,
  kind: string,
  name: string,
  body = `echo ${kind} ${name}`,
  mode = 0o755,
): string {
  const path = store.path('hooks', kind, name);
  writeFileSync(path, `#!/bin/sh\n${body}\n`);
  chmodSync(path, mode);
  return path;
}

/** What hooks said, in order. */
function said(stdout: string): string[] {
  return stdout.split('\n').flatMap((line) => (line.startsWith('    | ') ? [line.slice(6)] : []));
}

const flags = (pre: string, deploy: string, post: string) => [
  ...['--pre-hook', pre, '--deploy-hook', deploy, '--post-hook', post],
];

describe('order', { concurrency: 4 }, () => {
  test('pre, live, deploy, post; of each kind the directory sorted by bytes, then the configured one', async () => {
    const store = await bench.seeded('a.example.org');
    for (const kind of ['pre', 'deploy', 'post']) {
      for (const name of ['20', '100', 'Z', 'a b']) script(store, kind, name);
    }
    const result = await store.renew(['--force-renewal', ...flags('echo pre', 'echo deploy', 'echo post')]);
    const expected = ['pre', 'deploy', 'post'].flatMap((kind) => [
      ...['100', '20', 'Z', 'a b'].map((name) => `${kind} ${name}`),
      kind,
    ]);
    assert.deepEqual(said(succeeds(result).stdout), expected);
    assert.match(result.stdout, /\| pre\n[\s\S]*version 0002 is live[\s\S]*\| deploy 100\n/);
  });

  test('skipped: name~, what is not executable, directories, dangling links; links to programs run', async () => {
    const store = await bench.seeded('a.example.org');
    script(store, 'deploy', 'backup~');
    script(store, 'deploy', 'readable', 'echo no', 0o644);
    mkdirSync(store.path('hooks', 'deploy', 'directory'));
    symlinkSync('/nonexistent', store.path('hooks', 'deploy', 'dangling'));
    const outside = join(store.scratch, 'outside');
    writeFileSync(outside, '#!/bin/sh\necho outside\n', { mode: 0o755 });
    symlinkSync(outside, store.path('hooks', 'deploy', 'link'));
    assert.deepEqual(said(succeeds(await store.renew(['--force-renewal'])).stdout), ['outside']);
  });

  test('a configured hook that is one of the directory runs once', async () => {
    const store = await bench.seeded('a.example.org');
    const [pre, deploy, post] = ['pre', 'deploy', 'post'].map((kind) => script(store, kind, 'x'));
    const result = await store.renew(['--force-renewal', ...flags(pre ?? '', deploy ?? '', post ?? '')]);
    assert.deepEqual(said(succeeds(result).stdout), ['pre x', 'deploy x', 'post x']);
  });

  test('over three lineages: pre and post once, deploy for each, never two at a time', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org', 'c.example.org');
    const deploy = 'echo begin $EVERCERT_LINEAGE; sleep 0.1; echo end $EVERCERT_LINEAGE';
    script(store, 'pre', 'x');
    const log = join(store.scratch, 'log');
    const result = await store.renew([
      '--force-renewal',
      ...flags('echo pre', `(${deploy}) | tee -a ${log}`, 'echo post'),
    ]);
    const words = said(succeeds(result).stdout);
    assert.deepEqual(words.slice(0, 2), ['pre x', 'pre']);
    assert.equal(words.at(-1), 'post');
    assert.equal(words.length, 9);
    const lines = readFileSync(log, 'utf8').trim().split('\n');
    for (let index = 0; index < lines.length; index += 2) {
      assert.equal(lines[index + 1], lines[index]?.replace('begin', 'end'));
    }
  });

  test('different post hooks of lineages each run once, at the end', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org', 'c.example.org');
    for (const name of ['a', 'b']) store.edit(`${name}.example.org`, { hooks: { post: 'echo one' } });
    store.edit('c.example.org', { hooks: { post: 'echo two', deploy: 'echo deploy' } });
    const words = said(succeeds(await store.renew(['--force-renewal'])).stdout);
    assert.deepEqual(words.slice(0, 1), ['deploy']);
    assert.deepEqual(words.slice(1).sort(), ['one', 'two']);
  });

  test('none when nothing is due', async () => {
    const store = await bench.seeded('a.example.org');
    store.edit('a.example.org', { hooks: { pre: 'echo pre', deploy: 'echo deploy', post: 'echo post' } });
    for (const kind of ['pre', 'deploy', 'post']) script(store, kind, 'x');
    assert.deepEqual(said(succeeds(await store.renew()).stdout), []);
  });
});

describe('environment', { concurrency: 4 }, () => {
  test("deploy: certbot's two variables, and where the versions are", async () => {
    const store = bench.store();
    const deploy =
      'echo "$RENEWED_LINEAGE|$RENEWED_DOMAINS|$EVERCERT_LINEAGE|$EVERCERT_VERSION_DIR|$EVERCERT_PREVIOUS_DIR"';
    const first = await store.certonly('a.example.org,b.example.org', ['--deploy-hook', deploy]);
    const archive = store.path('archive', 'a.example.org');
    const start = `${store.path('live', 'a.example.org')}|a.example.org b.example.org|a.example.org|${archive}`;
    assert.deepEqual(said(succeeds(first).stdout), [`${start}/0001|`]);
    const second = await store.renew(['--force-renewal']);
    assert.deepEqual(said(succeeds(second).stdout), [`${start}/0002|${archive}/0001`]);
  });

  test('deploy: live leads to the new version by then', async () => {
    const store = await bench.seeded('a.example.org');
    const deploy = 'test "$(readlink -f "$RENEWED_LINEAGE")" = "$EVERCERT_VERSION_DIR" && echo yes';
    assert.deepEqual(said((await store.renew(['--force-renewal', '--deploy-hook', deploy])).stdout), ['yes']);
  });

  test('post: the names that were renewed and those that failed; pre: neither', async (t) => {
    const refusing = await createBench();
    t.after(() => refusing.close());
    const store = await refusing.seeded('a.example.org', 'b.example.org');
    refusing.ca.knobs.rejectedIdentifiers = ['b.example.org'];
    const show = 'echo "$RENEWED_DOMAINS|$FAILED_DOMAINS|$RENEWED_LINEAGE"';
    const result = await store.renew(['--force-renewal', '--pre-hook', show, '--post-hook', show]);
    assert.deepEqual(said(result.stdout), ['||', 'a.example.org|b.example.org|']);
  });

  test("PATH is complete although cron's is short; the shell is sh; nothing on stdin", async () => {
    const store = await bench.seeded('a.example.org');
    const hook = 'echo "$PATH"; command -v ldconfig || command -v useradd; cat; echo "stdin $?"';
    const env = { PATH: '/usr/bin:/bin' };
    const result = await store.renew(['--force-renewal', '--deploy-hook', hook], { env, input: 'secret' });
    const [path = '', tool = '', stdin] = said(succeeds(result).stdout);
    assert.ok(path.startsWith('/usr/bin:/bin:'), path);
    for (const directory of ['/usr/local/sbin', '/usr/sbin', '/sbin'])
      assert.ok(path.split(':').includes(directory));
    assert.match(tool, /sbin\//);
    assert.equal(stdin, 'stdin 0');
  });
});

describe('hooks that go wrong', { concurrency: 4 }, () => {
  test('a pre hook: that renewal stops before the CA is asked, post runs, exit 1', async (t) => {
    const alone = await createBench();
    t.after(() => alone.close());
    const store = await alone.seeded('a.example.org');
    const requests = alone.ca.requests.length;
    const result = await store.renew([
      '--force-renewal',
      ...flags('echo no; exit 3', 'echo deploy', 'echo post'),
    ]);
    fails(result, 1, /pre hook echo no; exit 3: exit 3 [\s\S]*hint: The CA was not asked/);
    assert.equal(alone.ca.requests.length, requests);
    assert.deepEqual([...said(result.stderr), ...said(result.stdout)], ['no', 'post']);
    assert.equal(store.live('a.example.org'), '0001');
  });

  test('a pre hook of one lineage stops that one alone', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    store.edit('a.example.org', { hooks: { pre: 'false' } });
    fails(await store.renew(['--force-renewal']), 1, /2 certificates: 1 renewed, 1 failed/);
    assert.deepEqual([store.live('a.example.org'), store.live('b.example.org')], ['0001', '0002']);
  });

  test('a pre hook of the directory stops all', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    script(store, 'pre', 'gate', 'exit 1');
    fails(await store.renew(['--force-renewal']), 1, /2 certificates: 2 failed/);
  });

  test('one deploy hook fails: the next ones run all the same', async () => {
    const store = await bench.seeded('a.example.org');
    script(store, 'deploy', '1', 'echo one; false');
    script(store, 'deploy', '2', 'echo two');
    const result = fails(await store.renew(['--force-renewal']), 1, /failed: deploy hook.*\/1$/m);
    assert.deepEqual([...said(result.stderr), ...said(result.stdout)], ['one', 'two']);
  });

  test('a post hook: exit 1', async () => {
    const store = await bench.seeded('a.example.org');
    fails(await store.renew(['--force-renewal', '--post-hook', 'exit 7']), 1, /post hook exit 7: exit 7/);
    assert.equal(store.live('a.example.org'), '0002');
  });

  const ends: readonly (readonly [string, RegExp])[] = [
    ['kill -9 $$', /signal SIGKILL/],
    ['no-such-command --x', /exit 127[\s\S]*no-such-command: not found/],
    ['if', /exit 2[\s\S]*[Ss]yntax error/],
  ];
  for (const [hook, expected] of ends) {
    test(`${hook}: how it ended is said`, async () => {
      const store = await bench.seeded('a.example.org');
      fails(await store.renew(['--force-renewal', '--deploy-hook', hook]), 1, expected);
    });
  }

  test('time is up: the whole group is ended, also what ignores SIGTERM', async () => {
    const store = await bench.seeded('a.example.org');
    const mark = `31${process.pid % 100_000}.5`;
    const hook = `echo begun; trap '' TERM; sleep ${mark} & sleep ${mark}`;
    const started = Date.now();
    const result = await store.renew(['--force-renewal', '--deploy-hook', hook, '--hook-timeout', '1']);
    fails(result, 1, /timed out after 1 s[\s\S]*\| begun/);
    assert.ok(Date.now() - started < 25_000);
    const left = execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' }).split('\n');
    assert.deepEqual(
      left.filter((line) => line === `sleep ${mark}`),
      [],
    );
  });

  for (const leave of ['sleep 60 &', 'setsid sleep 60 &', '(setsid sleep 60 >&2 &);']) {
    test(`a grandchild that keeps the pipe open does not hold up the run: ${leave}`, async () => {
      const store = await bench.seeded('a.example.org');
      const started = Date.now();
      const hook = `echo begin; ${leave} echo end`;
      const result = succeeds(await store.renew(['--force-renewal', '--deploy-hook', hook]));
      assert.ok(Date.now() - started < 30_000, 'it waited');
      assert.deepEqual(said(result.stdout), ['begin', 'end']);
    });
  }
});

describe('what they print', { concurrency: 4 }, () => {
  test('is shown with the name of the hook; control characters are not', async () => {
    const store = await bench.seeded('a.example.org');
    const hook = "printf '\\033[31mred\\007\\r\\nnext\\302\\233x\\n\\n\\tlast\\n' >&2";
    const { stdout } = succeeds(await store.renew(['--force-renewal', '--deploy-hook', hook]));
    assert.match(stdout, /^a\.example\.org: deploy hook printf .*: done \(\d\.\d s\)$/m);
    assert.deepEqual(said(stdout), ['[31mred', 'nextx', '', '\tlast']);
  });

  test('a megabyte: its end is shown, and that something is missing', async () => {
    const store = await bench.seeded('a.example.org');
    const { stdout } = succeeds(await store.renew(['--force-renewal', '--deploy-hook', 'seq 1 200000']));
    assert.ok(stdout.length < 100_000);
    assert.equal(said(stdout).at(-1), '200000');
    assert.match(stdout, /left out|earlier output|truncated|\[…\]|…/);
  });

  test('a hook of several lines has one in the report', async () => {
    const store = await bench.seeded('a.example.org');
    const result = await store.renew(['--force-renewal', '--deploy-hook', 'echo one\necho two\nfalse']);
    fails(result, 1, /deploy hook/);
    assert.doesNotMatch(result.stderr, /^(echo two|false)/m);
  });

  test('under --json: an object a hook, raw but escaped', async () => {
    const store = await bench.seeded('a.example.org');
    const hook = 'printf \'a\\033[0m\\n"b"\'';
    const result = succeeds(await store.renew(['--force-renewal', '--json', '--deploy-hook', hook]));
    const [told] = objects(result).filter(({ event }) => event === 'hook');
    const { ms, ...rest } = told ?? {};
    assert.equal(typeof ms, 'number');
    assert.deepEqual(rest, {
      event: 'hook',
      kind: 'deploy',
      lineage: 'a.example.org',
      name: hook,
      ok: true,
      outcome: 'exit 0',
      output: 'a\u001b[0m\n"b"',
    });
  });

  test('one that says nothing has its line all the same', async () => {
    const store = await bench.seeded('a.example.org');
    const { stdout } = succeeds(await store.renew(['--force-renewal', '--deploy-hook', 'true']));
    assert.match(stdout, /^a\.example\.org: deploy hook true: done \(\d\.\d s\)$/m);
  });

  test('a failing hook is shown under -q', async () => {
    const store = await bench.seeded('a.example.org');
    const result = await store.renew(['--force-renewal', '-q', '--deploy-hook', 'echo reason; false']);
    fails(result, 1, /deploy hook echo reason; false: exit 1[\s\S]*\| reason/);
    assert.equal(result.stdout, '');
  });
});

test('an interruption ends the hook that runs, and post still runs', async () => {
  const store = await bench.seeded('a.example.org');
  const going = join(store.scratch, 'going');
  const hook = [
    '--deploy-hook',
    `touch ${going}; sleep 30`,
    '--post-hook',
    `touch ${join(store.scratch, 'post')}`,
  ];
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  const running = store.renew(['--force-renewal', ...hook], {
    onStart: (stop) => {
      kill = stop;
    },
  });
  await until('the run is under way', () => existsSync(going), 60_000);
  const started = Date.now();
  kill?.('SIGTERM');
  const result = await running;
  assert.equal(result.status, 143);
  assert.ok(Date.now() - started < 20_000);
  assert.ok(existsSync(join(store.scratch, 'post')));
  assert.match(result.stderr, /interrupted/);
  assert.match((await store.certificates()).stdout, /not deployed/);
});
