import type { BrokenLineage, Lineage } from '../lineage/scan.ts';
import type { LiveFacts, State } from '../lineage/state.ts';
import type { Timing } from './due.ts';

/** What the time of a renewal depends on, as state alone tells it. */
export function rememberedTiming(lineage: string, state: State, live: LiveFacts): Timing {
  const { version, notBefore, notAfter } = live;
  const { renewBefore, renewalInfo } = state;
  const chosenAt = renewalInfo?.version === version ? renewalInfo.chosenAt : undefined;
  return { lineage, notBefore, notAfter, renewBefore, chosenAt };
}

/**
 * Whether a lineage of which all files are as they were needs nothing: not due, nobody is to be asked about it, and it
 * is not known to be revoked.
 *
 * @param due as rememberedTiming and dueAt tell
 */
export function isIdle(state: State, live: LiveFacts, due: number, now: number): boolean {
  const isRevoked = state.revocation?.version === live.version && state.revocation.status === 'revoked';
  return now < due && !isRevoked && state.leftOut === undefined && now < nextLookAt(state, live, now);
}

const DAY_MS = 86_400_000;

/**
 * When the CA is to be asked about the live version: never about one that has ended (RFC 9773 section 4.3.3), or that
 * names nobody to ask.
 */
export function nextLookAt(state: State | undefined, live: LiveFacts, now: number): number {
  return Math.min(nextPollAt(state, live, now), nextCheckAt(state, live, now));
}

/**
 * Whether somebody is to be asked now about what is live. Not where an earlier run ended around the swap: first that is
 * finished.
 */
export function wantsLook(lineage: Lineage | BrokenLineage, now: number): boolean {
  if (lineage.kind === 'broken' || lineage.live.kind !== 'whole') return false;
  const { pending, state, live } = lineage;
  if (pending?.kind === 'published' || pending?.kind === 'swapped') return false;
  return now < live.facts.notAfter && nextLookAt(state, live.facts, now) <= now;
}

/** @returns milliseconds since 1970; 0 when it was never asked */
export function nextPollAt(state: State | undefined, live: LiveFacts, now: number): number {
  const { renewalId = '', server, version } = live;
  if (renewalId === '' || server === undefined) return Infinity;
  return state?.renewalInfo?.version === version ? plausible(state.renewalInfo.nextPollAt, now) : 0;
}

/** The same for a revocation: a new certificate is not asked about on its first day, or tenth of a short life. */
export function nextCheckAt(state: State | undefined, live: LiveFacts, now: number): number {
  const { responder, crl, version, notBefore, notAfter } = live;
  if ((responder ?? crl) === undefined) return Infinity;
  if (state?.revocation?.version === version) return plausible(state.revocation.nextCheckAt, now);
  return notBefore + Math.min(DAY_MS, (notAfter - notBefore) / 10);
}

/** Nothing is put off for longer than a day: the clock was ahead when that was written. */
function plausible(at: number, now: number): number {
  return at > now + DAY_MS ? 0 : at;
}
