import { EvercertError } from '../errors.ts';
import type { Action, Reason } from '../events.ts';
import type { BrokenLineage, Lineage } from '../lineage/scan.ts';
import type { Failure, LiveFacts } from '../lineage/state.ts';
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

export interface Waiting {
  /** Milliseconds since 1970. */
  readonly until: number;
  readonly failure: Pick<Failure, 'code' | 'message' | 'count'>;
  /** It has come so far that a person is needed. */
  readonly urgent: boolean;
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
  if (pending?.kind === 'ordered') return { action: 'resume', reason: 'interrupted' };
  if (pending?.kind === 'published') return { action: 'promote', reason: 'published-not-live' };
  const reason = driftReason(lineage, facts) ?? age ?? leftOutReason(lineage, facts);
  if (reason !== undefined) return { action: 'renew', reason, ...keyChoice(lineage, facts) };
  // What was asked for is done but for its end.
  if (pending?.kind === 'swapped') return { action: 'redeploy', reason: 'interrupted' };
  if (forced) return { action: 'renew', reason: 'forced', ...keyChoice(lineage, facts) };
  if (lineage.deployed !== facts.version) return { action: 'redeploy', reason: 'not-deployed' };
  return { action: 'skip', reason: 'not-due' };
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

function ageReason(lineage: Lineage, facts: LiveFacts, now: number): Reason | undefined {
  if (now >= facts.notAfter) return 'expired';
  const timing = timingOf(lineage, facts);
  if (now < dueAt(timing)) return undefined;
  return timing.chosenAt !== undefined && now >= timing.chosenAt ? 'suggested' : 'due';
}

/** The certificate is not what the settings ask for; they may have been edited. */
function driftReason({ settings, state }: Lineage, facts: LiveFacts): Reason | undefined {
  const leftOut = state?.leftOut?.version === facts.version ? state.leftOut.names : [];
  if (!sameSet(settings.names, [...facts.names, ...leftOut])) return 'names-changed';
  if (facts.key === undefined || keyText(facts.key) !== keyText(settings.key)) return 'key-changed';
  const servers = [settings.server, ...(settings.fallbackServers ?? [])];
  if (facts.server !== undefined && !servers.includes(facts.server)) return 'server-changed';
  // Of a version without a record of its origin nothing is known.
  if (facts.server === undefined) return undefined;
  return (settings.requiredProfile ?? settings.preferredProfile) === facts.profile
    ? undefined
    : 'profile-changed';
}

/** Names that could not be validated are asked for again. */
function leftOutReason({ state }: Lineage, { version }: LiveFacts): Reason | undefined {
  return state?.leftOut?.version === version && state.leftOut.names.length > 0 ? 'names-left-out' : undefined;
}

function keyText(key: Lineage['settings']['key'] | NonNullable<LiveFacts['key']>): string {
  return key.type === 'rsa' ? `rsa ${key.bits}` : `ecdsa ${key.curve}`;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const wanted = new Set(left);
  return wanted.size === new Set(right).size && right.every((name) => wanted.has(name));
}

/** Failures of the past: who may be asked now, or until when to wait. */
function withServers(lineage: Lineage, decision: Decision, now: number, word: Word): Decision {
  const timing = lineage.live.kind === 'whole' ? timingOf(lineage, lineage.live.facts) : undefined;
  if (decision.action === 'redeploy') return withQueue(lineage, decision, now, word);
  if (!['issue', 'renew', 'resume'].includes(decision.action)) return decision;
  const { server, fallbackServers = [] } = lineage.settings;
  const servers = underWayFirst(lineage, [server, ...fallbackServers]);
  const failures = word === undefined ? (lineage.state?.failures ?? []) : [];
  const ask = serversToAsk(servers, failures, timing, now);
  if ('servers' in ask) return { ...decision, servers: ask.servers };
  const urgent = timing === undefined || isUrgent(timing, now);
  return { action: 'skip', reason: 'waiting', waiting: { ...ask, urgent } };
}

/** An order under way is at one CA: that one comes first. */
function underWayFirst({ pending }: Lineage, servers: readonly string[]): readonly string[] {
  if (pending?.kind !== 'ordered') return servers;
  const { server } = pending.order;
  return [server, ...servers.filter((other) => other !== server)];
}

function withQueue({ state, settings }: Lineage, decision: Decision, now: number, word: Word): Decision {
  const queue = decision.reason === 'not-deployed' && word === undefined ? state?.queue : undefined;
  const waits = queue !== undefined && !isOutdated(queue.entries, settings);
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
