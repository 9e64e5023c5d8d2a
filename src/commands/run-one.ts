import { exitStatusOf } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Edges } from './edges.ts';
import type { Planned } from './plan-all.ts';
import { type RunOptions, runAll } from './run-all.ts';

/**
 * Carries out a plan while a person waits.
 *
 * @returns the exit status: that of the error, since there is only one lineage
 */
export async function runOne(
  edges: Edges,
  paths: StorePaths,
  options: Omit<RunOptions, 'concurrency' | 'randomSleep' | 'attended'>,
  planned: Planned,
): Promise<number> {
  const run = { ...options, concurrency: 1, randomSleep: false, attended: true };
  const todo = planned.plan.action === 'broken' ? [] : [planned];
  const result = await runAll(edges, paths, run, todo);
  const outcome = result.outcomes.get(planned.lineage.name);
  if (outcome?.kind === 'failed') return exitStatusOf(outcome.error);
  return outcome?.kind === 'done' && result.postHooksOk ? 0 : 1;
}
