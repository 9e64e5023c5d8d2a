import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { valuesOf } from '../../src/cli/config-file.ts';
import { type Flag, flagsOf, VERBS, verbOf } from '../../src/cli/flags.ts';
import { parseCommand } from '../../src/cli/parse.ts';
import { EvercertError } from '../../src/errors.ts';
import { failure, rejection } from '../unit-kit/expect.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const PATH = '/etc/evercert/config.json';

interface Given {
  readonly config: unknown;
  readonly environment?: Record<string, string>;
  readonly uid?: number;
  readonly owner?: number;
  readonly mode?: number;
}

function parse(line: string, { config, environment = {}, uid = 0, owner = 0, mode = 0o644 }: Given) {
  const text = typeof config === 'string' ? config : JSON.stringify(config);
  return parseCommand(line.split(' '), {
    environment,
    terminal: false,
    absolute: (path) => path,
    uid,
    readOwned: (path) => (path === PATH ? { text, uid: owner, mode } : undefined),
  });
}

async function renewOptions(line: string, config: unknown) {
  const command = await parse(line, { config });
  assert.ok(command.verb === 'renew');
  return { ...command.options, voice: command.voice };
}

async function certonlyOptions(line: string, config: unknown, environment: Record<string, string> = {}) {
  const command = await parse(line, { config, environment });
  assert.ok(command.verb === 'certonly');
  return command.options;
}

describe('who wins', () => {
  const both = { concurrency: 2, renew: { concurrency: 3 } };

  test('the command line, then the verb, then the top, then what is built in', async () => {
    const found = async (line: string, config: unknown) => (await renewOptions(line, config)).concurrency;
    assert.equal(await found('renew --concurrency 4', both), 4);
    assert.equal(await found('renew', both), 3);
    assert.equal(await found('renew', { concurrency: '2', certonly: {} }), 2);
    assert.equal(await found('renew', {}), 8);
  });

  test('the environment over the file, the command line over both', async () => {
    const config = { 'eab-kid': 'kid', 'eab-hmac-key': 'ZmlsZQ' };
    const environment = { EVERCERT_EAB_HMAC_KEY: 'ZW52' };
    const key = async (line: string, variables = {}) =>
      (await certonlyOptions(`certonly --standalone -d a.example ${line}`.trim(), config, variables)).account
        .externalAccount?.hmacKey;
    assert.equal(await key(''), 'ZmlsZQ');
    assert.equal(await key('', environment), 'ZW52');
    assert.equal(await key('--eab-hmac-key Y2xp', environment), 'Y2xp');
  });

  test('false takes back the true of the top', async () => {
    const quiet = async (config: unknown) => (await renewOptions('renew', config)).voice.quiet;
    assert.equal(await quiet({ quiet: true }), true);
    assert.equal(await quiet({ quiet: true, renew: { quiet: false } }), false);
    assert.equal(await quiet({ quiet: true, certonly: { quiet: false } }), true);
  });

  test('--no-X over a true, X over a false', async () => {
    const reuse = async (line: string, config: unknown) =>
      (await certonlyOptions(`certonly -d a.example --standalone ${line}`.trim(), config)).lineage.reuseKey;
    assert.equal(await reuse('', { 'reuse-key': true }), true);
    assert.equal(await reuse('', { 'reuse-key': false }), false);
    assert.equal(await reuse('--no-reuse-key', { 'reuse-key': true }), false);
    assert.equal(await reuse('--reuse-key', { 'reuse-key': false }), true);
    assert.equal(await reuse('', { 'reuse-key': true, certonly: { 'reuse-key': false } }), false);
  });

  const ASIDE: readonly (readonly [string, unknown])[] = [
    ['renew --verbose', { quiet: true }],
    ['renew -q', { verbose: true }],
    ['certonly -d a.example -w /www --webroot', { standalone: true }],
    ['certonly -d a.example --standalone --staging', { server: 'zerossl' }],
    ['certonly -d a.example --standalone --server zerossl', { staging: true }],
    ['certonly -d a.example --standalone --key-type ecdsa', { 'key-type': 'rsa', 'rsa-key-size': 4096 }],
    ['certonly --csr x.pem --standalone', { 'deploy-hook': 'x', 'post-hook': 'y' }],
    ['timer install --cron --print', { systemd: true }],
  ];
  for (const [line, config] of ASIDE) {
    test(`sets aside ${JSON.stringify(config)}: ${line}`, async () => {
      assert.deepEqual(await parse(line, { config }), await parse(line, { config: {} }));
    });
  }

  test('reconfigure takes accounts and limits from it, and nothing of what a certificate is', async () => {
    const settings = { 'key-type': 'rsa', 'reuse-key': false, 'deploy-hook': 'x', staging: true };
    const config = { ...settings, email: 'a@a.example', reconfigure: { 'hook-timeout': 5 } };
    const line = 'reconfigure --cert-name a --email a@a.example --hook-timeout 5';
    assert.deepEqual(await parse('reconfigure --cert-name a', { config }), await parse(line, { config: {} }));
  });

  test('what is for other verbs only is no matter', async () => {
    const config = { 'keep-versions': 3, certonly: { 'key-type': 'rsa' }, $schema: 'x' };
    assert.deepEqual(await renewOptions('renew', config), await renewOptions('renew', {}));
  });
});

