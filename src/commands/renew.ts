import { asEvercertError, EvercertError } from '../errors.ts';
import type { Event } from '../events.ts';
import { isLineageName, type StorePaths } from '../lineage/paths.ts';
import { fitsSettings, removePending } from '../lineage/pending.ts';
import { type BrokenLineage, type Lineage, lineageNames, scanLineage } from '../lineage/scan.ts';
import type { Settings } from '../lineage/settings.ts';
import { type State, writeState } from '../lineage/state.ts';
import { decide, type Plan } from '../renewal/decide.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { findStore, openExistingStore } from './open-store.ts';
import { summarize } from './summarize.ts';

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

/** What is known of a lineage, and what is to be done to it. */
export interface Planned {
  readonly lineage: Lineage | BrokenLineage;
  readonly plan: Plan;
}

/** @returns the exit status */
export async function renew(options: RenewOptions, edges: Edges): Promise<number> {
  const paths = options.planOnly ? findStore(options, edges) : await openExistingStore(options, edges);
  const planned = paths === undefined ? [] : planAll(paths, options, edges);
  if (planned.length === 0) {
    edges.emit({ type: 'warning', code: 'no-lineages', detail: options.configDir });
    return 0;
  }
  for (const { lineage, plan } of planned) edges.emit(planEvent(lineage, plan));
  if (paths === undefined || options.planOnly) return report(edges, options.dryRun, planned, NOTHING_DONE);
  await recordFacts(edges, paths, planned, options);
  return report(edges, options.dryRun, planned, await workOff(edges, paths, options, planned));
}

function planAll(paths: StorePaths, options: RenewOptions, edges: Edges): Planned[] {
  const now = edges.clock.now();
  const force = options.force || options.dryRun;
  return selectedNames(paths, options, edges).flatMap((name) => {
    const found = scanLineage(edges.disk, paths, name);
    if (found === undefined) return [];
    const lineage = usableLineage(edges, paths, found, options);
    return [{ lineage, plan: decide(lineage, now, force) }];
  });
}

function selectedNames(paths: StorePaths, { certName }: RenewOptions, { disk }: Edges): string[] {
  const names = lineageNames(disk, paths);
  if (certName === undefined) return names;
  if (isLineageName(certName) && names.includes(certName)) return [certName];
  throw new EvercertError(
    'unknown-lineage',
    `there is no lineage ${certName}`,
    'evercert certificates lists them all.',
  );
}

/** The lineage without what a dead run left that is of no use now, and with the hooks of the command line. */
function usableLineage(
  edges: Edges,
  paths: StorePaths,
  lineage: Lineage | BrokenLineage,
  options: RenewOptions,
): Lineage | BrokenLineage {
  if (lineage.kind === 'broken') return lineage;
  const settings =
    options.hooks === undefined
      ? lineage.settings
      : { ...lineage.settings, hooks: { ...lineage.settings.hooks, ...options.hooks } };
  const changed = { ...lineage, settings };
  if (options.dryRun) return { ...changed, pending: undefined };
  return isUseless(lineage) ? dropPending(edges, paths, changed, options) : changed;
}

export function isUseless({ pending, settings }: Lineage): boolean {
  return pending?.kind === 'junk' || (pending?.kind === 'ordered' && !fitsSettings(pending.order, settings));
}

function dropPending(
  { disk }: Edges,
  paths: StorePaths,
  lineage: Lineage,
  { planOnly }: RenewOptions,
): Lineage {
  if (!planOnly) removePending(disk, paths, lineage.name);
  return { ...lineage, pending: undefined };
}

/** A plan, told. */
export function planEvent(lineage: Lineage | BrokenLineage, plan: Plan): Event {
  const { action, reason, error } = plan;
  return {
    type: 'plan',
    ...summarize(lineage, plan),
    action,
    reason,
    ...(error === undefined ? {} : { error }),
  };
}

/** What had to be checked anew is remembered, so that the next scan is cheap again. */
async function recordFacts(
  edges: Edges,
  paths: StorePaths,
  planned: readonly Planned[],
  { dryRun }: RenewOptions,
): Promise<void> {
  for (const { lineage, plan } of planned) {
    if (dryRun || plan.action !== 'skip' || lineage.kind === 'broken') continue;
    const { name, live, deployed, pinned, stateUnreadable } = lineage;
    if (stateUnreadable) edges.emit({ type: 'warning', lineage: name, code: 'state-unreadable', detail: '' });
    if (live.kind !== 'whole' || live.recorded || pinned) continue;
    await tryToRecord(edges, paths, name, {
      version: 1,
      live: live.facts,
      ...(deployed === undefined ? {} : { deployed }),
    });
  }
}

/** A loss of speed, not of service: no reason to fail. */
async function tryToRecord(
  { disk, emit }: Edges,
  paths: StorePaths,
  name: string,
  state: State,
): Promise<void> {
  try {
    await writeState(disk, paths, name, state);
  } catch (error) {
    emit({
      type: 'warning',
      lineage: name,
      code: 'state-not-written',
      detail: asEvercertError(error).message,
    });
  }
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

/** Emits the summary. @returns the exit status */
export function report(
  edges: Pick<Edges, 'emit'>,
  dryRun: boolean,
  planned: readonly Planned[],
  { outcomes, postHooksOk }: RunResult,
): number {
  const count = (matches: (plan: Plan) => boolean) => planned.filter(({ plan }) => matches(plan)).length;
  const done = ({ name }: Plan) => outcomes.get(name) === 'done';
  const failed = count(({ name }) => outcomes.get(name) instanceof EvercertError);
  const broken = count(({ action }) => action === 'broken');
  edges.emit({
    type: 'summary',
    dryRun,
    lineages: planned.length,
    renewed: count((plan) => done(plan) && plan.action !== 'redeploy'),
    redeployed: count((plan) => done(plan) && plan.action === 'redeploy'),
    failed,
    broken,
    skipped: count(({ action }) => action === 'skip'),
  });
  return failed + broken > 0 || !postHooksOk ? 1 : 0;
}
