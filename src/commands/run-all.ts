import pLimit from 'p-limit';
import { stagingUrl } from '../acme/servers.ts';
import { baseEnvironment } from '../deploy/hook-plan.ts';
import { createHooks } from '../deploy/hooks.ts';
import { asEvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { scanLineage } from '../lineage/scan.ts';
import { sweepState } from '../lineage/sweep.ts';
import type { Edges } from './edges.ts';
import { finishDeploys } from './finish-deploys.ts';
import { observe, toObserve } from './observe.ts';
import { type Performed, perform } from './perform.ts';
import type { Planned } from './plan-all.ts';
import { createPreflight } from './preflight.ts';
import { remember } from './record-facts.ts';
import { rehearse } from './rehearse.ts';
import type { Outcome, RunResult } from './renew.ts';
import type { Rollout } from './rollout.ts';
import { type AccountOptions, createSessions } from './sessions.ts';
import { createSolvers } from './solvers.ts';
import { createVerify } from './verify-served.ts';
import type { Work } from './work.ts';

export interface RunOptions {
  readonly dryRun: boolean;
  readonly concurrency: number;
  readonly randomSleep: boolean;
  readonly hookTimeoutMs: number;
  readonly issuanceTimeoutMs: number;
  readonly newKey?: boolean;
  /** A person waits for the result. */
  readonly attended?: boolean;
  /** The operator wants new certificates now. */
  readonly force?: boolean;
  /** For accounts that do not exist yet; renew makes none without the operator's word. */
  readonly account?: AccountOptions;
  /** Show what is presented, and wait, before the CA is told. */
  readonly debugChallenges?: boolean;
}

export const NO_ACCOUNT: AccountOptions = {
  email: undefined,
  withoutEmail: true,
  termsAgreed: false,
  externalAccount: undefined,
};
const MAX_RANDOM_SLEEP_MS = 480_000;
/** For a person who looks at what is presented. */
const LOOKING_MS = 3_600_000;

/** Carries out plans, several at a time; each lineage's failure is its own. Post hooks run in every case. */
export async function runAll(
  edges: Edges,
  paths: StorePaths,
  options: RunOptions,
  todo: readonly Planned[],
): Promise<RunResult> {
  const work = createWork(edges, paths, options, todo);
  const outcomes = new Map<string, Outcome>();
  let postHooksOk = true;
  let rollouts: readonly Rollout[] = [];
  try {
    sweepState(edges.disk, paths);
    if (options.randomSleep && todo.some(comesByItself)) await sleepRandomly(edges);
    // One person can look at one thing.
    const limit = pLimit(options.debugChallenges === true ? 1 : options.concurrency);
    const performed = await Promise.all(
      todo.map((planned) => limit(() => performOne(work, edges, options, planned, outcomes))),
    );
    rollouts = performed.filter((rollout) => rollout !== undefined);
    await finish(work, rollouts, outcomes);
  } finally {
    postHooksOk = await runPost(work, todo, outcomes);
    work.sessions.close();
  }
  await observeNew(edges, paths, rollouts);
  return { outcomes, postHooksOk };
}

/** The CA is asked at once when it would like a new certificate to be renewed (RFC 9773 section 4.3). */
async function observeNew(edges: Edges, paths: StorePaths, rollouts: readonly Rollout[]): Promise<void> {
  if (edges.signal.aborted || rollouts.length === 0) return;
  const lineages = rollouts.flatMap(({ lineage }) => scanLineage(edges.disk, paths, lineage.name) ?? []);
  const whole = toObserve(lineages, edges.clock.now());
  if (whole.length === 0) return;
  for (const [name, state] of await observe(edges, paths, whole)) await remember(edges, paths, name, state);
}

function createWork(edges: Edges, paths: StorePaths, options: RunOptions, todo: readonly Planned[]): Work {
  const { account, hookTimeoutMs, issuanceTimeoutMs, dryRun } = options;
  const { newKey = false, attended = false, force = false, debugChallenges = false } = options;
  return {
    edges,
    paths,
    newKey,
    attended,
    forced: force,
    issuanceTimeoutMs: debugChallenges ? Math.max(issuanceTimeoutMs, LOOKING_MS) : issuanceTimeoutMs,
    sessions: createSessions(edges, paths, account ?? NO_ACCOUNT),
    solverFor: createSolvers(edges, paths, todo.flatMap(settingsOf), hookTimeoutMs),
    preflight: createPreflight(edges, { always: attended || dryRun, waits: debugChallenges }),
    verify: createVerify(edges),
    hooks: createHooks({
      disk: edges.disk,
      run: edges.runShell,
      emit: edges.emit,
      signal: edges.signal,
      environment: baseEnvironment(edges.environment),
      directory: paths.hooks,
      timeoutMs: hookTimeoutMs,
    }),
  };
}

/** An order that no person asked for. */
function comesByItself({ plan }: Planned): boolean {
  return ['issue', 'renew', 'resume'].includes(plan.action) && plan.reason !== 'forced';
}

function settingsOf({ lineage }: Planned) {
  return lineage.kind === 'lineage' ? [lineage.settings] : [];
}

async function sleepRandomly({ clock, emit, signal }: Edges): Promise<void> {
  const ms = clock.randomBelow(MAX_RANDOM_SLEEP_MS);
  emit({ type: 'sleeping', ms });
  await clock.sleep(ms, signal);
}

async function performOne(
  work: Work,
  edges: Edges,
  { dryRun }: RunOptions,
  { lineage, plan }: Planned,
  outcomes: Map<string, Outcome>,
): Promise<Rollout | undefined> {
  if (lineage.kind === 'broken') return undefined;
  const ended = await endOf(async () => {
    edges.signal.throwIfAborted();
    if (!dryRun) return perform(work, lineage, plan);
    await rehearse(work, lineage, stagingUrl(lineage.settings.server));
    return { kind: 'done' };
  });
  if (ended.kind === 'live') return ended.rollout;
  conclude(work, lineage.name, ended, outcomes);
  return undefined;
}

async function endOf(task: () => Promise<Performed | Outcome>): Promise<Performed | Outcome> {
  try {
    return await task();
  } catch (thrown) {
    return { kind: 'failed', error: asEvercertError(thrown) };
  }
}

function conclude(
  { edges: { emit }, preflight }: Work,
  lineage: string,
  outcome: Outcome,
  outcomes: Map<string, Outcome>,
): void {
  outcomes.set(lineage, outcome);
  if (outcome.kind === 'done') return;
  const deferred = outcome.kind === 'deferred' ? { deferredUntil: outcome.until } : {};
  const { error } = outcome;
  const findings = preflight.findingsOf(lineage, error);
  emit({ type: 'failed', lineage, error, ...deferred, ...(findings.length > 0 && { findings }) });
}

async function finish(
  work: Work,
  rollouts: readonly Rollout[],
  outcomes: Map<string, Outcome>,
): Promise<void> {
  for (const [lineage, error] of await finishDeploys(work, rollouts)) {
    const outcome: Outcome = error === undefined ? { kind: 'done' } : { kind: 'failed', error };
    conclude(work, lineage, outcome, outcomes);
  }
}

function runPost(
  { hooks }: Work,
  todo: readonly Planned[],
  outcomes: ReadonlyMap<string, Outcome>,
): Promise<boolean> {
  const namesOf = (matches: (outcome: Outcome | undefined) => boolean) =>
    todo
      .filter(({ lineage }) => matches(outcomes.get(lineage.name)))
      .flatMap(({ lineage }) => (lineage.kind === 'lineage' ? lineage.settings.names : []));
  const renewed = namesOf((outcome) => outcome?.kind === 'done');
  return hooks.post(
    renewed,
    namesOf((outcome) => outcome?.kind !== 'done'),
  );
}
