import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { HttpResponse } from '../../system/http.ts';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { foreignWords } from './words.ts';

/** What the API of one provider is like. */
export interface ApiTraits {
  /** Of the provider, for messages. */
  readonly name: string;
  /** Never told, though the API may repeat them. */
  readonly secrets: readonly string[];
  /** The API's own words in an answer that is no success, if there are any. */
  readonly wordsOf: (response: HttpResponse) => string | undefined;
  /** What to check when it refuses who asks (status 401 and 403). */
  readonly rights: string;
  /** Answers that mean the same as status 429, if there are others. */
  readonly isBusy?: (response: HttpResponse) => boolean;
}

/** All that these throw is dns-provider, but for the end of the run. */
export interface Api {
  /** The answer, of whatever status; asks again a few times when the server has no time just now. */
  send(request: ProviderRequest): Promise<HttpResponse>;
  /** The answer when it is a success. @param doing for messages: 'the list of zones' */
  ask(doing: string, request: ProviderRequest): Promise<HttpResponse>;
  /** The body as JSON of that shape. */
  read<S extends v.GenericSchema>(schema: S, doing: string, response: HttpResponse): v.InferOutput<S>;
  /** What an answer that is no success means for the operator. */
  refusal(doing: string, response: HttpResponse): EvercertError;
  /** Any other trouble, in our words. */
  failure(what: string, hint: string): EvercertError;
}

const TRIES = 4;
const FIRST_WAIT_MS = 1000;
const LONGEST_WAIT_MS = 30_000;

export function createApi(traits: ApiTraits, edges: Pick<ProviderEdges, 'request' | 'sleep'>): Api {
  const failure = (what: string, hint: string, cause?: unknown) =>
    new EvercertError('dns-provider', `${traits.name}: ${what}`, hint, cause);
  const refusal = (doing: string, response: HttpResponse) => {
    const words = foreignWords(traits.wordsOf(response) ?? '', traits.secrets);
    const told = [`status ${response.status}`, words].filter(Boolean).join(': ');
    return failure(`${doing} was refused: ${told}`, hintOf(response.status, traits));
  };
  const send = async (request: ProviderRequest) => {
    let wait = FIRST_WAIT_MS;
    for (let left = TRIES - 1; ; left -= 1) {
      const response = await exchange(request, traits, edges);
      if (left === 0 || !(isPassing(request, response) || traits.isBusy?.(response))) return response;
      await edges.sleep(retryAfter(response) ?? wait);
      wait *= 2;
    }
  };
  return {
    send,
    refusal,
    failure,
    ask: async (doing, request) => {
      const response = await send(request);
      if (response.status < 200 || response.status > 299) throw refusal(doing, response);
      return response;
    },
    read: (schema, doing, { body }) => {
      const result = v.safeParse(schema, jsonOf(body), { abortEarly: true });
      if (result.success) return result.output;
      const where = v.getDotPath(result.issues[0]);
      throw senseless(failure, doing, where === null ? undefined : foreignWords(where, traits.secrets));
    },
  };
}

/** @param what in it is wrong */
export function senseless(
  failure: (what: string, hint: string) => EvercertError,
  doing: string,
  what: string | undefined,
): EvercertError {
  return failure(
    `the answer to ${doing} makes no sense${what === undefined ? '' : ` (${what})`}`,
    'Something else than the API may have answered (a proxy, a wrong URL). If it repeats, report it.',
  );
}

/** The value of a body of JSON; undefined when it is none. */
export function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** What a body of JSON says where it is of that shape. */
export function wordsBy<S extends v.GenericSchema>(
  schema: S,
  wordsOf: (value: v.InferOutput<S>) => string,
): ApiTraits['wordsOf'] {
  return ({ body }) => {
    const result = v.safeParse(schema, jsonOf(body));
    return result.success ? wordsOf(result.output) : undefined;
  };
}

/** Codes of a connection, which would mean the CA. */
const OF_THE_NETWORK = new Set(['connection-failed', 'tls-failed', 'bad-answer']);

async function exchange(
  request: ProviderRequest,
  { name }: ApiTraits,
  edges: Pick<ProviderEdges, 'request'>,
): Promise<HttpResponse> {
  try {
    return await edges.request(request);
  } catch (error) {
    if (!(error instanceof EvercertError) || !OF_THE_NETWORK.has(error.code)) throw error;
    throw new EvercertError('dns-provider', `${name}: ${error.message}`, error.hint, error);
  }
}

/** Whether the server did nothing, and may do it soon: 500, 502 and 504 leave open what a change has done. */
function isPassing({ method }: ProviderRequest, { status }: HttpResponse): boolean {
  return status === 429 || status === 503 || (method === 'GET' && [500, 502, 504].includes(status));
}

function retryAfter({ headers }: HttpResponse): number | undefined {
  const seconds = /^\d{1,5}$/.exec(headers['retry-after'] ?? '')?.[0];
  return seconds === undefined ? undefined : Math.min(Number(seconds) * 1000, LONGEST_WAIT_MS);
}

function hintOf(status: number, { rights }: ApiTraits): string {
  if (status === 401 || status === 403) return rights;
  if (status === 429) return 'It is asked too often; the next run tries again.';
  if (status >= 500) return 'Its server is in trouble; the next run tries again.';
  if (status >= 300 && status < 400) return 'It has moved: correct the URL of the API.';
  return `Check that the zone is in this account, and the credentials: ${rights}`;
}
