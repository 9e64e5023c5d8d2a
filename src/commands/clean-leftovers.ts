import { EvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import {
  forgetPresented,
  listPresented,
  type Presented,
  presentedPath,
  readPresented,
  recordPresented,
} from '../lineage/presented.ts';
import { cleanedUp } from './journalled.ts';
import { createBuilder, type SolverEdges } from './solvers.ts';

/** Whatever the run that left it was told: what `--hook-timeout` is by default. */
const HOOK_TIMEOUT_MS = 600_000;
/** A zone that is gone stays gone: nobody is told of it every hour, nor for ever. */
const RETRY_MS = 24 * 3600_000;
const GIVE_UP_MS = 7 * RETRY_MS;

/** Takes away the answers to challenges that a killed run left, or whose clean-up failed. Under the lock. */
export async function cleanLeftovers(edges: SolverEdges, paths: StorePaths): Promise<void> {
  const build = createBuilder(edges, paths, [], HOOK_TIMEOUT_MS);
  const cleanLeftover = (id: string) =>
    cleanedUp(edges, undefined, presentedPath(paths, id), async () => {
      const presented = readPresented(edges.disk, paths, id);
      if (!isDue(presented, edges.clock.now())) return;
      try {
        await (await build(presented.settings)).cleanUp(presented.challenges);
      } catch (thrown) {
        if (await postponed(edges, paths, id, presented)) throw thrown;
        giveUp(edges, presented, thrown);
      }
      forgetPresented(edges.disk, paths, id);
    });
  await Promise.all(listPresented(edges.disk, paths).map(cleanLeftover));
}

/** A clock that was put back is no reason to wait. */
function isDue({ failing }: Presented, now: number): boolean {
  return failing === undefined || now - failing.last >= RETRY_MS || now < failing.last;
}

/** @returns false when it was tried for long enough */
async function postponed(
  { disk, clock, signal }: SolverEdges,
  paths: StorePaths,
  id: string,
  presented: Presented,
): Promise<boolean> {
  if (signal.aborted) return true;
  const last = clock.now();
  const since = presented.failing?.since ?? last;
  if (last - since >= GIVE_UP_MS) return false;
  await recordPresented(disk, paths, id, { ...presented, failing: { since, last } });
  return true;
}

/** @throws what is a mistake of ours */
function giveUp({ emit }: SolverEdges, { lineage }: Presented, thrown: unknown): void {
  if (!(thrown instanceof EvercertError)) throw thrown;
  emit({ type: 'warning', lineage, code: 'cleanup-given-up', detail: thrown.message });
}
