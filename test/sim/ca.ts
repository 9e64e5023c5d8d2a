import type { ErrorFacts } from '../../src/renewal/failure-kind.ts';
import type { Suggestion } from '../../src/renewal/renewal-info.ts';
import { type Bucket, createBucket, take } from './bucket.ts';
import { DAY, HOUR, isIn, type Random, type Span } from './time.ts';

/** A CA that keeps the limits of Let's Encrypt, and suggests windows as it does. */
export interface ModelCa {
  readonly server: string;
  readonly lifetime: number;
  readonly hasAri: boolean;
  readonly outages: readonly Span[];
  /** When no name can be validated. */
  readonly failing: readonly Span[];
  readonly random: Random;
  readonly sets: Map<string, Bucket>;
  readonly domains: Map<string, Bucket>;
  readonly validations: Map<string, Bucket>;
  readonly orders: Bucket;
  readonly counts: CaCounts;
}

export interface CaCounts {
  polls: number;
  failedPolls: number;
  issued: number;
  /** Renewals inside the suggested window: no limit counts them. */
  exempt: number;
  outages: number;
  notValidated: number;
  /** Attempts beyond a limit: a well-behaved client makes none. */
  limited: number;
}

type CaTraits = Pick<ModelCa, 'server' | 'lifetime' | 'hasAri' | 'random'> &
  Partial<Pick<ModelCa, 'outages' | 'failing'>>;

export function createCa(traits: CaTraits, now: number): ModelCa {
  const none = { polls: 0, failedPolls: 0, issued: 0, exempt: 0, outages: 0, notValidated: 0, limited: 0 };
  return {
    outages: [],
    failing: [],
    ...traits,
    sets: new Map(),
    domains: new Map(),
    validations: new Map(),
    orders: createBucket(300, 3 * HOUR, now),
    counts: none,
  };
}

export interface Leaf {
  readonly server: string;
  readonly notBefore: number;
  readonly notAfter: number;
}

export type Outcome = { readonly leaf: Leaf } | Refusal;
export interface Refusal extends ErrorFacts {
  readonly retryAfterMs?: number;
}

/** One order of one exact set of names, which is a registered domain of its own. */
export function order(ca: ModelCa, set: string, replaced: Leaf | undefined, now: number): Outcome {
  const { counts } = ca;
  if (isIn(ca.outages, now)) {
    counts.outages += 1;
    return { code: 'connection-failed' };
  }
  const isExempt = replaced !== undefined && replaced.server === ca.server && isInWindow(ca, replaced, now);
  const wait = isExempt ? 0 : takeAll(ca, set, now);
  if (wait > 0) return limited(ca, wait);
  if (isIn(ca.failing, now)) return notValidated(ca, set, now);
  counts.issued += 1;
  if (isExempt) counts.exempt += 1;
  const notBefore = now - HOUR;
  return { leaf: { server: ca.server, notBefore, notAfter: notBefore + ca.lifetime } };
}

/** New orders and the registered domain count only for a set that is new. */
function takeAll(ca: ModelCa, set: string, now: number): number {
  const known = ca.sets.get(set);
  if (known !== undefined) return take(known, now);
  const domain = createBucket(50, 7 * DAY, now);
  ca.domains.set(set, domain);
  const fresh = createBucket(5, 7 * DAY, now);
  ca.sets.set(set, fresh);
  return Math.max(take(ca.orders, now), take(domain, now), take(fresh, now));
}

function limited({ counts }: ModelCa, retryAfterMs: number): Refusal {
  counts.limited += 1;
  return { code: 'acme-problem', problem: { type: 'rateLimited', status: 429 }, retryAfterMs };
}

/** Five failures an hour; an order that fails is no certificate: its tokens come back. */
function notValidated(ca: ModelCa, set: string, now: number): Refusal {
  const bucket = ca.validations.get(set) ?? createBucket(5, HOUR, now);
  ca.validations.set(set, bucket);
  const known = ca.sets.get(set);
  if (known !== undefined) known.tokens = Math.min(known.size, known.tokens + 1);
  const wait = take(bucket, now);
  if (wait > 0) return limited(ca, wait);
  ca.counts.notValidated += 1;
  return { code: 'challenge-failed', challenges: ['connection'] };
}

/** Two thirds of the life, half of a short one, and a hundredth to each side. */
export function windowOf(leaf: Leaf): { start: number; end: number } {
  const life = leaf.notAfter - leaf.notBefore;
  const ideal = leaf.notBefore + (life < 10 * DAY ? life / 2 : (life * 2) / 3);
  return { start: Math.round(ideal - life / 100), end: Math.round(ideal + life / 100) };
}

function isInWindow({ hasAri }: ModelCa, leaf: Leaf, now: number): boolean {
  const { start, end } = windowOf(leaf);
  return hasAri && start <= now && now <= end;
}

export function renewalInfo(ca: ModelCa, leaf: Leaf, now: number): Suggestion | 'temporary' | 'none' {
  if (!ca.hasAri) return 'none';
  ca.counts.polls += 1;
  if (isIn(ca.outages, now)) {
    ca.counts.failedPolls += 1;
    return 'temporary';
  }
  return { ...windowOf(leaf), retryAfterMs: 6 * HOUR * (0.8 + 0.4 * ca.random()) };
}
