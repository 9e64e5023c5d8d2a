import type Client from 'acme-client/src/client.js';
import type { RawReply } from 'acme-client/src/client.js';
import type * as v from 'valibot';
import { once } from '../promises.ts';
import { problemError, readProblem } from './problem.ts';
import { accountKeeper, type Recover } from './recovery.ts';
import { type Directory, DirectorySchema, readResource } from './resources.ts';
import { retrying } from './retry.ts';
import { parseRetryAfter } from './retry-after.ts';
import { type ConnectionEdges, type ConnectionOptions, createClient } from './signed-client.ts';

/** A successful answer. */
export interface Reply<T> {
  readonly body: T;
  readonly location: string | undefined;
  readonly link: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/** A conversation with one CA by one account: signed requests with pooled nonces, typed answers, typed problems. */
export interface Connection {
  readonly host: string;
  directory(): Promise<Directory>;
  accountUrl(): string | undefined;
  /** Signed by the key itself, not by the account that it has yet: newAccount. */
  postWithKey<S extends v.GenericSchema>(
    url: string,
    payload: object,
    doing: string,
    schema: S,
  ): Promise<Reply<v.InferOutput<S>>>;
  post<S extends v.GenericSchema>(
    url: string,
    payload: object,
    doing: string,
    schema: S,
  ): Promise<Reply<v.InferOutput<S>>>;
  /** POST-as-GET (RFC 8555 section 6.3). */
  get<S extends v.GenericSchema>(url: string, doing: string, schema: S): Promise<Reply<v.InferOutput<S>>>;
  /** RFC 8555 section 8.1. */
  keyAuthorization(token: string): Promise<string>;
  sleep(ms: number): Promise<void>;
  /** Milliseconds that no step of the wall clock changes: for deadlines. */
  monotonic(): number;
}

/** @param recover called once, should the CA not know the account or not trust it */
export function connect(
  options: ConnectionOptions,
  edges: ConnectionEdges,
  recover: Recover = async () => undefined,
): Connection {
  const host = new URL(options.directoryUrl).host;
  const client = createClient(options, edges, host);
  const directory = once(() => fetchDirectory(options.directoryUrl, client, host, edges));
  const ask = async <S extends v.GenericSchema>(
    url: string,
    send: () => Promise<RawReply>,
    doing: string,
    schema: S,
  ) => {
    await directory();
    const reply = typedReply(await send(), host, doing, schema, edges.clock.now());
    return { ...reply, location: absoluteUrl(reply.location, url) };
  };
  const api = client.api;
  const connection: Connection = {
    host,
    directory,
    accountUrl: () => api.accountUrl ?? undefined,
    postWithKey: async (url, payload, doing, schema) => {
      const isNew = !('onlyReturnExisting' in payload);
      const withKey = { includeJwsKid: false, includeExternalAccountBinding: isNew };
      const reply = await ask(url, () => api.apiRequest(url, payload, [], withKey), doing, schema);
      api.accountUrl = reply.location ?? null;
      return reply;
    },
    post: (url, payload, doing, schema) =>
      ask(url, () => keeping(() => api.apiRequest(url, payload, [])), doing, schema),
    get: (url, doing, schema) =>
      ask(url, () => keeping(() => retrying(() => api.apiRequest(url, null, []), edges)), doing, schema),
    keyAuthorization: (token) => client.getChallengeKeyAuthorization({ type: 'http-01', token }),
    sleep: (ms) => edges.clock.sleep(ms, edges.signal),
    monotonic: () => edges.clock.monotonic(),
  };
  const keeping = accountKeeper(connection, recover);
  return connection;
}

async function fetchDirectory(
  url: string,
  client: Client,
  host: string,
  edges: ConnectionEdges,
): Promise<Directory> {
  const reply = await retrying(() => client.http.request(url, 'get'), edges);
  const { body } = typedReply(reply, host, 'directory', DirectorySchema, edges.clock.now());
  client.http.getDirectory = async () => body;
  return body;
}

function typedReply<S extends v.GenericSchema>(
  reply: RawReply,
  host: string,
  doing: string,
  schema: S,
  now: number,
): Reply<v.InferOutput<S>> {
  const retryAfterMs = parseRetryAfter(reply.headers['retry-after'], now);
  if (reply.status < 200 || reply.status > 299)
    throw problemError(readProblem(reply.status, reply.data, retryAfterMs), host, doing);
  return {
    body: readResource(schema, reply.data, host, doing),
    location: reply.headers.location,
    link: reply.headers.link,
    retryAfterMs,
  };
}

/** A Location may be relative (RFC 9110 section 10.2.2); one that is no URL counts for nothing. */
function absoluteUrl(location: string | undefined, base: string): string | undefined {
  if (location === undefined || !URL.canParse(location, base)) return undefined;
  return new URL(location, base).href;
}
