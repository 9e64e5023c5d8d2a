import type { DiskReader, FileStamp } from '../system/disk.ts';
import { sameStamp } from './inspect.ts';
import {
  livePath,
  PEM_FILES,
  PRIVATE_KEY,
  pendingPath,
  type StorePaths,
  settingsPath,
  versionPath,
} from './paths.ts';
import { type LiveFacts, readState, type State } from './state.ts';

/** State of a lineage whose live version is known. */
export type KnownState = State & { readonly live: LiveFacts };

/**
 * The cheap look at a lineage of which nothing was touched since the last full scan: what is remembered of it, or
 * undefined when anything at all differs and the full scan must tell what.
 *
 * What the full scan would find is known then: the settings ask for what is live, its files belong together, it is
 * deployed, nothing is under way, and the operator moved nothing. One read and seven looks at directory entries.
 */
export function glance(disk: DiskReader, paths: StorePaths, name: string): KnownState | undefined {
  try {
    return look(disk, paths, name);
  } catch {
    return undefined;
  }
}

function look(disk: DiskReader, paths: StorePaths, name: string): KnownState | undefined {
  const state = readState(disk, paths, name);
  if (state === undefined || state === 'unreadable' || state.live === undefined) return undefined;
  const { live, deployed, settings } = state;
  if (deployed !== live.version || settings === undefined) return undefined;
  const stamp = disk.stamp(settingsPath(paths, name));
  if (stamp === undefined || !sameStamp(stamp, settings)) return undefined;
  if (disk.exists(pendingPath(paths, name))) return undefined;
  return PEM_FILES.every((file, i) =>
    isStill(disk, directoryOf(paths, name, live, file), file, live.stamps[i]),
  )
    ? { ...state, live }
    : undefined;
}

/** The key is looked at through the link: its inode tells where live/NAME leads, and saves the reading of it. */
function directoryOf(paths: StorePaths, name: string, { version }: LiveFacts, file: string): string {
  return file === PRIVATE_KEY ? livePath(paths, name) : versionPath(paths, name, version);
}

function isStill(disk: DiskReader, directory: string, file: string, known: FileStamp | undefined): boolean {
  const stamp = disk.stamp(`${directory}/${file}`);
  return stamp !== undefined && sameStamp(stamp, known);
}
