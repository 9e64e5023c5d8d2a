import type { DiskReader } from '../system/disk.ts';
import { sameStamp, sameStamps, stampsOf } from './inspect.ts';
import { livePath, liveTarget, pendingPath, type StorePaths, settingsPath, versionPath } from './paths.ts';
import { type LiveFacts, readState } from './state.ts';

/**
 * The cheap look at a lineage of which nothing was touched since the last full scan: its live version, or undefined
 * when anything at all differs and the full scan must tell what.
 *
 * What the full scan would find is known then: the settings ask for what is live, its files belong together, it is
 * deployed, nothing is under way, and the operator moved nothing. One read and eight looks at directory entries.
 */
export function glance(disk: DiskReader, paths: StorePaths, name: string): LiveFacts | undefined {
  const state = readState(disk, paths, name);
  if (state === undefined || state === 'unreadable' || state.live === undefined) return undefined;
  const { live, deployed, settings } = state;
  if (deployed !== live.version || settings === undefined) return undefined;
  const stamp = disk.stamp(settingsPath(paths, name));
  if (stamp === undefined || !sameStamp(stamp, settings)) return undefined;
  if (disk.linkTarget(livePath(paths, name)) !== liveTarget(name, live.version)) return undefined;
  if (disk.exists(pendingPath(paths, name))) return undefined;
  const stamps = stampsOf(disk, versionPath(paths, name, live.version));
  return typeof stamps !== 'string' && sameStamps(stamps, live.stamps) ? live : undefined;
}
