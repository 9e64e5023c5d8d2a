import { asEvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { forgetPresented, listPresented, readPresented } from '../lineage/presented.ts';
import { cleanedUp } from './journalled.ts';
import { type BuildSolver, createBuilder, type SolverEdges } from './solvers.ts';

/** Whatever the run that left it was told: what `--hook-timeout` is by default. */
const HOOK_TIMEOUT_MS = 600_000;

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
    const { lineage, settings, challenges } = readPresented(edges.disk, paths, id);
    const solver = await build(settings);
    if (await cleanedUp(edges, lineage, solver, challenges)) forgetPresented(edges.disk, paths, id);
  } catch (thrown) {
    edges.emit({ type: 'warning', code: 'cleanup-failed', detail: asEvercertError(thrown).message });
  }
}
