import type { Disk } from '../system/disk.ts';
import type { StorePaths } from './paths.ts';

/** What write-file-atomic appends to the name of its temporary file. */
const TEMPORARY = /\.(?:json|pem)\.\d{1,10}$/;

/**
 * Removes the temporary files that a run left which died while it replaced a file of accounts/ or state/. Under the
 * lock nobody else is writing.
 */
export function sweepStore(disk: Disk, paths: StorePaths): void {
  const accounts = (disk.list(paths.accounts) ?? []).map((name) => `${paths.accounts}/${name}`);
  for (const directory of [...accounts, paths.state]) sweep(disk, directory, (name) => TEMPORARY.test(name));
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
  for (const name of (disk.list(directory) ?? []).filter(isOurs)) disk.removeFile(`${directory}/${name}`);
}
