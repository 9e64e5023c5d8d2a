import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeJson } from '../../src/lineage/decode.ts';
import { storePaths } from '../../src/lineage/paths.ts';
import {
  checkSettings,
  decodeSettings,
  readSettings,
  type Settings,
  saveSettings,
  withHooks,
} from '../../src/lineage/settings.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { attempt, failure } from '../unit-kit/expect.ts';
import { mutationsOf, prefixesOf } from '../unit-kit/hostile.ts';
import { memoryReader } from '../unit-kit/reader.ts';
import { SETTINGS_REFUSED, SETTINGS_TAKEN } from '../unit-kit/settings-examples.ts';

for (const [name, settings] of Object.entries(SETTINGS_TAKEN)) {
  test(`taken: ${name}`, () => {
    assert.deepEqual(decodeSettings(JSON.stringify(settings), 'f'), settings);
  });
}

for (const [name, settings] of Object.entries(SETTINGS_REFUSED)) {
  test(`refused: ${name}`, () => {
    failure(() => decodeSettings(JSON.stringify(settings), 'f'), 'bad-settings');
  });
}

const READ_AS: readonly (readonly [string, string])[] = [
  ['A.Example', 'a.example'],
  ['a.example.', 'a.example'],
  ['bücher.example', 'xn--bcher-kva.example'],
  [' a.example', 'a.example'],
  ['2001:DB8:0::1', '2001:db8::1'],
  ['*.A.example', '*.a.example'],
];

for (const [name, form] of READ_AS) {
  test(`the name ${JSON.stringify(name)} is read as ${form}`, () => {
    assert.deepEqual(decodeSettings(JSON.stringify({ ...SETTINGS, names: [name, form] }), 'f').names, [form]);
  });
}

for (const name of ['localhost', '', 'a_b.example', '1.2.3', '-a.example']) {
  test(`refused: the name ${JSON.stringify(name)}`, () => {
    failure(() => decodeSettings(JSON.stringify({ ...SETTINGS, names: [name] }), 'f'), 'bad-settings');
  });
}

test('property: what is read as a name at once is in its one form', () => {
  const label = fc.string({
    unit: fc.constantFrom('a', 'z', '0', '9', '-', 'x', 'n', '.'),
    minLength: 1,
    maxLength: 12,
  });
  fc.assert(
    fc.property(fc.oneof(label, fc.domain(), fc.constant('xn--a.a')), (name) => {
      const names = attempt(
        () => decodeSettings(JSON.stringify({ ...SETTINGS, names: [name] }), 'f').names,
        'bad-settings',
      );
      assert.deepEqual(
        names,
        attempt(() => [parseIdentifier(name).value], 'bad-name'),
      );
    }),
    { numRuns: 2000 },
  );
});

test('what cannot be kept is a usage error', () => {
  assert.deepEqual(checkSettings({ ...SETTINGS, names: ['A.example'] }).names, ['a.example']);
  const long = { ...SETTINGS, hooks: { deploy: 'x'.repeat(5000) } };
  assert.match(failure(() => checkSettings(long), 'usage').message, /^hooks\.deploy: /);
});

const full = encodeJson(SETTINGS_TAKEN['all that there is']);

test('every torn file is refused', () => {
  for (const text of prefixesOf(full.trimEnd())) failure(() => decodeSettings(text, 'f'), 'bad-settings');
});

test('property: a mutated file is refused or valid', () => {
  fc.assert(
    fc.property(mutationsOf(full), (text) => {
      const settings = attempt(() => decodeSettings(text, 'f'), 'bad-settings');
      if (settings !== undefined) assert.deepEqual(decodeSettings(encodeJson(settings), 'f'), settings);
    }),
    { numRuns: 1500 },
  );
});

test('names of Object.prototype in a map of webroots are dropped or their own', () => {
  const text = `{"version":1,"names":["a.example"],"server":"https://ca.example/","key":{"type":"rsa","bits":2048},
    "challenge":{"type":"webroot","roots":{"__proto__":"/a","a.example":"/b"}}}`;
  const { challenge } = decodeSettings(text, 'f');
  assert.ok(challenge.type === 'webroot');
  assert.equal(Object.getPrototypeOf(challenge.roots), Object.prototype);
  assert.equal(challenge.roots['a.example'], '/b');
});

const paths = storePaths('/store');

test('absent settings are undefined', () => {
  assert.equal(readSettings(memoryReader({}), paths, 'a.example'), undefined);
  const files = { '/store/renewal/a.example.json': full };
  assert.deepEqual(
    readSettings(memoryReader({ files }), paths, 'a.example'),
    SETTINGS_TAKEN['all that there is'],
  );
});

test('settings are written with mode 0600, and only when they say something new', async () => {
  const scratch = storePaths(scratchDirectory('unit').directory);
  mkdirSync(scratch.renewal);
  const file = `${scratch.renewal}/a.example.json`;
  const inode = () => statSync(file).ino;
  assert.equal(await saveSettings(systemDisk, scratch, 'a.example', SETTINGS), true);
  const first = inode();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  assert.equal(await saveSettings(systemDisk, scratch, 'a.example', SETTINGS), false);
  assert.equal(inode(), first);
  const changed: Settings = { ...SETTINGS, keepVersions: 3 };
  await saveSettings(systemDisk, scratch, 'a.example', changed);
  assert.notEqual(inode(), first);
  assert.deepEqual(readSettings(systemDisk, scratch, 'a.example'), changed);
});

test('hooks of a command line: added, replaced, taken away', () => {
  const { hooks: _, ...plain } = SETTINGS;
  const settings = { ...plain, hooks: { pre: 'a', deploy: 'b' } };
  assert.deepEqual(withHooks(settings, undefined), settings);
  assert.deepEqual(withHooks(settings, { deploy: 'c', post: 'd' }).hooks, {
    pre: 'a',
    deploy: 'c',
    post: 'd',
  });
  assert.deepEqual(withHooks(settings, { deploy: '' }).hooks, { pre: 'a' });
  assert.deepEqual(withHooks(settings, { pre: '', deploy: '', reload: '' }), plain);
});
