import { asEvercertError, EvercertError } from '../errors.ts';
import type { DiskReader, FileStamp } from '../system/disk.ts';
import { inspectVersion, sameStamps, stampsOf } from './inspect.ts';
import {
  archivePath,
  isLineageName,
  isVersion,
  livePath,
  pendingPath,
  type StorePaths,
  settingsPath,
  versionOfTarget,
  versionPath,
} from './paths.ts';
import { type Pending, readPending } from './pending.ts';
import { readSettings, type Settings } from './settings.ts';
import { type LiveFacts, readState, type State } from './state.ts';

/** What is behind live/NAME. */
export type Live =
  | { readonly kind: 'whole'; readonly facts: LiveFacts }
  | {
      readonly kind: 'damaged';
      readonly error: EvercertError;
      readonly version?: string;
      /** A swap could not put a link there: even force is of no use. */
      readonly blocked?: boolean;
    }
  | { readonly kind: 'absent' };

export interface Lineage {
  readonly kind: 'lineage';
  readonly name: string;
  readonly settings: Settings;
  readonly live: Live;
  /** The version for which the deploy hooks succeeded last. */
  readonly deployed: string | undefined;
  /** The operator moved live/NAME: not the version that state says. */
  readonly pinned: boolean;
  readonly pending: Pending | undefined;
  readonly stateUnreadable: boolean;
  /** What earlier runs remembered. */
  readonly state: State | undefined;
  /** The settings file as it was just before it was read; undefined for settings that are not written yet. */
  readonly settingsStamp: FileStamp | undefined;
}

/** What is to be remembered of a lineage when something comes to it; without state, what a scan derives counts. */
export function rememberedState({ state, deployed }: Lineage): State {
  return { version: 1, ...state, ...(deployed === undefined ? {} : { deployed }) };
}

/** A lineage of which not even the settings can be read. */
export interface BrokenLineage {
  readonly kind: 'broken';
  readonly name: string;
  readonly error: EvercertError;
}

/** What renewal/ holds, sorted: lineages, and settings files whose names cannot be those of a lineage. */
export interface Listing {
  readonly names: readonly string[];
  readonly misnamed: readonly string[];
}

/** Files that do not end in .json (an editor's backup) are nobody's. */
export function listLineages(disk: DiskReader, paths: StorePaths): Listing {
  const files = disk.list(paths.renewal) ?? noSettings(disk, paths);
  const all = files
    .filter((file) => file.endsWith('.json') && !file.startsWith('.'))
    .map((file) => file.slice(0, -'.json'.length))
    .sort();
  return { names: all.filter(isLineageName), misnamed: all.filter((name) => !isLineageName(name)) };
}

/** An empty store is a new one; certificates without any settings were torn from them. */
function noSettings(disk: DiskReader, paths: StorePaths): string[] {
  // Asked first, since another run may be making the store just now.
  const isThere = disk.exists(paths.renewal);
  const files = disk.list(paths.renewal);
  if (files !== undefined) return files;
  if (!isThere && (disk.list(paths.archive) ?? []).length === 0) return [];
  throw new EvercertError(
    'store-access',
    `${paths.renewal} is no directory, though there are certificates in ${paths.archive}`,
    'Restore it from a backup, or run certonly again for each certificate.',
  );
}

export function lineageNames(disk: DiskReader, paths: StorePaths): readonly string[] {
  return listLineages(disk, paths).names;
}

/** Undefined when there are no settings of that name. Never throws for what is wrong with one lineage. */
export function scanLineage(
  disk: DiskReader,
  paths: StorePaths,
  name: string,
): Lineage | BrokenLineage | undefined {
  try {
    const stamp = disk.stamp(settingsPath(paths, name));
    const settings = readSettings(disk, paths, name);
    return settings && readLineage(disk, paths, name, settings, stamp);
  } catch (error) {
    return { kind: 'broken', name, error: asEvercertError(error) };
  }
}

/** The lineage as it would be with other settings: certonly's, which are not written yet. */
export function readLineage(
  disk: DiskReader,
  paths: StorePaths,
  name: string,
  settings: Settings,
  settingsStamp?: FileStamp,
): Lineage {
  const read = readState(disk, paths, name);
  const state = read === 'unreadable' ? undefined : read;
  const live = readLive(disk, paths, name, state);
  const version = versionOf(live);
  const pending = disk.exists(pendingPath(paths, name)) ? readPending(disk, paths, name, version) : undefined;
  return {
    kind: 'lineage',
    name,
    settings,
    live,
    deployed: state === undefined && pending === undefined ? version : state?.deployed,
    pinned:
      pending?.kind !== 'swapped' &&
      state?.live !== undefined &&
      version !== undefined &&
      version !== state.live.version,
    pending,
    stateUnreadable: read === 'unreadable',
    state,
    settingsStamp,
  };
}

export function versionOf(live: Live): string | undefined {
  return live.kind === 'whole' ? live.facts.version : live.kind === 'damaged' ? live.version : undefined;
}

function readLive(disk: DiskReader, paths: StorePaths, name: string, state: State | undefined): Live {
  const path = livePath(paths, name);
  const target = disk.linkTarget(path);
  if (target === undefined) return absentLive(disk, paths, name);
  const version = target === 'not-a-link' ? undefined : versionOfTarget(name, target);
  if (version === undefined) {
    const blocked = target === 'not-a-link';
    const what = blocked ? 'is not a symbolic link' : `leads to ${target}, not to a version of this lineage`;
    const hint = `Move it away and link a version: ln -s ../archive/${name}/NNNN ${path}`;
    return { ...damagedLive(`${path} ${what}`, hint), blocked };
  }
  return readVersion(disk, paths, name, version, state);
}

/** No link: a lineage that never was live, unless whole versions wait for one. */
function absentLive(disk: DiskReader, paths: StorePaths, name: string): Live {
  const versions = listVersions(disk, paths, name);
  if (versions.length === 0 || disk.exists(pendingPath(paths, name))) return { kind: 'absent' };
  return damagedLive(
    `${livePath(paths, name)} is missing`,
    `Link a version: ln -s ../archive/${name}/${versions.at(-1)} ${livePath(paths, name)}`,
  );
}

function readVersion(
  disk: DiskReader,
  paths: StorePaths,
  name: string,
  version: string,
  state: State | undefined,
): Live {
  const known = state?.live?.version === version ? state.live : undefined;
  // State of a release that did not know of renewalId yet is made anew.
  if (known?.renewalId !== undefined) {
    const stamps = stampsOf(disk, versionPath(paths, name, version));
    if (typeof stamps !== 'string' && sameStamps(stamps, known.stamps))
      return { kind: 'whole', facts: known };
  }
  try {
    return { kind: 'whole', facts: inspectVersion(disk, paths, name, version) };
  } catch (error) {
    return { kind: 'damaged', error: asEvercertError(error), version };
  }
}

function damagedLive(message: string, hint: string): Live & { kind: 'damaged' } {
  return { kind: 'damaged', error: new EvercertError('lineage-damaged', message, hint) };
}

/** The numbers of all versions in the archive, in order. */
export function listVersions(disk: DiskReader, paths: StorePaths, name: string): string[] {
  const entries = disk.list(archivePath(paths, name)) ?? [];
  return entries.filter(isVersion).sort((left, right) => Number(left) - Number(right));
}
