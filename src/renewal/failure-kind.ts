import type { ErrorCode } from '../errors.ts';
import type { FailureKind } from './backoff.ts';

/** What is known of the error of an attempt. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  /** Of a problem document (RFC 8555 section 6.7), without its prefix. */
  readonly problem?: { readonly type: string; readonly status: number } | undefined;
  /** The problems of the names that were not validated. */
  readonly challenges?: readonly string[] | undefined;
}

const KINDS: Partial<Record<ErrorCode, FailureKind>> = {
  'connection-failed': 'network',
  'tls-failed': 'network',
  'bad-answer': 'ca',
  'order-failed': 'ca',
  'order-timeout': 'ca',
  'chain-bad': 'ca',
  'challenge-unsupported': 'input',
  'hook-failed': 'hook',
};

const PROBLEM_KINDS: Record<string, FailureKind> = {
  rateLimited: 'rate-limit',
  serverInternal: 'ca',
  badNonce: 'ca',
  orderNotReady: 'ca',
  alreadyReplaced: 'ca',
  caa: 'validation',
  connection: 'validation',
  dns: 'validation',
  incorrectResponse: 'validation',
  tls: 'validation',
  unauthorized: 'validation',
};

const OUTAGES = new Set([502, 503, 504]);

/** Whose fault a failed attempt is: decides when the next one is made, and where. */
export function kindOf({ code, problem, challenges }: ErrorFacts): FailureKind {
  if (code === 'challenge-failed') return challengesKind(challenges ?? []);
  if (code !== 'acme-problem' || problem === undefined) return KINDS[code] ?? 'local';
  const known = PROBLEM_KINDS[problem.type];
  if (known === 'ca' || known === undefined) return byStatus(problem.status) ?? known ?? 'input';
  return known;
}

/** Only if all of them are the CA's own. */
function challengesKind(types: readonly string[]): FailureKind {
  const kinds = new Set(types.map((type) => PROBLEM_KINDS[type] ?? 'validation'));
  const [only] = kinds;
  return kinds.size === 1 && only !== undefined ? only : 'validation';
}

function byStatus(status: number): FailureKind | undefined {
  if (status === 429) return 'rate-limit';
  if (OUTAGES.has(status)) return 'network';
  if (status >= 500) return 'ca';
  return undefined;
}
