import { mkdirSync } from 'node:fs';
import { type StorePaths, storePaths } from '../../src/lineage/paths.ts';
import { createStore } from '../../src/lineage/store.ts';
import { goLive, publishVersion } from '../../src/lineage/version.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { type Issued, issuerPem } from './chains.ts';

export const NAME = 'a.example';

export function emptyStore(): StorePaths {
  const paths = storePaths(`${scratchDirectory('unit').directory}/store`);
  createStore(systemDisk, paths);
  mkdirSync(`${paths.archive}/${NAME}`);
  return paths;
}

export function publish(paths: StorePaths, version: string, { keyPem, leafPem }: Issued): Promise<void> {
  const content = { keyPem, certPem: leafPem, chainPem: issuerPem, meta: { version: 1 } };
  return publishVersion(systemDisk, paths, NAME, version, content, { mode: 0o600, gid: undefined });
}

/** A store in which these versions exist and the last one is live. */
export async function storeWith(issued: Issued, ...versions: string[]): Promise<StorePaths> {
  const paths = emptyStore();
  for (const version of versions) await publish(paths, version, issued);
  goLive(systemDisk, paths, NAME, versions.at(-1) ?? '');
  return paths;
}
