import 'reflect-metadata';
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { livePath, type StorePaths, settingsPath, statePath, versionPath } from '../../src/lineage/paths.ts';
import { createPending } from '../../src/lineage/pending.ts';
import {
  lineageNames,
  listLineages,
  listVersions,
  readLineage,
  scanLineage,
  versionOf,
} from '../../src/lineage/scan.ts';
import { saveSettings } from '../../src/lineage/settings.ts';
import { writeState } from '../../src/lineage/state.ts';
import { goLive } from '../../src/lineage/version.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { ecKey, issueChain } from '../unit-kit/chains.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { failure } from '../unit-kit/expect.ts';
import { emptyStore, NAME, storeWith } from '../unit-kit/store.ts';

const issued = await issueChain(SETTINGS.names);
const scan = (paths: StorePaths) => readLineage(systemDisk, paths, NAME, SETTINGS);

/** 0001 and 0002, of which 0002 is live, deployed and recorded. */
async function recorded(): Promise<StorePaths> {
  const paths = await storeWith(issued, '0001', '0002');
  const { live } = scan(paths);
  assert.ok(live.kind === 'whole');
  await writeState(systemDisk, paths, NAME, { version: 1, live: live.facts, deployed: '0002' });
  return paths;
}

test('a live that is no link is blocked, one that leads elsewhere is not', async () => {
  for (const [spoil, blocked] of [
    [mkdirSync, true],
    [(path: string) => symlinkSync('/etc', path), false],
  ] as const) {
    const paths = await recorded();
    unlinkSync(livePath(paths, NAME));
    spoil(livePath(paths, NAME));
    const { live } = scan(paths);
    assert.equal(live.kind === 'damaged' && live.blocked, blocked);
  }
});

async function damageOf(spoil: (paths: StorePaths) => void): Promise<string> {
  const paths = await recorded();
  spoil(paths);
  const { live } = scan(paths);
  assert.ok(live.kind === 'damaged');
  assert.equal(live.error.code, 'lineage-damaged');
  return live.error.message;
}

const relink = (paths: StorePaths, target: string) => {
  unlinkSync(livePath(paths, NAME));
  symlinkSync(target, livePath(paths, NAME));
};

/** A disk on which nobody may read a PEM file. */
const unread: typeof systemDisk = {
  ...systemDisk,
  readText: (path) => (path.endsWith('.pem') ? assert.fail(`${path} was read`) : systemDisk.readText(path)),
};

test('a lineage that is recorded needs no look into its files', async () => {
  const { live, deployed, pinned, pending, stateUnreadable } = readLineage(
    unread,
    await recorded(),
    NAME,
    SETTINGS,
  );
  assert.deepEqual(
    [versionOf(live), deployed, pinned, pending, stateUnreadable],
    ['0002', '0002', false, undefined, false],
  );
});

test('without state it is read anew and counts as deployed', async () => {
  const paths = await storeWith(issued, '0001');
  assert.deepEqual([versionOf(scan(paths).live), scan(paths).deployed], ['0001', '0001']);
  assert.throws(() => readLineage(unread, paths, NAME, SETTINGS), /was read/);
});

test('unreadable state is as none, and told', async () => {
  const paths = await recorded();
  writeFileSync(statePath(paths, NAME), '{"version":1,');
  const { live, deployed, pinned, stateUnreadable } = scan(paths);
  assert.deepEqual([live.kind, deployed, pinned, stateUnreadable], ['whole', '0002', false, true]);
});

test('without state, but with a renewal under way, nothing counts as deployed', async () => {
  const paths = await storeWith(issued, '0001');
  const { server, names, key } = SETTINGS;
  await createPending(systemDisk, paths, NAME, ecKey, {
    version: 1,
    server,
    names,
    key,
    createdAt: 1,
    target: '0001',
  });
  assert.deepEqual([scan(paths).deployed, scan(paths).pending?.kind], [undefined, 'swapped']);
});

test('a touched file is checked again, and whole when its bytes are', async () => {
  const paths = await recorded();
  const file = `${versionPath(paths, NAME, '0002')}/cert.pem`;
  writeFileSync(file, issued.leafPem);
  assert.equal(scan(paths).live.kind, 'whole');
  assert.throws(() => readLineage(unread, paths, NAME, SETTINGS), /was read/);
});

