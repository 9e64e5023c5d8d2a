import { asEvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import {
  forgetPresented,
  listPresented,
  type Presented,
  readPresented,
  recordPresented,
} from '../lineage/presented.ts';
import { type BuildSolver, createBuilder, type SolverEdges } from './solvers.ts';

/** Whatever the run that left it was told: what `--hook-timeout` is by default. */
const HOOK_TIMEOUT_MS = 600_000;
/** A zone that is gone stays gone: who cannot clean up is not told of it every hour, nor for ever. */
const RETRY_MS = 24 * 3600_000;
const GIVE_UP_MS = 7 * RETRY_MS;

/** Takes away the answers to challenges that a killed run left, or whose clean-up failed. Under the lock. */
export async function cleanLeftovers(edges: SolverEdges, paths: StorePaths): Promise<void> {
  const build = createBuilder(edges, paths, [], HOOK_TIMEOUT_MS);
  await Promise.all(listPresented(edges.disk, paths).map((id) => cleanLeftover(edges, paths, id, build)));
}

async function cleanLeftover(
  edges: SolverEdges,
  paths: StorePaths,
  id: string,
  build: BuildSolver,
): Promise<void> {
  try {
    const presented = readPresented(edges.disk, paths, id);
    if (isDue(presented, edges.clock.now())) await tryOnce(edges, paths, id, presented, build);
  } catch (thrown) {
    edges.emit({ type: 'warning', code: 'cleanup-failed', detail: asEvercertError(thrown).message });
  }
}

/** A clock that was put back is no reason to wait. */
function isDue({ failing }: Presented, now: number): boolean {
  return failing === undefined || now - failing.last >= RETRY_MS || now < failing.last;
}

async function tryOnce(
  edges: SolverEdges,
  paths: StorePaths,
  id: string,
  presented: Presented,
  build: BuildSolver,
): Promise<void> {
  try {
    await (await build(presented.settings)).cleanUp(presented.challenges);
    forgetPresented(edges.disk, paths, id);
  } catch (thrown) {
    edges.signal.throwIfAborted();
    const { message: detail } = asEvercertError(thrown);
    const { lineage, failing } = presented;
    const last = edges.clock.now();
    const since = failing?.since ?? last;
    const isOver = last - since >= GIVE_UP_MS;
    if (isOver) forgetPresented(edges.disk, paths, id);
    else await recordPresented(edges.disk, paths, id, { ...presented, failing: { since, last } });
    edges.emit({ type: 'warning', lineage, code: isOver ? 'cleanup-given-up' : 'cleanup-failed', detail });
  }
}
