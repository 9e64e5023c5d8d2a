import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { sweepSettings, sweepState } from '../../src/lineage/sweep.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { emptyStore, NAME } from '../unit-kit/store.ts';

function write(directory: string, ...names: string[]): void {
  for (const name of names) writeFileSync(`${directory}/${name}`, '');
}

test('temporary files of state go, nothing else; accounts are left alone', () => {
  const paths = emptyStore();
  mkdirSync(`${paths.accounts}/ca`);
  mkdirSync(`${paths.state}/old.json.1`);
  write(`${paths.accounts}/ca`, 'key.pem', 'key.pem.20261122');
  write(paths.state, 'a.json', 'a.json.77', 'a.json.77x', 'a.json.12345678901', 'notes.7');
  write(paths.renewal, 'a.json.77');
  sweepState(systemDisk, paths);
  sweepState(systemDisk, paths);
  assert.deepEqual(readdirSync(`${paths.accounts}/ca`).sort(), ['key.pem', 'key.pem.20261122']);
  assert.deepEqual(readdirSync(paths.state).sort(), [
    'a.json',
    'a.json.12345678901',
    'a.json.77x',
    'notes.7',
    'old.json.1',
  ]);
  assert.deepEqual(readdirSync(paths.renewal), ['a.json.77']);
});

test('of settings only what is younger than the renewal under way, and of that lineage', () => {
  const paths = emptyStore();
  const names = [
    `${NAME}.json`,
    `${NAME}.json.77`,
    `${NAME}.json.bak`,
    `x${NAME}.json.77`,
    `${NAME}.json.20261122`,
  ];
  write(paths.renewal, ...names);
  const [, , changedAt = 0] = systemDisk.stamp(`${paths.renewal}/${NAME}.json.20261122`) ?? [];
  sweepSettings(systemDisk, paths, NAME, changedAt + 1000);
  assert.deepEqual(readdirSync(paths.renewal).sort(), [...names].sort());
  sweepSettings(systemDisk, paths, NAME, 0);
  assert.deepEqual(readdirSync(paths.renewal).sort(), [
    `${NAME}.json`,
    `${NAME}.json.bak`,
    `x${NAME}.json.77`,
  ]);
});

test('an empty store has nothing to sweep', () => {
  const paths = emptyStore();
  sweepState(systemDisk, { ...paths, state: '/nonexistent' });
  sweepSettings(systemDisk, paths, NAME, 0);
});
