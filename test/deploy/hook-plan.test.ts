import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  baseEnvironment,
  configuredHook,
  deployEnvironment,
  hookTitle,
  listHooks,
  postEnvironment,
} from '../../src/deploy/hook-plan.ts';
import { createRunShell } from '../../src/system/process.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { memoryReader } from '../unit-kit/reader.ts';

const inDirectory = (...names: string[]) => {
  const paths = names.map((name) => `/hooks/deploy/${name}`);
  return memoryReader({ files: Object.fromEntries(paths.map((path) => [path, ''])), executable: paths });
};
const commands = (...names: string[]) =>
  listHooks(inDirectory(...names), '/hooks', 'deploy', 'reload').map(({ command }) => command);

test('executables in the order of their bytes, then the configured hook', () => {
  assert.deepEqual(commands('b', 'B', 'a', 'ä', '10', '9', '.hidden'), [
    "'/hooks/deploy/.hidden'",
    "'/hooks/deploy/10'",
    "'/hooks/deploy/9'",
    "'/hooks/deploy/B'",
    "'/hooks/deploy/a'",
    "'/hooks/deploy/b'",
    "'/hooks/deploy/ä'",
    'reload',
  ]);
});

test('backups and what cannot be executed are no hooks', () => {
  const files = { '/hooks/deploy/a': '', '/hooks/deploy/a~': '', '/hooks/deploy/b': '' };
  const disk = memoryReader({ files, executable: ['/hooks/deploy/a', '/hooks/deploy/a~'] });
  assert.deepEqual(
    listHooks(disk, '/hooks', 'deploy', undefined).map(({ name }) => name),
    ['/hooks/deploy/a'],
  );
});

test('hooks are of one kind; a missing folder has none', () => {
  assert.deepEqual(listHooks(inDirectory('a'), '/hooks', 'pre', undefined), []);
});

test('the configured hook is not run twice', () => {
  const disk = inDirectory('a', 'b');
  assert.deepEqual(configuredHook(disk, '/hooks', 'deploy', '/hooks/deploy/a'), []);
  assert.deepEqual(configuredHook(disk, '/hooks', 'deploy', '/hooks/deploy/c'), [
    { name: '/hooks/deploy/c', command: '/hooks/deploy/c' },
  ]);
  assert.deepEqual(configuredHook(disk, '/hooks', 'deploy', undefined), []);
});

test('the shell takes a quoted path as one word', async () => {
  const name = `it's a "$HOME" \`x\` *; \\ ü`;
  const [quoted] = commands(name);
  const { output } = await createRunShell(0o022)(`printf %s ${quoted}`, {}, 10_000, NEVER);
  assert.equal(output, `/hooks/deploy/${name}`);
});

test('property: the order is that of bytes, whatever the names', () => {
  const names = fc.uniqueArray(
    fc.string({ unit: 'grapheme', minLength: 1, maxLength: 6 }).filter((name) => !/[/~]/.test(name)),
  );
  fc.assert(
    fc.property(names, (list) => {
      const found = listHooks(inDirectory(...list), '/hooks', 'deploy', undefined).map(({ name }) =>
        Buffer.from(name),
      );
      assert.equal(found.length, list.length);
      for (const [index, name] of found.entries()) {
        if (index > 0) assert.ok(Buffer.compare(found[index - 1] ?? name, name) < 0);
      }
    }),
  );
});

test('a hook in a sentence is its first line', () => {
  assert.deepEqual(['reload', 'set -e\nreload', ''].map(hookTitle), ['reload', 'set -e …', '']);
});

test('what a deploy hook is told', () => {
  const deployment = {
    lineage: 'a.example',
    names: ['a.example', '*.b.example'],
    livePath: '/store/live/a.example',
    versionDirectory: '/store/archive/a.example/0002',
    previousDirectory: undefined,
  };
  const told = {
    RENEWED_LINEAGE: '/store/live/a.example',
    RENEWED_DOMAINS: 'a.example *.b.example',
    EVERCERT_LINEAGE: 'a.example',
    EVERCERT_VERSION_DIR: '/store/archive/a.example/0002',
  };
  assert.deepEqual(deployEnvironment(deployment), { ...told, EVERCERT_PREVIOUS_DIR: '' });
  assert.equal(
    deployEnvironment({ ...deployment, previousDirectory: '/x/0001' }).EVERCERT_PREVIOUS_DIR,
    '/x/0001',
  );
});

test('property: what a post hook is told is bounded: whole names, the first ones', () => {
  const names = fc.array(fc.domain(), { maxLength: 200 });
  fc.assert(
    fc.property(names, fc.nat(2000), (list, times) => {
      const many = Array.from({ length: times }, (_, index) => `h${index}.example`);
      const { RENEWED_DOMAINS = '', FAILED_DOMAINS = '' } = postEnvironment(list, many);
      assert.ok(RENEWED_DOMAINS.length <= 16_000 && FAILED_DOMAINS.length <= 16_000);
      assert.ok(list.join(' ').startsWith(RENEWED_DOMAINS) && many.join(' ').startsWith(FAILED_DOMAINS));
      const told = FAILED_DOMAINS.split(' ').filter((name) => name !== '');
      assert.ok(
        told.every((name) => many.includes(name)),
        'no name is cut in two',
      );
    }),
    { numRuns: 30 },
  );
});

const STANDARD = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
const PATHS: readonly (readonly [string | undefined, string])[] = [
  [undefined, STANDARD],
  ['', STANDARD],
  ['/usr/bin:/bin', '/usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin'],
  ['/opt/bin::/opt/bin', `/opt/bin:${STANDARD}`],
  [STANDARD, STANDARD],
];

const SECRETS = {
  EVERCERT_EAB_HMAC_KEY: 'secret',
  EVERCERT_NOTIFY: 'secret',
  EVERCERT_NOTIFY_TOKEN: 'secret',
  EVERCERT_SMTP_PASSWORD: 'secret',
};

for (const [given, made] of PATHS) {
  test(`the PATH ${given} is made whole, and our secrets stay ours`, () => {
    assert.deepEqual(baseEnvironment({ PATH: given, HOME: '/root', GONE: undefined, ...SECRETS }), {
      HOME: '/root',
      PATH: made,
    });
  });
}
