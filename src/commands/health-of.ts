import { hookTitle } from '../deploy/hook-plan.ts';
import type { EvercertError } from '../errors.ts';
import type { LineageFailure, LineageHealth } from '../health/health.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { lineageNames } from '../lineage/scan.ts';
import { type LiveFacts, readState, type State } from '../lineage/state.ts';
import type { Plan } from '../renewal/decide.ts';
import { dueAt } from '../renewal/due.ts';
import { rememberedTiming } from '../renewal/idle.ts';
import type { Edges } from './edges.ts';
import type { Outcome } from './renew.ts';

/** What a run found of one lineage that was not idle. */
export interface Verdict {
  readonly plan: Plan;
  readonly outcome: Outcome | undefined;
}

/**
 * How all lineages of a store are doing after a run, from what the run left in their state.
 *
 * @param verdicts by name, of those that the run looked at closely
 */
export function healthOfAll(
  { disk }: Pick<Edges, 'disk'>,
  paths: StorePaths,
  verdicts: ReadonlyMap<string, Verdict>,
): LineageHealth[] {
  return lineageNames(disk, paths).map((name) => {
    const state = readState(disk, paths, name);
    return healthOf(name, state === 'unreadable' ? undefined : state, verdicts.get(name));
  });
}

/** @param state as the run left it */
export function healthOf(
  lineage: string,
  state: State | undefined,
  verdict: Verdict | undefined,
): LineageHealth {
  const live = state?.live;
  const isServed = state?.deployed === live?.version ? state?.served : undefined;
  return {
    lineage,
    names: live?.names ?? [],
    notAfter: live?.notAfter,
    dueAt: state && live && dueAt(rememberedTiming(lineage, state, live)),
    lastSuccessAt: state?.lastSuccessAt,
    failures: Math.max(0, ...(state?.failures ?? []).map(({ count }) => count)),
    failure: verdict && failureOf(verdict),
    deployPending: deployPending(state, live),
    served: state?.served === false ? false : isServed,
  };
}

/** Commands may be long, and are told to strangers. */
const MAX_TITLE = 80;

function deployPending(state: State | undefined, live: LiveFacts | undefined): string[] {
  if (state?.queue === undefined || state.queue.version !== live?.version) return [];
  return state.queue.entries
    .filter(({ done }) => done !== true)
    .map(({ name }) => hookTitle(name).slice(0, MAX_TITLE));
}

/** What keeps it from being deployed is told as such; all else that went wrong is a failure. */
function failureOf({ plan: { error, waiting, reason }, outcome }: Verdict): LineageFailure | undefined {
  if (error !== undefined) return told(error, true);
  if (outcome !== undefined && outcome.kind !== 'done') {
    const isDeployment = outcome.error.code === 'hook-failed' && reason === 'not-deployed';
    if (isDeployment || outcome.error.code === 'not-served') return undefined;
    return told(outcome.error, outcome.kind === 'failed');
  }
  if (waiting === undefined || reason === 'deploy-waiting') return undefined;
  const { code, message } = waiting.failure;
  return { code, message, hint: 'evercert renew --plan tells more.', urgent: waiting.urgent };
}

function told({ code, message, hint }: EvercertError, urgent: boolean): LineageFailure {
  return { code, message, hint, urgent };
}
