import { type Problem, problemOf } from '../acme/problem.ts';
import { type ErrorCode, EvercertError } from '../errors.ts';
import type { Finding } from '../events.ts';

/** A name that the CA could not validate. */
export interface ChallengeFailure {
  /** With `*.` if it is a wildcard. */
  readonly name: string;
  /** Of the CA's problem ('caa', 'dns' …), or the status of the authorization when it gives no reason ('expired' …). */
  readonly type: string;
  readonly detail: string;
}

/** @param failed one or more */
export function challengeFailed(
  host: string,
  failed: readonly ChallengeFailure[],
  hint: string,
): EvercertError {
  return new EvercertError(
    'challenge-failed',
    `${host} could not validate ${failed.map(({ name }) => name).join(', ')}`,
    hint,
    { failed },
    failed.map(({ name, type, detail }) => `${name}: ${type}: ${detail}`),
  );
}

/** CAA records forbid a CA to issue for these names: it need not be asked. @param found one or more */
export function caaForbids(
  host: string,
  found: readonly (Finding & { readonly code: 'caa-forbids' })[],
): EvercertError {
  const failed = found.flatMap(({ names, owner, allowed, identities }) => {
    const others = allowed.length === 0 ? 'no CA at all' : `only ${allowed.join(', ')}`;
    const detail = `the CAA records of ${owner} allow ${others}, not ${identities.join(' or ')}`;
    return names.map((name) => ({ name, type: 'caa', detail }));
  });
  const [identity = ''] = found.flatMap(({ identities }) => identities);
  return new EvercertError(
    'caa-forbids',
    `${host} may not issue for ${failed.map(({ name }) => name).join(', ')}`,
    `Add a CAA record with the tag ${found[0]?.tag} and the value "${identity}", or use another CA (--server). The CA was not asked.`,
    { failed },
    failed.map(({ name, detail }) => `${name}: ${detail}`),
  );
}

const BY_NAME = new Set<string>(['challenge-failed', 'caa-forbids'] satisfies ErrorCode[]);

/** The names that an order failed by, each with its reason; none if it did not fail by a validation. */
export function challengeFailuresOf(error: unknown): readonly ChallengeFailure[] {
  if (!(error instanceof EvercertError) || !BY_NAME.has(error.code)) return [];
  return (error.cause as { readonly failed: readonly ChallengeFailure[] }).failed;
}

/** What the CA said against an order: the refusal of a request, or the error of an order that it called invalid. */
export function orderProblemOf(error: unknown): Problem | undefined {
  if (!(error instanceof EvercertError) || error.code !== 'order-failed') return problemOf(error);
  return error.cause as Problem | undefined;
}

/** Problems that are a name's fault, so that the CA may quote it. */
const ABOUT_NAMES = new Set(['rejectedIdentifier', 'unsupportedIdentifier', 'caa', 'dns']);

/**
 * Those of the names asked for that an order failed by: they could not be validated, or the CA refused them, in
 * subproblems (RFC 8555 section 6.7.1) or in words that quote a name (as Boulder does if there is only one).
 */
export function failedNamesOf(error: unknown, asked: readonly string[]): string[] {
  const named = [...challengeFailuresOf(error).map(({ name }) => name), ...refusedNames(error)];
  const failed = new Set(named.map((name) => name.toLowerCase()));
  return asked.filter((name) => failed.has(name));
}

function refusedNames(error: unknown): string[] {
  const problem = orderProblemOf(error);
  if (problem === undefined) return [];
  const identified = problem.subproblems.flatMap(({ identifier }) => identifier ?? []);
  if (identified.length > 0 || !ABOUT_NAMES.has(problem.type)) return identified;
  return [...problem.detail.matchAll(/"([^"\s]{1,255})"/g)].map(([, name = '']) => name);
}
