import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { HttpResponse } from '../../system/http.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { foreignWords } from './words.ts';

/** What tells one provider's API from another. */
export interface ApiSpec {
  /** For messages. */
  readonly provider: string;
  /** URL that all paths follow. */
  readonly base: string;
  readonly headers: Readonly<Record<string, string>>;
  /** What no message may repeat. */
  readonly secrets: readonly string[];
  /** The API's own words in the JSON of a refusal. */
  readonly explain: (body: unknown) => string | undefined;
}

export interface ApiAnswer {
  readonly status: number;
  /** undefined: it is no JSON */
  readonly body: unknown;
}

/** All throw EvercertError dns-provider; the end of the run. */
export interface Api {
  /** Undefined when there is no such thing (404). */
  get<S extends v.GenericSchema>(path: string, schema: S): Promise<v.InferOutput<S> | undefined>;
  /** @param expected statuses that are no failure, beside 2xx */
  send(
    method: ProviderRequest['method'],
    path: string,
    body?: unknown,
    expected?: readonly number[],
  ): Promise<ApiAnswer>;
  parse<S extends v.GenericSchema>(schema: S, answer: ApiAnswer): v.InferOutput<S>;
  failed(why: string, hint: string): EvercertError;
}

/** Too many requests, or somebody else is at it. */
const PASSING = new Set([423, 429, 503]);
const TRIES = 5;
const LONGEST_WAIT_S = 90;
const NO_API = 'Check what stands between this machine and the API, such as a proxy; else please report it.';

type Edges = Pick<ProviderEdges, 'request' | 'sleep' | 'now'>;

/** JSON over HTTPS; waits where the API asks for it, within bounds. @throws EvercertError bad-settings: a base that is not safe */
export function createApi(spec: ApiSpec, edges: Edges): Api {
  const base = checkedBase(spec);
  const failed = (why: string, hint: string, cause?: unknown) =>
    new EvercertError('dns-provider', `${spec.provider}: ${foreignWords(why, spec.secrets)}`, hint, cause);
  const noJson = (status: number) => failed(`the API answered with status ${status} and no JSON`, NO_API);
  const ask = async (request: ProviderRequest): Promise<HttpResponse> => {
    for (let tries = 1; ; tries++) {
      const response = await edges.request(request).catch((error: unknown) => {
        throw unreachableApi(error, failed);
      });
      const wait = PASSING.has(response.status) ? waitSeconds(response, tries, edges.now()) : undefined;
      if (wait === undefined || wait > LONGEST_WAIT_S || tries === TRIES) return response;
      await edges.sleep(wait * 1000);
    }
  };
  const send: Api['send'] = async (method, path, body, expected = []) => {
    const headers = { accept: 'application/json', ...spec.headers };
    const request =
      body === undefined
        ? { method, url: base + path, headers }
        : {
            method,
            url: base + path,
            headers: { ...headers, 'content-type': 'application/json' },
            body: JSON.stringify(body),
          };
    const response = await ask(request);
    const answer = { status: response.status, body: jsonOf(response.body) };
    const isSuccess = Math.trunc(answer.status / 100) === 2 || expected.includes(answer.status);
    // A page of a proxy may well have status 200.
    if (isSuccess && answer.body === undefined && response.body.trim() !== '') throw noJson(answer.status);
    if (isSuccess) return answer;
    throw failed(refusal(spec, response, answer, edges.now()), hintFor(answer.status));
  };
  const parse: Api['parse'] = (schema, answer) => {
    const result = v.safeParse(schema, answer.body, { abortEarly: true });
    if (result.success) return result.output;
    const where = v.getDotPath(result.issues[0]) ?? 'the whole of it';
    if (answer.body === undefined) throw noJson(answer.status);
    throw failed(
      `the API answered with status ${answer.status} and JSON that makes no sense (${where})`,
      NO_API,
    );
  };
  return {
    send,
    parse,
    failed,
    get: async (path, schema) => {
      const answer = await send('GET', path, undefined, [404]);
      return answer.status === 404 ? undefined : parse(schema, answer);
    },
  };
}

function checkedBase({ provider, base }: ApiSpec): string {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  const isLocal = /^(?:localhost|127(?:\.\d+){3}|\[::1\])$/.test(url?.hostname ?? '');
  if (url?.protocol === 'https:' || (url?.protocol === 'http:' && isLocal)) return base.replace(/\/+$/, '');
  throw new EvercertError(
    'bad-settings',
    `the API of ${provider} must be an https URL`,
    'Correct api_url, or leave it out.',
  );
}

/** RFC 9110 section 10.2.3; without it 2, 4, 8 … */
function waitSeconds({ headers }: HttpResponse, tries: number, now: number): number {
  const { 'retry-after': asked = '' } = headers;
  if (/^\d{1,9}$/.test(asked)) return Number(asked);
  const until = Date.parse(asked);
  return Number.isNaN(until) ? 2 ** tries : Math.max(0, Math.ceil((until - now) / 1000));
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function refusal(spec: ApiSpec, response: HttpResponse, answer: ApiAnswer, now: number): string {
  const words = answer.body === undefined ? undefined : spec.explain(answer.body);
  const said = words === undefined || words.trim() === '' ? '' : `: ${words}`;
  const wait =
    PASSING.has(answer.status) && response.headers['retry-after'] !== undefined
      ? ` (it asks to wait ${waitSeconds(response, 1, now)} s)`
      : '';
  return `the API answered with status ${answer.status}${wait}${said}`;
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
  const ofNetwork = ['connection-failed', 'tls-failed', 'bad-answer'];
  if (!(error instanceof EvercertError) || !ofNetwork.includes(error.code)) return error;
  return failed(
    error.message,
    'Check the network, DNS and firewall of this machine, and api_url if it is set; the next run tries again.',
    error,
  );
}
