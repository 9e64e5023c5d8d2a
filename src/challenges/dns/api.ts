import type * as v from 'valibot';
import type { ProviderEdges, ProviderRequest } from './provider.ts';
import { checkedUrl, createRest, jsonOf, type Rest } from './rest.ts';

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
  failed: Rest['failed'];
}

/** JSON over HTTPS; waits where the API asks for it, within bounds. @throws EvercertError bad-settings: a base that is not safe */
export function createApi(spec: ApiSpec, edges: Pick<ProviderEdges, 'request' | 'sleep' | 'now'>): Api {
  const { provider, secrets, explain } = spec;
  const base = checkedUrl(provider, spec.base);
  const explainText = ({ body: text }: { readonly body: string }) => {
    const body = jsonOf(text);
    return body === undefined ? undefined : explain(body);
  };
  const rest = createRest({ provider, secrets, explain: explainText }, edges);
  const send: Api['send'] = async (method, path, body, expected) => {
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
    const response = await rest.ask(request, expected);
    const answer = { status: response.status, body: jsonOf(response.body) };
    // A page of a proxy may well have status 200.
    if (answer.body === undefined && response.body.trim() !== '')
      throw rest.senseless(`the API answered with status ${answer.status} and no JSON`);
    return answer;
  };
  const parse: Api['parse'] = (schema, { status, body }) => rest.parse(schema, status, body);
  return {
    send,
    parse,
    failed: rest.failed,
    get: async (path, schema) => {
      const answer = await send('GET', path, undefined, [404]);
      return answer.status === 404 ? undefined : parse(schema, answer);
    },
  };
}
