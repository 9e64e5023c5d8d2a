import assert from 'node:assert/strict';
import { mkdirSync, statSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { encodeJson } from '../../src/lineage/decode.ts';
import { storePaths } from '../../src/lineage/paths.ts';
import { readState, type State, writeState } from '../../src/lineage/state.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { FACTS } from '../unit-kit/examples.ts';
import { mutationsOf, prefixesOf } from '../unit-kit/hostile.ts';
import { memoryReader } from '../unit-kit/reader.ts';

const paths = storePaths('/store');
const STATE: State = {
  version: 1,
  live: {
    ...FACTS,
    stamps: [
      [1, 2, 3.5],
      [4, 5, 6],
      [7, 8, 9],
      [1, 1, 1],
      [2, 2, 2],
    ],
  },
  deployed: '0001',
};
const full = encodeJson(STATE);
const read = (text: string) =>
  readState(memoryReader({ files: { '/store/state/a.json': text } }), paths, 'a');

test('state is read as it was written, mode 0600', async () => {
  const scratch = storePaths(scratchDirectory('unit').directory);
  mkdirSync(scratch.state);
  await writeState(systemDisk, scratch, 'a', STATE);
  assert.deepEqual(readState(systemDisk, scratch, 'a'), STATE);
  assert.equal(statSync(`${scratch.state}/a.json`).mode & 0o777, 0o600);
});

test('absent state is undefined', () => {
  assert.equal(readState(memoryReader({}), paths, 'a'), undefined);
});

test('every torn file is unreadable', () => {
  for (const text of prefixesOf(full.trimEnd())) assert.equal(read(text), 'unreadable');
});

const UNREADABLE: Record<string, unknown> = {
  'another version': { ...STATE, version: 2 },
  'an unknown field': { ...STATE, pinned: true },
  'a version that is a path': { ...STATE, deployed: '../0001' },
  'a live version that is none': { ...STATE, live: { ...STATE.live, version: '..' } },
  'a stamp of two numbers': { ...STATE, live: { ...STATE.live, stamps: [[1, 2]] } },
  'a time that is a text': { ...STATE, live: { ...STATE.live, notAfter: '2026' } },
};

for (const [name, state] of Object.entries(UNREADABLE)) {
  test(`unreadable: ${name}`, () => assert.equal(read(JSON.stringify(state)), 'unreadable'));
}

for (const time of ['1e999', '1e17', '-1e17']) {
  test(`unreadable: the time ${time}, which no date can be`, () => {
    assert.equal(read(full.replace(`"notAfter": ${FACTS.notAfter}`, `"notAfter": ${time}`)), 'unreadable');
  });
}

test('property: a mutated file is unreadable, or has dates that can be told', () => {
  fc.assert(
    fc.property(mutationsOf(full), (text) => {
      const state = read(text);
      if (state === 'unreadable' || state?.live === undefined) return;
      for (const time of [state.live.notBefore, state.live.notAfter]) new Date(time).toISOString();
    }),
    { numRuns: 3000 },
  );
});
