import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { readOwned } from '../../src/system/owned-file.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { failure } from '../unit-kit/expect.ts';

const { directory, remove } = scratchDirectory('owned');
after(remove);

const path = (name: string) => `${directory}/${name}`;

test('text, owner and mode of a file', () => {
  writeFileSync(path('a'), 'ü\n');
  chmodSync(path('a'), 0o640);
  assert.deepEqual(readOwned(path('a')), { text: 'ü\n', uid: process.getuid?.(), mode: 0o640 });
});

test('nothing there', () => {
  assert.equal(readOwned(path('absent')), undefined);
  assert.equal(readOwned(path('a/b')), undefined);
});

test('what is no file, or too large, is refused at once', () => {
  mkdirSync(path('directory'));
  spawnSync('mkfifo', [path('pipe')]);
  writeFileSync(path('large'), '');
  truncateSync(path('large'), 2 ** 20 + 1);
  assert.match(failure(() => readOwned(path('directory')), 'store-access').message, /is no file/);
  assert.match(failure(() => readOwned(path('pipe')), 'store-access').message, /is no file/);
  assert.match(failure(() => readOwned(path('large')), 'store-access').message, /larger than 1 MiB/);
});
