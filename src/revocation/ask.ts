import pLimit, { type LimitFunction } from 'p-limit';
import type { EvercertError } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import type { HttpRequest, HttpResponse, SendHttp } from '../system/http.ts';
import { revocationUnknown } from '../x509/revocation.ts';

export interface Edges {
  readonly send: SendHttp;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly userAgent: string;
}

const HOSTS_AT_A_TIME = 8;
const REQUESTS_PER_HOST = 4;
const REQUEST_MS = 10_000;

/** Sends one request; its headers are completed. */
export type Ask = (request: HttpRequest) => Promise<HttpResponse>;

/**
 * Bounds what goes out at a time, in all and to one host. A host that once let the time run out is not asked again: the
 * others would wait behind it.
 */
export function createAsker(edges: Edges): Ask {
  const all = pLimit(HOSTS_AT_A_TIME * REQUESTS_PER_HOST);
  const hosts = new Map<string, { readonly limit: LimitFunction; silent?: EvercertError }>();
  return (request) => {
    const { host } = new URL(request.url);
    const entry = hosts.get(host) ?? { limit: pLimit(REQUESTS_PER_HOST) };
    hosts.set(host, entry);
    const silence = revocationUnknown(`${host} did not answer within ${REQUEST_MS / 1000} s`);
    const sendInTime = async () => {
      if (entry.silent !== undefined) throw entry.silent;
      const headers = { ...request.headers, 'User-Agent': edges.userAgent };
      return within(REQUEST_MS, edges, silence, (signal) => edges.send({ ...request, headers }, signal));
    };
    const remember = (error: unknown) => {
      if (error === silence) entry.silent = silence;
      throw error;
    };
    return entry.limit(() => all(() => sendInTime().catch(remember)));
  };
}

/** Runs something that ends when its signal is aborted: by the time, with `late`, or by the signal of the edges. */
export async function within<T>(
  ms: number,
  { clock, signal }: Pick<Edges, 'clock' | 'signal'>,
  late: EvercertError,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const timer = new AbortController();
  const over = new AbortController();
  clock.sleep(ms, over.signal).then(
    () => timer.abort(late),
    () => undefined,
  );
  try {
    return await run(AbortSignal.any([signal, timer.signal]));
  } finally {
    over.abort();
  }
}
