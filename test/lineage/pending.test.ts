import 'reflect-metadata';
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { archivePath, pendingPath } from '../../src/lineage/paths.ts';
import {
  createPending,
  fitsSettings,
  type PendingOrder,
  readPending,
  readPendingKey,
  removePending,
  writePendingOrder,
} from '../../src/lineage/pending.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { ecKey } from '../unit-kit/chains.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { failure } from '../unit-kit/expect.ts';
import { prefixesOf } from '../unit-kit/hostile.ts';
import { memoryReader } from '../unit-kit/reader.ts';
import { emptyStore, NAME } from '../unit-kit/store.ts';

const ORDER: PendingOrder = {
  version: 1,
  server: SETTINGS.server,
  names: SETTINGS.names,
  key: SETTINGS.key,
  createdAt: 1,
  target: '0002',
};
const placed: PendingOrder = { ...ORDER, orderUrl: 'https://ca.example/order/1' };

async function begun() {
  const paths = emptyStore();
  await createPending(systemDisk, paths, NAME, ecKey, ORDER);
  return paths;
}

test('what was begun is found: key, order, later its URL', async () => {
  const paths = await begun();
  assert.deepEqual(readPending(systemDisk, paths, NAME, '0001'), { kind: 'ordered', order: ORDER });
  assert.equal(readPendingKey(systemDisk, paths, NAME), ecKey);
  await writePendingOrder(systemDisk, paths, NAME, placed);
  assert.deepEqual(readPending(systemDisk, paths, NAME, undefined), { kind: 'ordered', order: placed });
});

test('modes at creation', async () => {
  const directory = pendingPath(await begun(), NAME);
  const modes = ['', '/privkey.pem', '/order.json'].map((file) => statSync(directory + file).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o600, 0o600]);
});

test('how far it had come: published, then swapped', async () => {
  const paths = await begun();
  mkdirSync(`${archivePath(paths, NAME)}/0002`);
  assert.equal(readPending(systemDisk, paths, NAME, '0001').kind, 'published');
  assert.equal(readPending(systemDisk, paths, NAME, undefined).kind, 'published');
  assert.equal(readPending(systemDisk, paths, NAME, '0002').kind, 'swapped');
});

test('what an earlier run began makes place', async () => {
  const paths = await begun();
  writeFileSync(`${pendingPath(paths, NAME)}/stray`, '');
  await createPending(systemDisk, paths, NAME, 'other\n', placed);
  assert.equal(readPendingKey(systemDisk, paths, NAME), 'other\n');
  assert.deepEqual(readdirSync(pendingPath(paths, NAME)).sort(), ['order.json', 'privkey.pem']);
});

test('removed, also when it is not there', async () => {
  const paths = await begun();
  removePending(systemDisk, paths, NAME);
  assert.ok(!existsSync(pendingPath(paths, NAME)));
  removePending(systemDisk, paths, NAME);
});

test('order.json goes first: without it the rest is junk', async () => {
  const calls: unknown[] = [];
  const disk = { ...systemDisk, removeDirectory: (...args: unknown[]) => void calls.push(args) };
  const paths = await begun();
  removePending(disk, paths, NAME);
  assert.deepEqual(calls, [[pendingPath(paths, NAME), 'order.json']]);
});

test('a key that is gone is told', () => {
  failure(() => readPendingKey(systemDisk, emptyStore(), NAME), 'lineage-damaged');
});

const paths = { ...emptyStore(), archive: '/archive' };
const readText = (text: string | undefined, key: string | undefined) => {
  const files = {
    ...(text === undefined ? {} : { '/archive/a.example/.pending/order.json': text }),
    ...(key === undefined ? {} : { '/archive/a.example/.pending/privkey.pem': key }),
  };
  return readPending(memoryReader({ files }), paths, NAME, undefined).kind;
};

test('junk: nothing, no key, no order, every torn order', () => {
  const text = JSON.stringify(placed);
  assert.equal(readText(text, ecKey), 'ordered');
  assert.deepEqual(
    [readText(undefined, undefined), readText(text, undefined), readText(undefined, ecKey)],
    ['junk', 'junk', 'junk'],
  );
  for (const torn of prefixesOf(text)) assert.equal(readText(torn, ecKey), 'junk');
});

for (const target of ['../0001', '', '.pending', '0000', '1']) {
  test(`junk: the target ${JSON.stringify(target)}`, () => {
    assert.equal(readText(JSON.stringify({ ...ORDER, target }), ecKey), 'junk');
  });
}

test('an order fits settings of the same CA, names and key', () => {
  assert.ok(fitsSettings(ORDER, SETTINGS));
  assert.ok(fitsSettings({ ...ORDER, names: [...ORDER.names].reverse() }, SETTINGS));
  assert.ok(!fitsSettings({ ...ORDER, server: 'https://other.example/' }, SETTINGS));
  assert.ok(!fitsSettings({ ...ORDER, names: ['a.example'] }, SETTINGS));
  assert.ok(!fitsSettings({ ...ORDER, key: { type: 'rsa', bits: 2048 } }, SETTINGS));
  const short = { ...ORDER, profile: 'shortlived' };
  assert.ok(!fitsSettings(short, SETTINGS));
  assert.ok(!fitsSettings(ORDER, { ...SETTINGS, requiredProfile: 'shortlived' }));
  assert.ok(fitsSettings(short, { ...SETTINGS, preferredProfile: 'shortlived' }));
});
