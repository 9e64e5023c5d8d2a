import type { EvercertError } from '../errors.ts';
import type { Counts } from '../events.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { BrokenLineage, Lineage } from '../lineage/scan.ts';
import type { Settings } from '../lineage/settings.ts';
import type { Plan, Word } from '../renewal/decide.ts';
import { wantsLook } from '../renewal/idle.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { findStore, openExistingStore, withoutLeftovers } from './open-store.ts';
import { findAll, type Planned, planAll } from './plan-all.ts';
import { recordFacts } from './record-facts.ts';
import type { TellOptions } from './tell-health.ts';

export interface RenewOptions extends StoreOptions {
  readonly certName: string | undefined;
  readonly force: boolean;
  /** Try again now what waits after a failure. */
  readonly retryNow: boolean;
  readonly dryRun: boolean;
  /** Show what is presented, and wait, before the CA is told. */
  readonly debugChallenges: boolean;
  /** Print the plans and stop. */
  readonly planOnly: boolean;
  /** A failure far from the end of a certificate counts like any other. */
  readonly strict: boolean;
  readonly concurrency: number;
  /** Wait a random time before the first order, so that a fleet does not come at once. */
  readonly randomSleep: boolean;
  /** Given on the command line: saved with what is renewed. */
  readonly hooks: Settings['hooks'];
  readonly hookTimeoutMs: number;
  readonly issuanceTimeoutMs: number;
  /** Whom to tell how the lineages are doing; undefined when nobody wants to hear of it. */
  readonly tell: TellOptions | undefined;
  /** Send a test to those, and do nothing else. */
  readonly notifyTest: boolean;
}

/** @returns the exit status */
export async function renew(options: RenewOptions, edges: Edges): Promise<number> {
  if (options.notifyTest && options.tell !== undefined) {
    return (await import('./tell-health.ts')).testNotify(edges, options.tell);
  }
  const paths = options.planOnly ? findStore(options, edges) : await openExistingStore(options, edges);
  if (paths === undefined) return nothingThere(options, edges);
  if (!options.planOnly) await withoutLeftovers(edges, paths);
  const { lineages, idle } = findAll(paths, options, edges);
  if (lineages.length + idle === 0) return nothingThere(options, edges);
  const isReal = !options.planOnly && !options.dryRun;
  const looked = isReal ? await lookUp(edges, paths, lineages) : { lineages, observed: new Set<string>() };
  const planned = planAll(looked.lineages, wordOf(options), edges);
  if (options.planOnly) return report(edges, options, planned, NOTHING_DONE, idle);
  if (isReal) await recordFacts(edges, paths, planned, looked.observed);
  const result = await workOff(edges, paths, options, planned);
  if (isReal && options.tell !== undefined) {
    await tell(edges, paths, options.tell, options.certName, planned, result);
  }
  return report(edges, options, planned, result, idle);
}

async function tell(
  edges: Edges,
  paths: StorePaths,
  options: TellOptions,
  certName: string | undefined,
  planned: readonly Planned[],
  { outcomes }: RunResult,
): Promise<void> {
  const { tellHealth } = await import('./tell-health.ts');
  const verdicts = planned.map(
    ({ plan }) => [plan.name, { plan, outcome: outcomes.get(plan.name) }] as const,
  );
  await tellHealth(edges, paths, options, new Map(verdicts), certName);
}

function nothingThere({ configDir }: RenewOptions, { emit }: Edges): number {
  emit({ type: 'warning', code: 'no-lineages', detail: configDir });
  return 0;
}

function wordOf({ force, dryRun, retryNow }: RenewOptions): Word {
  if (force || dryRun) return 'force';
  return retryNow ? 'retry' : undefined;
}

interface Looked {
  readonly lineages: readonly (Lineage | BrokenLineage)[];
  /** Names of those about which somebody was asked. */
  readonly observed: ReadonlySet<string>;
}

/** Asks about live versions whose time has come; loads what asks only then. */
async function lookUp(
  edges: Edges,
  paths: StorePaths,
  lineages: readonly (Lineage | BrokenLineage)[],
): Promise<Looked> {
  const now = edges.clock.now();
  if (!lineages.some((lineage) => wantsLook(lineage, now))) return { lineages, observed: new Set() };
  const { observe, toObserve } = await import('./observe.ts');
  const states = await observe(edges, paths, toObserve(lineages, now));
  const withState = (lineage: Lineage | BrokenLineage) =>
    lineage.kind === 'broken' ? lineage : { ...lineage, state: states.get(lineage.name) ?? lineage.state };
  return { lineages: lineages.map(withState), observed: new Set(states.keys()) };
}

/** How the work on a lineage ended: what failed far from the end of the certificate is deferred. */
export type Outcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly error: EvercertError }
  | { readonly kind: 'deferred'; readonly error: EvercertError; readonly until: number };

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

const DEFERRED = 3;

/**
 * Emits the summary.
 *
 * @param idle lineages of which nothing but their being idle is known
 * @returns the exit status
 */
export function report(
  { emit }: Pick<Edges, 'emit'>,
  { dryRun, strict }: Pick<RenewOptions, 'dryRun' | 'strict'>,
  planned: readonly Planned[],
  result: RunResult,
  idle: number,
): number {
  const counts = countAll(planned, result, idle);
  emit({ type: 'summary', dryRun, ...counts });
  const { failed, broken, deferred } = counts;
  if (failed + broken > 0 || !result.postHooksOk) return 1;
  if (deferred > 0) return strict ? 1 : DEFERRED;
  return 0;
}

function countAll(planned: readonly Planned[], { outcomes }: RunResult, idle: number): Counts {
  const count = (matches: (plan: Plan) => boolean) => planned.filter(({ plan }) => matches(plan)).length;
  const ended = ({ name }: Plan) => outcomes.get(name)?.kind;
  const waits = ({ waiting }: Plan) => waiting !== undefined;
  return {
    lineages: planned.length + idle,
    renewed: count((plan) => ended(plan) === 'done' && plan.action !== 'redeploy'),
    redeployed: count((plan) => ended(plan) === 'done' && plan.action === 'redeploy'),
    toDo: count((plan) => ended(plan) === undefined && plan.action !== 'broken' && plan.action !== 'skip'),
    failed: count((plan) => ended(plan) === 'failed' || plan.waiting?.urgent === true),
    deferred: count((plan) => ended(plan) === 'deferred' || plan.waiting?.urgent === false),
    broken: count(({ action }) => action === 'broken'),
    skipped: count((plan) => plan.action === 'skip' && !waits(plan)) + idle,
  };
}