test('damaged: an edited file is noticed behind the record', async () => {
  const message = await damageOf((paths) =>
    appendFileSync(`${versionPath(paths, NAME, '0002')}/cert.pem`, '\n'),
  );
  assert.match(message, /fullchain\.pem is not/);
});

test('damaged: a missing file is noticed behind the record', async () => {
  assert.match(
    await damageOf((paths) => rmSync(`${versionPath(paths, NAME, '0002')}/chain.pem`)),
    /chain\.pem is missing/,
  );
});

test('damaged: a link to nothing, to elsewhere, no link, none at all', async () => {
  assert.match(await damageOf((paths) => relink(paths, `../archive/${NAME}/0099`)), /is missing/);
  assert.match(await damageOf((paths) => relink(paths, '/etc')), /leads to \/etc/);
  assert.match(await damageOf((paths) => relink(paths, `../archive/${NAME}/.pending`)), /not to a version/);
  assert.match(
    await damageOf((paths) => {
      unlinkSync(livePath(paths, NAME));
      mkdirSync(livePath(paths, NAME));
    }),
    /is not a symbolic link/,
  );
  assert.match(await damageOf((paths) => unlinkSync(livePath(paths, NAME))), /live\/a\.example is missing/);
});

test('pinned: live was moved, whatever a dead run left', async () => {
  const paths = await recorded();
  goLive(systemDisk, paths, NAME, '0001');
  assert.deepEqual([scan(paths).pinned, versionOf(scan(paths).live)], [true, '0001']);
  mkdirSync(`${paths.archive}/${NAME}/.pending`);
  assert.equal(scan(paths).pinned, true);
});

test('absent: no version yet, or the first one under way', () => {
  const paths = emptyStore();
  assert.deepEqual([scan(paths).live.kind, scan(paths).deployed], ['absent', undefined]);
  mkdirSync(`${paths.archive}/${NAME}/0001`);
  mkdirSync(`${paths.archive}/${NAME}/.pending`);
  assert.equal(scan(paths).live.kind, 'absent');
});

test('the names of lineages are those of settings, sorted, without backups', async () => {
  const paths = emptyStore();
  assert.deepEqual(lineageNames(systemDisk, { ...paths, renewal: '/gone', archive: '/gone' }), []);
  failure(() => lineageNames(systemDisk, { ...paths, renewal: '/gone' }), 'store-access');
  for (const file of [
    'b.example.json',
    'a.example.json',
    'a.example.json~',
    'a.example.json.20261122',
    '.a.json.swp',
    '.a.json',
    'A.json',
    '..json',
    'x.txt',
    'a b.json',
  ])
    writeFileSync(`${paths.renewal}/${file}`, '');
  assert.deepEqual(lineageNames(systemDisk, paths), ['a.example', 'b.example']);
  assert.deepEqual(listLineages(systemDisk, paths).misnamed, ['A', 'a b']);
});

test('settings that cannot be read make a broken lineage, of whatever kind', async () => {
  const paths = await recorded();
  assert.equal(scanLineage(systemDisk, paths, NAME), undefined);
  await saveSettings(systemDisk, paths, NAME, SETTINGS);
  const found = scanLineage(systemDisk, paths, NAME);
  assert.deepEqual(
    found?.kind === 'lineage' && found.settingsStamp,
    systemDisk.stamp(settingsPath(paths, NAME)),
  );
  writeFileSync(settingsPath(paths, NAME), '{');
  const broken = scanLineage(systemDisk, paths, NAME);
  assert.deepEqual(broken?.kind === 'broken' && [broken.name, broken.error.code], [NAME, 'bad-settings']);
  rmSync(settingsPath(paths, NAME));
  mkdirSync(settingsPath(paths, NAME));
  assert.equal(scanLineage(systemDisk, paths, NAME)?.kind, 'broken');
});

test('versions are counted by number, and nothing else is one', () => {
  const paths = emptyStore();
  for (const entry of [
    '10000',
    '9999',
    '0002',
    '0000',
    '00001',
    '.0003.tmp',
    '.pending',
    '12',
    'x',
    '0004.bak',
  ])
    mkdirSync(`${paths.archive}/${NAME}/${entry}`);
  assert.deepEqual(listVersions(systemDisk, paths, NAME), ['0002', '9999', '10000']);
  assert.deepEqual(listVersions(systemDisk, paths, 'other'), []);
});
