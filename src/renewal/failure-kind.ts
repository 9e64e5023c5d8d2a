import type { ErrorCode } from '../errors.ts';
import type { FailureKind } from './backoff.ts';

/** What is known of the error of an attempt. */
export interface ErrorFacts {
  readonly code: ErrorCode;
  /** Of a problem document (RFC 8555 section 6.7), without its prefix. */
  readonly problem?: { readonly type: string; readonly status: number } | undefined;
  /** The types of the problems of the names that were not validated, or of the parts of a compound problem. */
  readonly challenges?: readonly string[] | undefined;
}

/** 'account': what another CA may do without, or have. */
const KINDS: Partial<Record<ErrorCode, FailureKind>> = {
  'connection-failed': 'network',
  'tls-failed': 'network',
  'bad-answer': 'ca',
  'order-failed': 'ca',
  'order-timeout': 'ca',
  'chain-bad': 'ca',
  'challenge-unsupported': 'account',
  'terms-not-agreed': 'account',
  'email-missing': 'account',
  'eab-missing': 'account',
  'account-deactivated': 'account',
  'account-damaged': 'account',
  'account-missing': 'account',
  'profile-unsupported': 'account',
  'propagation-timeout': 'validation',
  'caa-forbids': 'validation',
  'bad-csr': 'input',
  'hook-failed': 'hook',
};

/** Types come from outside: a plain object would know 'constructor' too. */
const PROBLEM_KINDS: ReadonlyMap<string, FailureKind> = new Map([
  ['rateLimited', 'rate-limit'],
  ['serverInternal', 'ca'],
  ['badNonce', 'ca'],
  ['orderNotReady', 'ca'],
  ['alreadyReplaced', 'ca'],
  ['accountDoesNotExist', 'account'],
  ['externalAccountRequired', 'account'],
  ['userActionRequired', 'account'],
  ['caa', 'validation'],
  ['connection', 'validation'],
  ['dns', 'validation'],
  ['incorrectResponse', 'validation'],
  ['tls', 'validation'],
  ['unauthorized', 'validation'],
  // No problem document: a page of a proxy, or of a CA that is not itself, says nothing about what we asked.
  ['about:blank', 'ca'],
]);

const OUTAGES = new Set([408, 502, 503, 504]);

/** Whose fault a failed attempt is: decides when the next one is made, and where. */
export function kindOf({ code, problem, challenges = [] }: ErrorFacts): FailureKind {
  if (code === 'challenge-failed') return challengesKind(challenges);
  if (code !== 'acme-problem' || problem === undefined) return KINDS[code] ?? 'local';
  if (problem.type === 'compound' && challenges.length > 0) return partsKind(challenges);
  const known = PROBLEM_KINDS.get(problem.type);
  if (known === 'ca' || known === undefined) return byStatus(problem.status) ?? known ?? 'input';
  return known;
}

/** The CA's own only if all of them are. */
function challengesKind(types: readonly string[]): FailureKind {
  return onlyOne(types.map((type) => PROBLEM_KINDS.get(type) ?? 'validation')) ?? 'validation';
}

function partsKind(types: readonly string[]): FailureKind {
  return onlyOne(types.map((type) => PROBLEM_KINDS.get(type) ?? 'input')) ?? 'input';
}

function onlyOne(kinds: readonly FailureKind[]): FailureKind | undefined {
  return new Set(kinds).size === 1 ? kinds[0] : undefined;
}

function byStatus(status: number): FailureKind | undefined {
  if (status === 429) return 'rate-limit';
  if (OUTAGES.has(status)) return 'network';
  // A page of maintenance, say: it does not speak ACME just now.
  if (status >= 500 || (status >= 300 && status < 400)) return 'ca';
  return undefined;
}
