import { EvercertError } from '../errors.ts';
import type { Disk, DiskReader } from '../system/disk.ts';
import type { StorePaths } from './paths.ts';

const DIRECTORIES = [
  ['accounts', 0o700],
  ['renewal', 0o755],
  ['state', 0o755],
  ['archive', 0o755],
  ['live', 0o755],
  ['hooks', 0o755],
  ['hooks/pre', 0o755],
  ['hooks/deploy', 0o755],
  ['hooks/reload', 0o755],
  ['hooks/post', 0o755],
] as const;

const WORLD_WRITABLE = 0o002;

/** Makes what is missing of a store. */
export function createStore(disk: Disk, paths: StorePaths): void {
  disk.makeDirectory(paths.root, 0o755);
  for (const [name, mode] of DIRECTORIES) {
    if (!disk.exists(`${paths.root}/${name}`)) disk.makeDirectory(`${paths.root}/${name}`, mode);
  }
}

/**
 * Refuses a store in which another user could exchange what we read and write.
 *
 * @param uid of this process
 * @returns false when there is no such directory
 * @throws EvercertError store-owner
 */
export function checkStore(disk: DiskReader, paths: StorePaths, uid: number): boolean {
  const directory = disk.directory(paths.root);
  if (directory === undefined) return false;
  if (directory.uid !== uid) {
    throw new EvercertError(
      'store-owner',
      `${paths.root} belongs to user ${directory.uid}, but this process runs as ${uid}`,
      `Run evercert as the user that owns it, or give it to this one: chown -R ${uid} ${paths.root}`,
    );
  }
  if ((directory.mode & WORLD_WRITABLE) !== 0) {
    throw new EvercertError(
      'store-owner',
      `every user can write to ${paths.root}`,
      `Take that right away: chmod o-w ${paths.root}`,
    );
  }
  return true;
}
