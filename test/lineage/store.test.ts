import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readdirSync, rmdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { storePaths } from '../../src/lineage/paths.ts';
import { checkStore, createStore } from '../../src/lineage/store.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { failure } from '../unit-kit/expect.ts';
import { memoryReader } from '../unit-kit/reader.ts';

const MODES: Record<string, number> = {
  '.': 0o755,
  accounts: 0o700,
  renewal: 0o755,
  state: 0o755,
  archive: 0o755,
  live: 0o755,
  hooks: 0o755,
  'hooks/pre': 0o755,
  'hooks/deploy': 0o755,
  'hooks/reload': 0o755,
  'hooks/post': 0o755,
};

test('a store is made with its modes, and made whole again', () => {
  const paths = storePaths(`${scratchDirectory('unit').directory}/store`);
  createStore(systemDisk, paths);
  const modes = () =>
    Object.fromEntries(
      Object.keys(MODES).map((name) => [name, statSync(`${paths.root}/${name}`).mode & 0o7777]),
    );
  assert.deepEqual(modes(), MODES);
  rmdirSync(paths.live);
  chmodSync(paths.renewal, 0o750);
  createStore(systemDisk, paths);
  assert.deepEqual(modes(), { ...MODES, renewal: 0o750 });
  assert.deepEqual(readdirSync(paths.root).sort(), [
    'accounts',
    'archive',
    'hooks',
    'live',
    'renewal',
    'state',
  ]);
});

test('a store is made with the directories above it, not through a file', () => {
  const { directory } = scratchDirectory('unit');
  createStore(systemDisk, storePaths(`${directory}/var/lib/store`));
  assert.equal(statSync(`${directory}/var/lib`).mode & 0o777, 0o755);
  writeFileSync(`${directory}/file`, '');
  failure(() => createStore(systemDisk, storePaths(`${directory}/file/store`)), 'store-access');
  failure(() => checkStore(systemDisk, storePaths(`${directory}/file`), 0), 'store-access');
});

const paths = storePaths('/store');
const check = (uid: number, mode: number) => checkStore(memoryReader({ directory: { uid, mode } }), paths, 0);

test('a store of ours is fine, an absent one is none', () => {
  assert.equal(check(0, 0o755), true);
  assert.equal(check(0, 0o770), true);
  assert.equal(checkStore(memoryReader({}), paths, 0), false);
});

test('refused: the store of another user, one that all may write', () => {
  assert.match(
    failure(() => check(1000, 0o755), 'store-owner').message,
    /belongs to user 1000, but this process runs as 0/,
  );
  assert.match(failure(() => check(0, 0o777), 'store-owner').message, /every user can write/);
  assert.match(failure(() => check(0, 0o1777), 'store-owner').hint, /chmod o-w \/store/);
});

test('a store that is a real directory', () => {
  const { directory } = scratchDirectory('unit');
  mkdirSync(`${directory}/store`);
  assert.equal(checkStore(systemDisk, storePaths(`${directory}/store`), process.geteuid?.() ?? 0), true);
  assert.equal(checkStore(systemDisk, storePaths(`${directory}/none`), 0), false);
});
