import { EvercertError } from '../errors.ts';
import { type StorePaths, storePaths } from '../lineage/paths.ts';
import { checkStore, createStore } from '../lineage/store.ts';
import { sweepState } from '../lineage/sweep.ts';
import type { Edges, StoreOptions } from './edges.ts';
import type { SolverEdges } from './solvers.ts';

type LockEdges = Pick<Edges, 'disk' | 'uid' | 'takeLock' | 'holder' | 'emit' | 'signal'>;

/** The store for writing: made if need be, checked, locked. */
export async function openStore(options: StoreOptions, edges: LockEdges): Promise<StorePaths> {
  const paths = storePaths(options.configDir);
  if (!checkStore(edges.disk, paths, edges.uid)) createStore(edges.disk, paths);
  await lockStore(paths, options, edges);
  createStore(edges.disk, paths);
  sweepState(edges.disk, paths);
  return paths;
}

/** The store of a `renew`: undefined when nothing was ever put into the default one. */
export async function openExistingStore(
  options: StoreOptions,
  edges: LockEdges,
): Promise<StorePaths | undefined> {
  const paths = findStore(options, edges);
  if (paths === undefined) return undefined;
  checkStore(edges.disk, paths, edges.uid);
  await lockStore(paths, options, edges);
  createStore(edges.disk, paths);
  return paths;
}

/** Loads what takes away the answers to challenges that a run left only where there are any. */
export async function withoutLeftovers(edges: SolverEdges, paths: StorePaths): Promise<void> {
  if ((edges.disk.list(paths.challenges) ?? []).length === 0) return;
  await (await import('./clean-leftovers.ts')).cleanLeftovers(edges, paths);
}

/** The store for reading alone: needs no lock, since a reader never sees half a change. */
export function findStore(options: StoreOptions, { disk }: Pick<Edges, 'disk'>): StorePaths | undefined {
  const paths = storePaths(options.configDir);
  if (disk.directory(paths.root) !== undefined) return paths;
  if (!options.configDirGiven) return undefined;
  throw new EvercertError(
    'store-missing',
    `${paths.root} does not exist`,
    'Check --config-dir; certonly makes the directory when it stores the first certificate.',
  );
}

async function lockStore(
  paths: StorePaths,
  options: StoreOptions,
  { takeLock, holder, emit, signal }: LockEdges,
): Promise<void> {
  await takeLock(
    paths.lock,
    options.lockWaitMs,
    holder,
    (other) => emit({ type: 'waiting-for-lock', holder: other }),
    signal,
  );
}