const REFUSED: readonly (readonly [string, unknown, RegExp])[] = [
  ['no JSON', '{', /is no JSON/],
  ['no object', [], /its top level must be an object/],
  ['null', null, /its top level/],
  ['a verb that is no object', { renew: true }, /"renew" must be an object/],
  ['an unknown flag', { concurency: 2 }, /"concurency" is no flag/],
  ['a flag of another verb', { renew: { domain: 'x' } }, /"renew\.domain" is no flag/],
  ['a flag of Object', { constructor: 'x' }, /"constructor" is no flag/],
  ['__proto__', '{"__proto__": {"quiet": true}}', /"__proto__" is no flag/],
  ['another spelling', { domains: 'a' }, /"domains" is no flag/],
  ['a short one', { q: true }, /"q" is no flag/],
  ['a switch with a word', { quiet: 'yes' }, /"quiet" must be true or false/],
  ['a switch with a number', { renew: { quiet: 1 } }, /"renew\.quiet" must be true or false/],
  ['a value that is true', { server: true }, /"server" must be a string or a whole number/],
  ['a value that is null', { server: null }, /"server" must be/],
  ['half a number', { concurrency: 1.5 }, /"concurrency" must be/],
  ['a list where one is meant', { server: ['a'] }, /"server" must be/],
  ['an empty value', { server: '' }, /"server" is empty/],
  ['what takes away', { certonly: { 'deploy-hook': '' } }, /"certonly\.deploy-hook" is empty/],
  ['a setting for reconfigure', { reconfigure: { verify: 'a:443' } }, /"reconfigure\.verify" cannot be set/],
  ['a switch for reconfigure', { reconfigure: { 'reuse-key': false } }, /"reconfigure\.reuse-key" cannot/],
  ['a negative', { 'no-reuse-key': true }, /"no-reuse-key" is written without "no-"/],
  ['the place of the file', { 'config-dir': '/x' }, /"config-dir" cannot be set here: the file is inside/],
  ['a webroot', { certonly: { 'webroot-path': '/x' } }, /no such order/],
  ['a value out of bounds', { renew: { concurrency: 65 } }, /"renew\.concurrency": .* from 1 to 64/],
];

describe('refused, whatever the verb', () => {
  for (const [name, config, message] of REFUSED) {
    test(name, async () => {
      const error = await rejection(parse('renew', { config }), 'bad-settings');
      assert.match(error.message, message);
      assert.ok(error.message.startsWith(`${PATH}: `));
      if (!name.includes('bounds')) await rejection(parse('certificates', { config }), 'bad-settings');
    });
  }

  test('a value of the command line is not blamed on the file', async () => {
    const config = { concurrency: 2, 'hook-timeout': 5 };
    await rejection(parse('renew --concurrency 0', { config }), 'usage');
  });

  const everywhere = [
    'help',
    'json',
    'plan',
    'dry-run',
    'force-renewal',
    'cert-name',
    'domain',
    'csr',
    'print',
    'skip-dry-run',
  ];
  for (const flag of everywhere) {
    test(flag, async () => {
      const error = await rejection(parse('renew', { config: { [flag]: true } }), 'bad-settings');
      assert.match(error.message, /cannot be set here/);
    });
  }
});

describe('who may have written it', () => {
  const cases: readonly (readonly [Omit<Given, 'config'>, RegExp | undefined])[] = [
    [{ uid: 0, owner: 0 }, undefined],
    [{ uid: 1000, owner: 1000, mode: 0o600 }, undefined],
    [{ uid: 1000, owner: 0 }, undefined],
    [{ uid: 0, owner: 1000 }, /belongs to user 1000/],
    [{ uid: 1000, owner: 1001 }, /belongs to user 1001/],
    [{ mode: 0o664 }, /can be written by other users/],
    [{ mode: 0o602 }, /can be written by other users/],
  ];
  for (const [given, message] of cases) {
    test(JSON.stringify(given), async () => {
      const parsed = parse('renew', { config: {}, ...given });
      if (message === undefined) assert.ok(await parsed);
      else assert.match((await rejection(parsed, 'bad-settings')).message, message);
    });
  }
});

test('a flag that may be repeated takes a list', () => {
  const many: Flag = { name: 'x', value: 'X', many: true, help: '' };
  assert.deepEqual(valuesOf(PATH, 'x', many, ['a', 1]), ['a', '1']);
  assert.deepEqual(valuesOf(PATH, 'x', many, 'a'), ['a']);
  for (const value of [[], [''], [true], [['a']], {}])
    failure(() => valuesOf(PATH, 'x', many, value), 'bad-settings');
});

test('the example of docs/running.md', async () => {
  const page = readFileSync('docs/running.md', 'utf8');
  const example = /\n\n {4}(\{\n(?: {4}.*\n)+? {4}\})\n/.exec(page)?.[1] ?? '';
  const found = await renewOptions('renew', example);
  assert.deepEqual([found.concurrency, found.hookTimeoutMs], [2, 3_600_000]);
  const { account, lineage } = await certonlyOptions('certonly -d a.example --standalone', example);
  assert.deepEqual([account.email, lineage.keyType], ['admin@example.com', 'rsa']);
});

test('no flag has the name of a verb', () => {
  const names = VERBS.flatMap((verb) => flagsOf(verb).map(({ name }) => name));
  assert.deepEqual(
    names.filter((name) => verbOf(name) !== undefined),
    [],
  );
});

test('property: any JSON is taken or refused, and no control character goes on', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.dictionary(fc.oneof(hostileText(8), fc.constant('renew')), fc.jsonValue()),
      async (config) => {
        const error = await parse('renew', { config }).then(
          () => undefined,
          (thrown: unknown) => thrown,
        );
        if (error === undefined) return;
        assert.ok(error instanceof EvercertError && error.code === 'bad-settings', String(error));
        assert.doesNotMatch(error.message, /\p{Cc}/u);
      },
    ),
  );
});
