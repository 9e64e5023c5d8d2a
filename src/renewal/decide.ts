import { EvercertError } from '../errors.ts';
import type { Action, Reason } from '../events.ts';
import type { BrokenLineage, Lineage } from '../lineage/scan.ts';
import type { LiveFacts } from '../lineage/state.ts';
import { dueAt } from './due.ts';

/** What one run will do to one lineage, and why. */
export interface Plan {
  readonly name: string;
  readonly action: Action;
  readonly reason: Reason;
  /** Milliseconds since 1970; undefined where no whole version is live. */
  readonly dueAt?: number;
  readonly error?: EvercertError;
}

/** @param forced the operator asks for a new certificate whatever its age */
export function decide(lineage: Lineage | BrokenLineage, now: number, forced: boolean): Plan {
  if (lineage.kind === 'broken') return broken(lineage.name, lineage.error);
  const { name, live, pending } = lineage;
  if (live.kind === 'damaged') {
    return live.blocked || !forced ? broken(name, live.error) : { name, action: 'renew', reason: 'forced' };
  }
  if (live.kind === 'whole') {
    const due = dueAt(live.facts.notBefore, live.facts.notAfter);
    return { name, dueAt: due, ...decideWhole(lineage, live.facts, now, forced) };
  }
  if (pending?.kind === 'published') return { name, action: 'promote', reason: 'published-not-live' };
  if (pending?.kind === 'ordered') return { name, action: 'resume', reason: 'interrupted' };
  return { name, action: 'issue', reason: 'never-issued' };
}

type Decision = Pick<Plan, 'action' | 'reason' | 'error'>;

function decideWhole(lineage: Lineage, facts: LiveFacts, now: number, forced: boolean): Decision {
  const { pending } = lineage;
  const age = ageReason(facts, now);
  if (lineage.pinned && !forced) return pinned(lineage.name, facts, age);
  if (pending?.kind === 'ordered') return { action: 'resume', reason: 'interrupted' };
  if (pending?.kind === 'published') return { action: 'promote', reason: 'published-not-live' };
  const reason = driftReason(lineage, facts) ?? age;
  if (reason !== undefined) return { action: 'renew', reason };
  // What was asked for is done but for its end.
  if (pending?.kind === 'swapped') return { action: 'redeploy', reason: 'interrupted' };
  if (forced) return { action: 'renew', reason: 'forced' };
  if (lineage.deployed !== facts.version) return { action: 'redeploy', reason: 'not-deployed' };
  return { action: 'skip', reason: 'not-due' };
}

function ageReason({ notBefore, notAfter }: LiveFacts, now: number): Reason | undefined {
  if (now >= notAfter) return 'expired';
  return now >= dueAt(notBefore, notAfter) ? 'due' : undefined;
}

/** The certificate is not what the settings ask for; they may have been edited. */
function driftReason({ settings }: Lineage, { names, key }: LiveFacts): Reason | undefined {
  if (!sameSet(settings.names, names)) return 'names-changed';
  return key !== undefined && keyText(key) === keyText(settings.key) ? undefined : 'key-changed';
}

function keyText(key: Lineage['settings']['key'] | NonNullable<LiveFacts['key']>): string {
  return key.type === 'rsa' ? `rsa ${key.bits}` : `ecdsa ${key.curve}`;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const wanted = new Set(left);
  return wanted.size === new Set(right).size && right.every((name) => wanted.has(name));
}

/** The operator's rollback stands, but not silently until it has expired. */
function pinned(name: string, { version }: LiveFacts, age: Reason | undefined): Decision {
  if (age === undefined) return { action: 'skip', reason: 'pinned' };
  const message = `${name} is due, but live/${name} was moved to ${version} by hand and is left alone`;
  const hint = `When the rollback is over: evercert renew --cert-name ${name} --force-renewal`;
  return { action: 'broken', reason: 'pinned', error: new EvercertError('lineage-pinned', message, hint) };
}

function broken(name: string, error: EvercertError): Plan {
  return { name, action: 'broken', reason: 'damaged', error };
}
