import { EvercertError } from '../errors.ts';
import type { Action, Reason, Waiting } from '../events.ts';
import type { BrokenLineage, Lineage } from '../lineage/scan.ts';
import type { Failure, LiveFacts } from '../lineage/state.ts';
import { driftReason, leftOutReason } from './drift.ts';
import { dueAt, isUrgent, type Timing } from './due.ts';
import { isOutdated, queueDueAt } from './queue.ts';
import { serversToAsk } from './servers.ts';

/** What one run will do to one lineage, and why. */
export interface Plan {
  readonly name: string;
  readonly action: Action;
  readonly reason: Reason;
  /** Milliseconds since 1970; undefined where no whole version is live. */
  readonly dueAt?: number;
  readonly error?: EvercertError;
  /** The CAs that may be asked, in turn, where something is to be ordered. */
  readonly servers?: readonly [string, ...string[]];
  /** Whatever the settings say: the old key is not to be used again. */
  readonly newKey?: boolean;
  /** Why nothing is tried now, and until when. */
  readonly waiting?: Waiting;
}

/**
 * What the operator's words ask for beyond the rules: a new certificate whatever the age of the old; or another attempt
 * whatever failed before.
 */
export type Word = 'force' | 'retry' | undefined;

export function decide(lineage: Lineage | BrokenLineage, now: number, word: Word): Plan {
  if (lineage.kind === 'broken') return broken(lineage.name, lineage.error);
  const { name, live } = lineage;
  const decision = decideLive(lineage, now, word === 'force');
  const due = live.kind === 'whole' ? { dueAt: dueAt(timingOf(lineage, live.facts)) } : {};
  return { name, ...due, ...withServers(lineage, decision, now, word) };
}

type Decision = Omit<Plan, 'name' | 'dueAt'>;

/** What the time of a lineage's renewal depends on. */
export function timingOf({ name, settings, state }: Lineage, facts: LiveFacts): Timing {
  const { notBefore, notAfter, version } = facts;
  const { renewBefore } = settings;
  const info = state?.renewalInfo;
  const chosenAt = info?.version === version ? info.chosenAt : undefined;
  return { lineage: name, notBefore, notAfter, renewBefore, chosenAt };
}

function decideLive(lineage: Lineage, now: number, forced: boolean): Decision {
  const { name, live, pending } = lineage;
  if (live.kind === 'damaged') {
    return live.blocked || !forced ? broken(name, live.error) : { action: 'renew', reason: 'forced' };
  }
  if (live.kind === 'whole') return decideWhole(lineage, live.facts, now, forced);
  if (pending?.kind === 'published') return { action: 'promote', reason: 'published-not-live' };
  if (pending?.kind === 'ordered') return { action: 'resume', reason: 'interrupted' };
  return { action: 'issue', reason: 'never-issued' };
}

function decideWhole(lineage: Lineage, facts: LiveFacts, now: number, forced: boolean): Decision {
  const { pending } = lineage;
  const age = revocationReason(lineage, facts) ?? ageReason(lineage, facts, now);
  if (lineage.pinned && !forced) return pinned(lineage.name, facts, age);
  if (pending?.kind === 'ordered' && !(hasLostKey(lineage, facts) && pending.order.newKey !== true)) {
    return { action: 'resume', reason: 'interrupted' };
  }
  if (pending?.kind === 'published') return { action: 'promote', reason: 'published-not-live' };
  const reason = driftReason(lineage, facts) ?? age ?? leftOutReason(lineage, facts);
  if (reason !== undefined) return { action: 'renew', reason, ...keyChoice(lineage, facts) };
  // What was asked for is done but for its end.
  if (pending?.kind !== 'swapped' && forced) return { action: 'renew', reason: 'forced' };
  return toDeploy(lineage, facts) ?? { action: 'skip', reason: 'not-due' };
}

function toDeploy({ pending, deployed }: Lineage, { version }: LiveFacts): Decision | undefined {
  if (pending?.kind === 'swapped') return { action: 'redeploy', reason: 'interrupted' };
  return deployed === version ? undefined : { action: 'redeploy', reason: 'not-deployed' };
}

function revocationReason({ state }: Lineage, { version }: LiveFacts): Reason | undefined {
  const revocation = state?.revocation;
  return revocation?.version === version && revocation.status === 'revoked' ? 'revoked' : undefined;
}

function keyChoice({ state }: Lineage, { version }: LiveFacts): Pick<Plan, 'newKey'> {
  const revocation = state?.revocation;
  const compromised = revocation?.version === version && revocation.reason === 'keyCompromise';
  return compromised ? { newKey: true } : {};
}

