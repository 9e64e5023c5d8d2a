import { problemOf } from '../acme/problem.ts';
import { asEvercertError, type EvercertError } from '../errors.ts';
import { challengeFailuresOf, failedNamesOf } from '../issuance/failures.ts';
import { type Lineage, rememberedState } from '../lineage/scan.ts';
import type { Failure } from '../lineage/state.ts';
import type { KeyAccess } from '../lineage/version.ts';
import { type Mishap, nextAttemptAt, withFailure } from '../renewal/backoff.ts';
import { needsPerson, type Plan, timingOf } from '../renewal/decide.ts';
import type { Timing } from '../renewal/due.ts';
import { kindOf } from '../renewal/failure-kind.ts';
import { movesOn } from '../renewal/servers.ts';
import { checkLocal } from './check-local.ts';
import { scriptsOf, tellFailure } from './dehydrated.ts';
import { type Choice, issueVersion } from './issue-version.ts';
import { remember } from './record-facts.ts';
import type { Outcome } from './renew.ts';
import type { Work } from './work.ts';

/** A version that is not live yet, and the lineage as it is now; or why there is none. */
type Attempt = { readonly kind: 'issued'; readonly version: string } | NoVersion;

/** Why there is no version. */
export type NoVersion = Exclude<Outcome, { readonly kind: 'done' }>;

/** One step that failed, and what is remembered of it. */
interface Failed {
  readonly error: EvercertError;
  readonly lineage: Lineage;
  readonly failure: Failure;
}

/**
 * Obtains a version of a lineage from the first of the plan's CAs that gives one. Each failure is remembered with the
 * time of the next attempt; an outage or a limit of one CA leads to the next one at once.
 *
 * @throws EvercertError interrupted
 */
export async function attempt(work: Work, lineage: Lineage, plan: Plan): Promise<Attempt> {
  const access = await prepare(work, lineage);
  if ('error' in access) return ended(work, access);
  let failed: Failed | undefined;
  for (const server of plan.servers ?? []) {
    if (failed !== undefined) tellNext(work, lineage, server, failed);
    const found = await attemptAt(work, failed?.lineage ?? lineage, server, plan, access);
    if (typeof found === 'string') return { kind: 'issued', version: found };
    failed = found;
    if (!movesOn(failed.failure)) break;
  }
  if (failed === undefined) throw new TypeError('a plan without a CA');
  return ended(work, failed);
}

function tellNext({ edges }: Work, { name }: Lineage, server: string, { error }: Failed): void {
  edges.emit({ type: 'next-server', lineage: name, server, error });
}

/** What must be in order before a CA is asked. */
async function prepare(work: Work, lineage: Lineage): Promise<KeyAccess | Failed> {
  try {
    const access = await checkLocal(work.edges, lineage.settings);
    await work.hooks.pre(lineage.settings.hooks?.pre, scriptsOf(lineage.settings));
    return access;
  } catch (error) {
    return note(work, lineage, '', error);
  }
}

async function attemptAt(
  work: Work,
  lineage: Lineage,
  server: string,
  plan: Plan,
  access: KeyAccess,
): Promise<string | Failed> {
  const choice = { server, names: lineage.settings.names, newKey: work.newKey || plan.newKey === true };
  try {
    return await issueWithNames(work, lineage, choice, plan, access);
  } catch (error) {
    await tellFailure(work, lineage, error);
    return note(work, lineage, server, error);
  }
}

/** With `allowSubsetOfNames` what could not be validated is left out, until all that is left can be. */
async function issueWithNames(
  work: Work,
  lineage: Lineage,
  choice: Choice,
  plan: Plan,
  access: KeyAccess,
): Promise<string> {
  try {
    return await issueVersion(work, lineage, choice, access);
  } catch (error) {
    const names = namesLeft(lineage, choice, plan, error);
    if (names === undefined) throw error;
    const missing = choice.names.filter((name) => !names.includes(name)).join(', ');
    work.edges.emit({ type: 'warning', lineage: lineage.name, code: 'names-left-out', detail: missing });
    return issueWithNames(work, { ...lineage, pending: undefined }, { ...choice, names }, plan, access);
  }
}

/** Undefined where nothing is to be left out: then the certificate that is there is better. */
function namesLeft(
  { settings }: Lineage,
  { names }: Choice,
  { reason }: Plan,
  error: unknown,
): string[] | undefined {
  if (settings.allowSubsetOfNames !== true || reason === 'names-left-out') return undefined;
  const failed = failedNamesOf(error, names);
  const left = names.filter((name) => !failed.includes(name));
  return failed.length === 0 || left.length === 0 ? undefined : left;
}

async function note(work: Work, lineage: Lineage, server: string, thrown: unknown): Promise<Failed> {
  work.edges.signal.throwIfAborted();
  const error = asEvercertError(thrown);
  const { clock } = work.edges;
  const timing = timingIfLive(lineage);
  const lifetime = timing && timing.notAfter - timing.notBefore;
  const failures = withFailure(lineage.state?.failures ?? [], mishapOf(server, error), lifetime, clock.now());
  const state = { ...rememberedState(lineage), failures };
  if (!work.attended) await remember(work.edges, work.paths, lineage.name, state);
  const failure = failures.at(-1);
  if (failure === undefined) throw new TypeError('no failure was added');
  return { error, lineage: { ...lineage, state }, failure };
}

function mishapOf(server: string, error: EvercertError): Mishap {
  const problem = problemOf(error);
  const challenges = challengeFailuresOf(error).map(({ type }) => type);
  const { code, message } = error;
  const kind = kindOf({ code, problem, challenges });
  return { server, kind, code, message, retryAfterMs: problem?.retryAfterMs };
}

function timingIfLive(lineage: Lineage): Timing | undefined {
  return lineage.live.kind === 'whole' ? timingOf(lineage, lineage.live.facts) : undefined;
}

/** Far from the end a failure can wait, unless a person wanted it now. */
function ended(work: Work, { error, lineage }: Failed): NoVersion {
  const timing = timingIfLive(lineage);
  const now = work.edges.clock.now();
  if (work.attended || work.forced || needsPerson(lineage, now)) return { kind: 'failed', error };
  const attempts = (lineage.state?.failures ?? []).map((failure) => nextAttemptAt(failure, timing, now));
  return { kind: 'deferred', error, until: Math.min(...attempts) };
}
