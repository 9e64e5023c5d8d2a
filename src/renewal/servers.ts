import type { Failure } from '../lineage/state.ts';
import { nextAttemptAt } from './backoff.ts';
import type { Timing } from './due.ts';

/** Which CAs may be asked now, in the operator's order; or until when to wait, and because of what. */
export type Ask =
  | { readonly servers: readonly [string, ...string[]] }
  | { readonly until: number; readonly failure: Failure };

type Wait = Extract<Ask, { until: number }>;

/**
 * A CA that waits is passed over for what another one can help. For what it cannot (our input, names that were not
 * validated) no later one is asked: it would answer the same.
 *
 * @param servers the CA, then the fallbacks; one at least
 * @param timing undefined when nothing is live yet
 */
export function serversToAsk(
  servers: readonly string[],
  failures: readonly Failure[],
  timing: Timing | undefined,
  now: number,
): Ask {
  const here = waitFor(failures, '', timing, now);
  if (here !== undefined) return here;
  const free: string[] = [];
  const waits: Wait[] = [];
  for (const server of servers) {
    const wait = waitFor(failures, server, timing, now);
    if (wait === undefined) free.push(server);
    else waits.push(wait);
    if (wait !== undefined && !movesOn(wait.failure)) break;
  }
  const [first, ...others] = free;
  return first === undefined ? soonestOf(waits) : { servers: [first, ...others] };
}

/**
 * Whether a lineage goes on to the next CA of its list: an outage, a rate limit, no account there or not what is wanted on
 * offer, the second fault of a CA in a row.
 */
export function movesOn({ kind, count }: Pick<Failure, 'kind' | 'count'>): boolean {
  return kind === 'network' || kind === 'rate-limit' || kind === 'account' || (kind === 'ca' && count > 1);
}

function waitFor(
  failures: readonly Failure[],
  server: string,
  timing: Timing | undefined,
  now: number,
): Wait | undefined {
  const failure = failures.find((each) => each.server === server);
  if (failure === undefined) return undefined;
  const until = nextAttemptAt(failure, timing, now);
  return until > now ? { until, failure } : undefined;
}

function soonestOf(waits: readonly Wait[]): Wait {
  const [soonest] = [...waits].sort((left, right) => left.until - right.until);
  if (soonest === undefined) throw new TypeError('no CA is set');
  return soonest;
}
