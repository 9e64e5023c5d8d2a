import type * as v from 'valibot';
import { EvercertError, systemCode } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import type { HttpResponse, SendHttp } from '../system/http.ts';
import { problemError, problemOf, readProblem } from './problem.ts';
import {
  type Directory,
  DirectorySchema,
  insecureUrl,
  RenewalInfoSchema,
  readResource,
} from './resources.ts';
import { parseRetryAfter } from './retry-after.ts';

/** When a CA would like a certificate to be renewed. Times are milliseconds since 1970. */
export interface RenewalInfoAnswer {
  readonly start: number;
  readonly end: number;
  /** To show to the operator, never to be fetched. */
  readonly explanationUrl: string | undefined;
  /** How long the CA wants us to wait before we ask again; not clamped. */
  readonly retryAfterMs: number | undefined;
}

export interface RenewalInfo {
  /**
   * Asks once, without an account; each CA's directory is fetched once, and an error of it holds for the run.
   *
   * @param renewalId the certificate identifier, as in LeafFacts
   * @throws EvercertError connection-failed, tls-failed, acme-problem, bad-answer; the signal's reason
   */
  poll(directoryUrl: string, renewalId: string): Promise<RenewalInfoAnswer | 'unsupported'>;
}

interface Edges {
  readonly send: SendHttp;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly userAgent: string;
}

/** Renewal information (RFC 9773) of one run. */
export function createRenewalInfo(edges: Edges): RenewalInfo {
  const directories = new Map<string, Promise<Directory>>();
  const directoryOf = (url: string) => {
    const directory = directories.get(url) ?? fetchDirectory(url, edges);
    directories.set(url, directory);
    return directory;
  };
  return {
    poll: async (directoryUrl, renewalId) => {
      const { renewalInfo } = await directoryOf(directoryUrl);
      if (renewalInfo === undefined) return 'unsupported';
      return ask(`${renewalInfo.replace(/\/$/, '')}/${renewalId}`, directoryUrl, edges);
    },
  };
}

async function fetchDirectory(url: string, edges: Edges): Promise<Directory> {
  return readAnswer(await get(url, edges), url, 'directory', DirectorySchema);
}

async function ask(url: string, directoryUrl: string, edges: Edges): Promise<RenewalInfoAnswer> {
  const { host, protocol } = new URL(directoryUrl);
  if (protocol === 'https:' && !url.startsWith('https:')) throw insecureUrl(host, url);
  const response = await get(url, edges);
  const { suggestedWindow, explanationURL } = readAnswer(response, url, 'renewalInfo', RenewalInfoSchema);
  const { start, end } = suggestedWindow;
  if (start >= end) throw badWindow(host);
  const retryAfterMs = parseRetryAfter(response.headers['retry-after'], edges.clock.now());
  return { start, end, explanationUrl: explanationURL, retryAfterMs };
}

function get(url: string, { send, signal, userAgent }: Edges): Promise<HttpResponse> {
  const headers = { 'User-Agent': userAgent, Accept: 'application/json', 'Accept-Language': 'en' };
  return send({ url, method: 'GET', headers }, signal);
}

function readAnswer<S extends v.GenericSchema>(
  { status, body }: HttpResponse,
  url: string,
  what: string,
  schema: S,
): v.InferOutput<S> {
  const { host } = new URL(url);
  const json = parseJson(body);
  if (status !== 200) throw problemError(readProblem(status, json), host, what);
  return readResource(schema, json, host, what);
}

function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** RFC 9773 section 4.2: such an answer counts as none. */
function badWindow(host: string): EvercertError {
  return new EvercertError(
    'bad-answer',
    `${host} sent a renewal window that ends before it begins`,
    'The certificate is renewed by its age instead. If this repeats, tell the CA.',
  );
}

/** The network's errors that may be over in a moment. */
const PASSING = new Set([
  'ABORT_ERR',
  'ECONNABORTED',
  'ECONNRESET',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'ETIMEDOUT',
]);

/**
 * How soon a failed poll may be repeated (RFC 9773 section 4.3.3): after a growing wait, or only when the long one
 * (six hours) is over. Time-outs, cut connections, status 429 and 5xx are temporary; all else is long-term: invalid
 * objects, other statuses, names that do not resolve, refused connections.
 */
export function pollFailureKind(error: EvercertError): 'temporary' | 'long-term' {
  const status = problemOf(error)?.status;
  if (status !== undefined) return status >= 500 || status === 429 ? 'temporary' : 'long-term';
  const code = error.code === 'connection-failed' ? systemCode(error.cause) : undefined;
  return code !== undefined && PASSING.has(code) ? 'temporary' : 'long-term';
}
