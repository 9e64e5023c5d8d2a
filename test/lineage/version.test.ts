import 'reflect-metadata';
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, readFileSync, readlinkSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import fc from 'fast-check';
import { archivePath, livePath, versionPath } from '../../src/lineage/paths.ts';
import { doomedVersions, goLive, pruneVersions, publishVersion } from '../../src/lineage/version.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { emptyStore, NAME } from '../unit-kit/store.ts';

const content = { keyPem: 'key\n', certPem: 'cert\n', chainPem: 'chain\n', meta: { version: 1 } };

test('the files of a version, byte for byte, with their modes', async () => {
  const paths = emptyStore();
  await publishVersion(systemDisk, paths, NAME, '0001', content, { mode: 0o640, gid: process.getgid?.() });
  const directory = versionPath(paths, NAME, '0001');
  const found = readdirSync(directory).map((file) => [
    file,
    readFileSync(`${directory}/${file}`, 'utf8'),
    (statSync(`${directory}/${file}`).mode & 0o7777).toString(8),
  ]);
  assert.deepEqual(found.sort(), [
    ['cert.pem', 'cert\n', '644'],
    ['chain.pem', 'chain\n', '644'],
    ['combined.pem', 'key\ncert\nchain\n', '640'],
    ['fullchain.pem', 'cert\nchain\n', '644'],
    ['meta.json', '{\n  "version": 1\n}\n', '644'],
    ['privkey.pem', 'key\n', '640'],
  ]);
  assert.equal(statSync(directory).mode & 0o7777, 0o755);
});

test('live is a relative link, swapped from one version to another', () => {
  const paths = emptyStore();
  for (const version of ['0001', '0002', '0001']) {
    goLive(systemDisk, paths, NAME, version);
    assert.equal(readlinkSync(livePath(paths, NAME)), `../archive/${NAME}/${version}`);
  }
  assert.deepEqual(readdirSync(paths.live), [NAME]);
});

test('pruning removes old versions and leftovers, nothing else', () => {
  const paths = emptyStore();
  for (const entry of ['0001', '0002', '0003', '0004', '0005', '.0006.tmp', '.pending', 'notes']) {
    mkdirSync(`${archivePath(paths, NAME)}/${entry}`);
    writeFileSync(`${archivePath(paths, NAME)}/${entry}/file`, '');
  }
  pruneVersions(systemDisk, paths, NAME, '0004', 1);
  assert.deepEqual(readdirSync(archivePath(paths, NAME)).sort(), [
    '.pending',
    '0003',
    '0004',
    '0005',
    'notes',
  ]);
  pruneVersions(systemDisk, paths, NAME, '0004', 1);
});

const seven = ['0001', '0002', '0003', '0004', '0005', '0006', '0007'];
const DOOMED: readonly (readonly [string, number, string[]])[] = [
  ['0007', 5, ['0001']],
  ['0007', 1, ['0001', '0002', '0003', '0004', '0005']],
  ['0007', 0, ['0001', '0002', '0003', '0004', '0005']],
  ['0003', 1, ['0001']],
  ['0001', 1, []],
  ['0007', 1000, []],
];

for (const [live, keep, doomed] of DOOMED) {
  test(`with ${live} live and ${keep} kept, ${doomed.length} go`, () => {
    assert.deepEqual(doomedVersions(seven, live, keep), doomed);
  });
}

test('five are kept unless told', () => {
  const paths = emptyStore();
  for (const version of seven) mkdirSync(`${archivePath(paths, NAME)}/${version}`);
  pruneVersions(systemDisk, paths, NAME, '0007');
  assert.deepEqual(readdirSync(archivePath(paths, NAME)), seven.slice(1));
});

test('property: never the live one, never the one before it, never a newer one', () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 12_000 }), { minLength: 1, maxLength: 30 });
  fc.assert(
    fc.property(numbers, fc.nat(29), fc.nat(10), (list, pick, keep) => {
      const sorted = [...list]
        .sort((left, right) => left - right)
        .map((number) => String(number).padStart(4, '0'));
      const live = sorted[pick % sorted.length] ?? '';
      const at = sorted.indexOf(live);
      const doomed = doomedVersions(sorted, live, keep);
      assert.deepEqual(doomed, sorted.slice(0, doomed.length));
      assert.equal(doomed.length, Math.max(0, at - Math.max(1, keep)));
    }),
  );
});
