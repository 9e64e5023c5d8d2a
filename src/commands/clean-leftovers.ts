import type { StorePaths } from '../lineage/paths.ts';
import { forgetPresented, listPresented, presentedPath, readPresented } from '../lineage/presented.ts';
import { cleanedUp } from './journalled.ts';
import { createBuilder, type SolverEdges } from './solvers.ts';

/** Whatever the run that left it was told: what `--hook-timeout` is by default. */
const HOOK_TIMEOUT_MS = 600_000;

/** Takes away the answers to challenges that a killed run left, or whose clean-up failed. Under the lock. */
export async function cleanLeftovers(edges: SolverEdges, paths: StorePaths): Promise<void> {
  const build = createBuilder(edges, paths, [], HOOK_TIMEOUT_MS);
  const cleanLeftover = (id: string) =>
    cleanedUp(edges, undefined, presentedPath(paths, id), async () => {
      const { settings, challenges } = readPresented(edges.disk, paths, id);
      await (await build(settings)).cleanUp(challenges);
      forgetPresented(edges.disk, paths, id);
    });
  await Promise.all(listPresented(edges.disk, paths).map(cleanLeftover));
}