/** The key that is used again and again is one that others have. */
function hasLostKey(lineage: Lineage, facts: LiveFacts): boolean {
  return lineage.settings.reuseKey === true && keyChoice(lineage, facts).newKey === true;
}

/**
 * Whether a renewal that failed, or waits, needs a person: nothing is live, what is live is revoked, or its end is near.
 */
export function needsPerson(lineage: Lineage, now: number): boolean {
  if (lineage.live.kind !== 'whole') return true;
  const { facts } = lineage.live;
  return revocationReason(lineage, facts) !== undefined || isUrgent(timingOf(lineage, facts), now);
}

function ageReason(lineage: Lineage, facts: LiveFacts, now: number): Reason | undefined {
  if (now >= facts.notAfter) return 'expired';
  const timing = timingOf(lineage, facts);
  if (now < dueAt(timing)) return undefined;
  return timing.chosenAt !== undefined && now >= timing.chosenAt ? 'suggested' : 'due';
}

/** Failures of the past: who may be asked now, or until when to wait. */
function withServers(lineage: Lineage, decision: Decision, now: number, word: Word): Decision {
  const timing = lineage.live.kind === 'whole' ? timingOf(lineage, lineage.live.facts) : undefined;
  if (decision.action === 'redeploy') return withQueue(lineage, decision, now, word);
  if (!['issue', 'renew', 'resume'].includes(decision.action)) return decision;
  const { server, fallbackServers = [] } = lineage.settings;
  const inTurn = [server, ...fallbackServers];
  const servers = decision.action === 'resume' ? underWayFirst(lineage, inTurn) : inTurn;
  const failures = word === undefined ? standing(lineage) : [];
  const ask = serversToAsk(servers, failures, timing, now);
  if ('servers' in ask) return { ...decision, servers: ask.servers };
  return whileWaiting(lineage, { ...ask, urgent: needsPerson(lineage, now) }, now, word);
}

/** What says nothing against the operator's own wishes, which may have been corrected since. */
const NOT_OURS: ReadonlySet<Failure['kind']> = new Set(['network', 'ca', 'rate-limit']);

/** The failures that still count: of those that are ours, none from before the settings were changed. */
function standing({ state, settingsStamp }: Lineage): readonly Failure[] {
  const [, , changedAt = 0] = settingsStamp ?? [];
  return (state?.failures ?? []).filter(({ kind, lastAt }) => NOT_OURS.has(kind) || changedAt < lastAt);
}

/** What is live is deployed also while no CA can be asked. */
function whileWaiting(lineage: Lineage, waiting: Waiting, now: number, word: Word): Decision {
  const { live } = lineage;
  const open = live.kind === 'whole' ? toDeploy(lineage, live.facts) : undefined;
  const deployment = open === undefined ? undefined : withQueue(lineage, open, now, word);
  if (deployment?.action === 'redeploy') return { ...deployment, waiting };
  const urgent = waiting.urgent || deployment !== undefined;
  return { action: 'skip', reason: 'waiting', waiting: { ...waiting, urgent } };
}

/** An order under way is at one CA: that one comes first. */
function underWayFirst({ pending }: Lineage, servers: readonly string[]): readonly string[] {
  if (pending?.kind !== 'ordered') return servers;
  const { server } = pending.order;
  return [server, ...servers.filter((other) => other !== server)];
}

function withQueue(
  { state, live, settings }: Lineage,
  decision: Decision,
  now: number,
  word: Word,
): Decision {
  const queue = decision.reason === 'not-deployed' && word === undefined ? state?.queue : undefined;
  const isOfLive = live.kind === 'whole' && queue?.version === live.facts.version;
  const waits = queue !== undefined && isOfLive && !isOutdated(queue.entries, settings);
  const waiting = waits ? queueDueAt(queue.entries, now) : undefined;
  return waiting === undefined ? decision : { action: 'skip', reason: 'deploy-waiting', waiting };
}

/** The operator's rollback stands, but not silently until it has expired. */
function pinned(name: string, { version }: LiveFacts, age: Reason | undefined): Decision {
  if (age === undefined) return { action: 'skip', reason: 'pinned' };
  const message = `${name} is ${age === 'revoked' ? 'revoked' : 'due'}, but live/${name} was moved to ${version} by hand and is left alone`;
  const hint = `When the rollback is over: evercert renew --cert-name ${name} --force-renewal`;
  return { action: 'broken', reason: 'pinned', error: new EvercertError('lineage-pinned', message, hint) };
}

function broken(name: string, error: EvercertError): Plan {
  return { name, action: 'broken', reason: 'damaged', error };
}
