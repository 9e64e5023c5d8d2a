import { EvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Settings } from '../lineage/settings.ts';
import type { Plan } from '../renewal/decide.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { findStore, openExistingStore } from './open-store.ts';
import { NO_PLANS, type Planned, planAll } from './plan-all.ts';
import { recordFacts } from './record-facts.ts';

export interface RenewOptions extends StoreOptions {
  readonly certName: string | undefined;
  readonly force: boolean;
  readonly dryRun: boolean;
  /** Print the plans and stop. */
  readonly planOnly: boolean;
  readonly concurrency: number;
  /** Wait a random time before the first order, so that a fleet does not come at once. */
  readonly randomSleep: boolean;
  /** Given on the command line: saved with what is renewed. */
  readonly hooks: Settings['hooks'];
  readonly hookTimeoutMs: number;
}

/** @returns the exit status */
export async function renew(options: RenewOptions, edges: Edges): Promise<number> {
  const paths = options.planOnly ? findStore(options, edges) : await openExistingStore(options, edges);
  const { planned, idle } = paths === undefined ? NO_PLANS : planAll(paths, options, edges);
  if (paths === undefined || planned.length + idle === 0) {
    edges.emit({ type: 'warning', code: 'no-lineages', detail: options.configDir });
    return 0;
  }
  if (options.planOnly) return report(edges, options.dryRun, planned, NOTHING_DONE, idle);
  if (!options.dryRun) await recordFacts(edges, paths, planned);
  return report(edges, options.dryRun, planned, await workOff(edges, paths, options, planned), idle);
}

/** How the work on a lineage ended. */
export type Outcome = 'done' | EvercertError;

/** How each lineage that was worked on ended. */
export interface RunResult {
  readonly outcomes: ReadonlyMap<string, Outcome>;
  readonly postHooksOk: boolean;
}

const NOTHING_DONE: RunResult = { outcomes: new Map(), postHooksOk: true };

/** Loads what issues certificates only when there is something to do. */
async function workOff(
  edges: Edges,
  paths: StorePaths,
  options: RenewOptions,
  planned: readonly Planned[],
): Promise<RunResult> {
  const todo = planned.filter(({ plan }) => plan.action !== 'skip' && plan.action !== 'broken');
  if (todo.length === 0) return NOTHING_DONE;
  const { runAll } = await import('./run-all.ts');
  return runAll(edges, paths, options, todo);
}

/**
 * Emits the summary.
 *
 * @param idle lineages of which nothing but their being idle is known
 * @returns the exit status
 */
export function report(
  edges: Pick<Edges, 'emit'>,
  dryRun: boolean,
  planned: readonly Planned[],
  { outcomes, postHooksOk }: RunResult,
  idle: number,
): number {
  const count = (matches: (plan: Plan) => boolean) => planned.filter(({ plan }) => matches(plan)).length;
  const done = ({ name }: Plan) => outcomes.get(name) === 'done';
  const failed = count(({ name }) => outcomes.get(name) instanceof EvercertError);
  const broken = count(({ action }) => action === 'broken');
  edges.emit({
    type: 'summary',
    dryRun,
    lineages: planned.length + idle,
    renewed: count((plan) => done(plan) && plan.action !== 'redeploy'),
    redeployed: count((plan) => done(plan) && plan.action === 'redeploy'),
    toDo: count(({ name, action }) => !outcomes.has(name) && action !== 'broken' && action !== 'skip'),
    failed,
    broken,
    skipped: count(({ action }) => action === 'skip') + idle,
  });
  const undeployed = count(({ reason }) => reason === 'deploy-waiting');
  return failed + broken + undeployed > 0 || !postHooksOk ? 1 : 0;
}
