import 'reflect-metadata';
import assert from 'node:assert/strict';
import { appendFileSync, chmodSync, mkdirSync, rmSync, unlinkSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { glance } from '../../src/lineage/glance.ts';
import {
  livePath,
  pendingPath,
  type StorePaths,
  settingsPath,
  statePath,
  versionPath,
} from '../../src/lineage/paths.ts';
import { scanLineage } from '../../src/lineage/scan.ts';
import { saveSettings } from '../../src/lineage/settings.ts';
import { readState, type State, writeState } from '../../src/lineage/state.ts';
import { goLive } from '../../src/lineage/version.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { issueChain } from '../unit-kit/chains.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { NAME, storeWith } from '../unit-kit/store.ts';

const issued = await issueChain(SETTINGS.names);

/** 0001 and 0002, of which 0002 is live, deployed, and remembered with the settings that it meets. */
async function remembered(): Promise<StorePaths> {
  const paths = await storeWith(issued, '0001', '0002');
  await saveSettings(systemDisk, paths, NAME, SETTINGS);
  const found = scanLineage(systemDisk, paths, NAME);
  assert.ok(found?.kind === 'lineage' && found.live.kind === 'whole' && found.settingsStamp !== undefined);
  const [ino, size, time] = found.settingsStamp;
  await writeState(systemDisk, paths, NAME, {
    version: 1,
    live: found.live.facts,
    deployed: '0002',
    settings: [ino, size, time],
  });
  return paths;
}

const look = (paths: StorePaths) => glance(systemDisk, paths, NAME);

test('untouched: the live version, without reading more than the state', async () => {
  const paths = await remembered();
  const disk = {
    ...systemDisk,
    readText: (path: string) =>
      path === statePath(paths, NAME) ? systemDisk.readText(path) : assert.fail(path),
  };
  assert.deepEqual(
    [glance(disk, paths, NAME)?.live.version, glance(disk, paths, NAME)?.live.names],
    ['0002', SETTINGS.names],
  );
});

const edit = (file: (paths: StorePaths) => string) => (paths: StorePaths) => appendFileSync(file(paths), ' ');
const inVersion = (file: string) => (paths: StorePaths) => `${versionPath(paths, NAME, '0002')}/${file}`;

const CHANGES: Record<string, (paths: StorePaths) => void> = {
  'settings were edited': edit((paths) => settingsPath(paths, NAME)),
  'settings are gone': (paths) => rmSync(settingsPath(paths, NAME)),
  'state is gone': (paths) => rmSync(statePath(paths, NAME)),
  'state is torn': (paths) => writeFileSync(statePath(paths, NAME), '{'),
  'a renewal is under way': (paths) => mkdirSync(pendingPath(paths, NAME)),
  'live was moved': (paths) => goLive(systemDisk, paths, NAME, '0001'),
  'live is gone': (paths) => unlinkSync(livePath(paths, NAME)),
  'the key was edited': edit(inVersion('privkey.pem')),
  'the leaf was edited': edit(inVersion('cert.pem')),
  'the chain was edited': edit(inVersion('chain.pem')),
  'the full chain was touched': (paths) => chmodSync(inVersion('fullchain.pem')(paths), 0o600),
  'the combined file is gone': (paths) => rmSync(inVersion('combined.pem')(paths)),
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`a full scan is needed when ${name}`, async () => {
    const paths = await remembered();
    change(paths);
    assert.equal(look(paths), undefined);
  });
}

const FORGOTTEN: Record<string, (state: State) => State> = {
  'it was not deployed': ({ deployed: _, ...state }) => state,
  'another version was deployed': (state) => ({ ...state, deployed: '0001' }),
  'the settings were not remembered': ({ settings: _, ...state }) => state,
  'nothing was live': ({ live: _, ...state }) => state,
  'no stamps were kept': (state) => ({ ...state, live: state.live && { ...state.live, stamps: [] } }),
};

for (const [name, forget] of Object.entries(FORGOTTEN)) {
  test(`a full scan is needed when ${name}`, async () => {
    const paths = await remembered();
    const state = readState(systemDisk, paths, NAME);
    assert.ok(typeof state === 'object');
    await writeState(systemDisk, paths, NAME, forget(state));
    assert.equal(look(paths), undefined);
  });
}
