import { hintOfType } from '../acme/hints.ts';
import { readProblem } from '../acme/problem.ts';
import type { Authorization, Challenge as Offer } from '../acme/resources.ts';
import { EvercertError } from '../errors.ts';
import { type ChallengeFailure, challengeFailed } from './failures.ts';

/** As the order has it: wildcards with their "*.". */
export function nameOf({ identifier, wildcard }: Authorization): string {
  return wildcard === true ? `*.${identifier.value}` : identifier.value;
}

/** Why a CA will not go on with an order: by its authorizations, or else by what it says of the order itself. */
export function refusal(
  host: string,
  authorizations: readonly Authorization[],
  orderError?: unknown,
): EvercertError {
  const failed = authorizations.flatMap(failuresOf);
  const [first] = failed;
  if (first !== undefined) {
    const challenge = authorizations.map(failedChallenge).find((each) => each !== undefined)?.type;
    return challengeFailed(host, failed, hintOfFailure(first.type, challenge));
  }
  const problem = readProblem(0, orderError);
  const why = problem.detail === '' ? 'it does not say why' : `${problem.type}: ${problem.detail}`;
  return new EvercertError(
    'order-failed',
    `${host} called the order invalid: ${why}`,
    `${hintOfType(problem.type) ?? 'See what the CA says above.'} The next run places a new order.`,
    problem,
  );
}

function failuresOf(authorization: Authorization): ChallengeFailure[] {
  if (authorization.status === 'valid' || authorization.status === 'pending') return [];
  const name = nameOf(authorization);
  const failed = failedChallenge(authorization);
  if (failed === undefined) return [{ name, type: authorization.status, detail: 'the CA gives no reason' }];
  const { type, detail } = readProblem(0, failed.error);
  return [{ name, type, detail }];
}

function failedChallenge({ challenges }: Authorization): Offer | undefined {
  return challenges.find(({ error }) => error !== undefined);
}

/** The same word means something else of a validation than of a request, and of each challenge. */
const UNAUTHORIZED: ReadonlyMap<string, string> = new Map([
  [
    'http-01',
    'The CA got another answer than ours: check that the name leads to this machine and that -w is what its web server serves.',
  ],
  [
    'tls-alpn-01',
    'The CA got another certificate than ours: check that the name leads to this machine, and that connections for acme-tls/1 on port 443 come to evercert.',
  ],
  [
    'dns-persist-01',
    'evercert dns persist-value prints the record that the CA looks for; it holds for this account alone.',
  ],
]);
const OTHER_RECORD =
  'The CA saw another TXT record than ours: check that all name servers of the zone show the same, and where a CNAME of _acme-challenge leads.';

const ENDED = new Set(['invalid', 'deactivated', 'expired', 'revoked']);

function hintOfFailure(type: string, challenge: string | undefined): string {
  if (ENDED.has(type)) return 'The next run places a new order.';
  if (type === 'unauthorized' && challenge !== undefined) return UNAUTHORIZED.get(challenge) ?? OTHER_RECORD;
  return hintOfType(type) ?? 'See what the CA says above.';
}
