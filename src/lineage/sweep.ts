import { asEvercertError } from '../errors.ts';
import type { Disk } from '../system/disk.ts';
import type { StorePaths } from './paths.ts';

/** What write-file-atomic appends to the name of its temporary file. */
const TEMPORARY = /\.(?:json|pem)\.\d{1,10}$/;

/**
 * Removes the temporary files that a run left in state/ which died while it replaced a file there. Under the lock
 * nobody else is writing. Those in accounts/ stay: they cannot be told from an operator's copy of a key.
 */
export function sweepState(disk: Disk, paths: StorePaths): void {
  for (const directory of [paths.state, paths.challenges])
    sweep(disk, directory, (name) => TEMPORARY.test(name));
}

/**
 * The same for the settings of one lineage. Operators keep copies there (NAME.json.20261122), so only what is younger
 * than the renewal under way is known to be ours.
 *
 * @param since when that renewal began, milliseconds since 1970
 */
export function sweepSettings(disk: Disk, paths: StorePaths, lineage: string, since: number): void {
  const isOurs = (name: string) => {
    if (!name.startsWith(`${lineage}.json.`) || !TEMPORARY.test(name)) return false;
    const [, , changedAt = 0] = disk.stamp(`${paths.renewal}/${name}`) ?? [];
    return changedAt >= since;
  };
  sweep(disk, paths.renewal, isOurs);
}

function sweep(disk: Disk, directory: string, isOurs: (name: string) => boolean): void {
  for (const name of (disk.list(directory) ?? []).filter(isOurs)) {
    try {
      disk.removeFile(`${directory}/${name}`);
    } catch (error) {
      // Litter that stays is no reason to stop.
      asEvercertError(error);
    }
  }
}
