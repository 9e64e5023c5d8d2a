import type { Failure } from '../lineage/state.ts';
import { nextAttemptAt } from './backoff.ts';
import type { Timing } from './due.ts';

/** Which CAs may be asked now, in the operator's order; or until when to wait, and because of what. */
export type Ask =
  | { readonly servers: readonly [string, ...string[]] }
  | { readonly until: number; readonly failure: Failure };

/**
 * @param servers the CA, then the fallbacks
 * @param timing undefined when nothing is live yet
 */
export function serversToAsk(
  servers: readonly string[],
  failures: readonly Failure[],
  timing: Timing | undefined,
  now: number,
): Ask {
  const here = waitingFailure(failures, '', timing, now);
  if (here !== undefined) return here;
  const waits = servers.map((server) => waitingFailure(failures, server, timing, now));
  const [first, ...others] = servers.filter((_, index) => waits[index] === undefined);
  // A fallback is for what a CA cannot help; for an error of ours the next one would answer the same.
  const blocked = waits[0];
  const [soonest] = waits
    .filter((wait) => wait !== undefined)
    .sort((left, right) => left.until - right.until);
  if (first !== undefined && (blocked === undefined || movesOn(blocked.failure))) {
    return { servers: [first, ...others] };
  }
  return blocked !== undefined && !movesOn(blocked.failure) ? blocked : (soonest ?? noServer());
}

/** Whether a lineage goes on to the next CA of its list: an outage, a rate limit, the second fault of a CA in a row. */
export function movesOn({ kind, count }: Pick<Failure, 'kind' | 'count'>): boolean {
  return kind === 'network' || kind === 'rate-limit' || (kind === 'ca' && count > 1);
}

function waitingFailure(
  failures: readonly Failure[],
  server: string,
  timing: Timing | undefined,
  now: number,
): { until: number; failure: Failure } | undefined {
  const failure = failures.find((each) => each.server === server);
  if (failure === undefined) return undefined;
  const until = nextAttemptAt(failure, timing, now);
  return until > now ? { until, failure } : undefined;
}

function noServer(): never {
  throw new TypeError('no CA is set');
}
