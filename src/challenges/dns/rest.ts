import * as v from 'valibot';
import { EvercertError, systemCode } from '../../errors.ts';
import type { HttpResponse } from '../../system/http.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { foreignWords } from './words.ts';

export interface RestSpec {
  /** For messages. */
  readonly provider: string;
  /** What no message may repeat. */
  readonly secrets: readonly string[];
  /** The API's own words in a refusal. */
  readonly explain: (response: HttpResponse) => string | undefined;
  /** Refusals that mean the same as status 429, if there are others. */
  readonly isBusy?: (response: HttpResponse) => boolean;
}

/** All throw EvercertError dns-provider; the end of the run. */
export interface Rest {
  /** The answer; waits where the API asks for it, within bounds. @param expected statuses that are no failure, beside 2xx */
  ask(request: ProviderRequest, expected?: readonly number[]): Promise<HttpResponse>;
  /** @param body undefined: it was no JSON */
  parse<S extends v.GenericSchema>(schema: S, status: number, body: unknown): v.InferOutput<S>;
  /** The body as JSON of that shape. */
  read<S extends v.GenericSchema>(schema: S, response: HttpResponse): v.InferOutput<S>;
  refused(response: HttpResponse): EvercertError;
  /** @param cause where it may be that what was asked for is done all the same */
  failed(why: string, hint: string, cause?: unknown): EvercertError;
  /** An answer that is none of the API's. */
  senseless(why: string): EvercertError;
  /** Another secret, such as a token that was fetched: no message repeats it from now on. */
  hide(secret: string): void;
}

/** Too many requests, or somebody else is at it. */
const PASSING = new Set([423, 429, 503]);
const TRIES = 5;
const LONGEST_WAIT_S = 90;
const NO_API = 'Check what stands between this machine and the API, such as a proxy; else please report it.';

export function createRest(spec: RestSpec, edges: Pick<ProviderEdges, 'request' | 'sleep' | 'now'>): Rest {
  const secrets = new Set(spec.secrets);
  const failed = (why: string, hint: string, cause?: unknown) =>
    new EvercertError('dns-provider', `${spec.provider}: ${foreignWords(why, secrets)}`, hint, cause);
  const senseless = (why: string) => failed(why, NO_API, new TypeError('no answer of the API'));
  const refused = (response: HttpResponse) => {
    const { status } = response;
    return failed(
      refusal(spec, response, edges.now()),
      hintFor(status),
      status >= 500 ? { status } : undefined,
    );
  };
  const send = async (request: ProviderRequest): Promise<HttpResponse> => {
    for (let tries = 1; ; tries++) {
      const response = await edges.request(request).catch((error: unknown) => {
        throw unreachableApi(error, failed);
      });
      const isPassing = PASSING.has(response.status) || spec.isBusy?.(response) === true;
      const wait = isPassing ? waitSeconds(response, tries, edges.now()) : undefined;
      if (wait === undefined || wait > LONGEST_WAIT_S || tries === TRIES) return response;
      await edges.sleep(wait * 1000);
    }
  };
  const parse: Rest['parse'] = (schema, status, body) => {
    if (body === undefined) throw senseless(`the API answered with status ${status} and no JSON`);
    const result = v.safeParse(schema, body, { abortEarly: true });
    if (result.success) return result.output;
    const where = v.getDotPath(result.issues[0]) ?? 'the whole of it';
    throw senseless(`the API answered with status ${status} and JSON that makes no sense (${where})`);
  };
  return {
    failed,
    refused,
    senseless,
    hide: (secret) => void secrets.add(secret),
    parse,
    ask: async (request, expected = []) => {
      const response = await send(request);
      if (Math.trunc(response.status / 100) === 2 || expected.includes(response.status)) return response;
      throw refused(response);
    },
    read: (schema, { status, body }) => parse(schema, status, jsonOf(body)),
  };
}

export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** @throws EvercertError bad-settings: a URL that is not safe */
export function checkedUrl(provider: string, url: string): string {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(parsed?.hostname ?? '');
  if (parsed?.protocol === 'https:' || (parsed?.protocol === 'http:' && isLocal))
    return url.replace(/\/+$/, '');
  throw new EvercertError(
    'bad-settings',
    `the API of ${provider} must be an https URL`,
    'Correct api_url, or leave it out.',
  );
}

/** Of a server of the operator's own, who may know the way there to be safe. @throws EvercertError bad-settings */
export function ownServerUrl(provider: string, url: string): string {
  if (/^https?:\/\//.test(url) && URL.canParse(url)) return url.replace(/\/+$/, '');
  throw new EvercertError(
    'bad-settings',
    `the server of ${provider} has no URL`,
    'Write it as https://HOST/PATH.',
  );
}

/** RFC 9110 section 10.2.3; without it 2, 4, 8 … */
function waitSeconds({ headers }: HttpResponse, tries: number, now: number): number {
  const { 'retry-after': asked = '' } = headers;
  if (/^\d{1,9}$/.test(asked)) return Number(asked);
  const until = Date.parse(asked);
  return Number.isNaN(until) ? 2 ** tries : Math.max(0, Math.ceil((until - now) / 1000));
}

function refusal(spec: RestSpec, response: HttpResponse, now: number): string {
  const words = spec.explain(response)?.trim() ?? '';
  const wait =
    PASSING.has(response.status) && response.headers['retry-after'] !== undefined
      ? ` (it asks to wait ${waitSeconds(response, 1, now)} s)`
      : '';
  return `the API answered with status ${response.status}${wait}${words === '' ? '' : `: ${words}`}`;
}

function hintFor(status: number): string {
  if (status === 401 || status === 403)
    return 'Check the credentials, and that they may write records of this zone (docs/dns.md says what rights are needed).';
  if (status === 404)
    return 'Check that the zone is one of this account, and that the credentials may see it.';
  if (PASSING.has(status) || status >= 500)
    return 'The provider is busy or in trouble; the next run tries again.';
  return 'See the words of the API above; docs/dns.md says what the provider needs.';
}

/** Codes of the network would mean the CA, and make the run turn to another. */
function unreachableApi(
  error: unknown,
  failed: (why: string, hint: string, cause: unknown) => EvercertError,
) {
  if (systemCode(error) === 'ERR_INVALID_URL')
    return failed(
      'one of its URLs is none',
      'Correct it in the credentials: https://HOST, and a path if there is one.',
      undefined,
    );
  const ofNetwork = ['connection-failed', 'tls-failed', 'bad-answer'];
  if (!(error instanceof EvercertError) || !ofNetwork.includes(error.code)) return error;
  return failed(
    error.message,
    'Check the network, DNS and firewall of this machine, and api_url if it is set; the next run tries again.',
    error,
  );
}
