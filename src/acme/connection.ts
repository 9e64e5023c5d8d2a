import 'reflect-metadata';
import Client, { type RawReply } from 'acme-client/src/client.js';
import type * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import type { HttpResponse, SendHttp } from '../system/http.ts';
import { problemError, readProblem } from './problem.ts';
import { type Directory, DirectorySchema, readResource } from './resources.ts';
import { parseRetryAfter } from './retry-after.ts';

/** An external account binding (RFC 8555 section 7.3.4). The HMAC key is a secret: base64url. */
export interface ExternalAccount {
  readonly kid: string;
  readonly hmacKey: string;
}

export interface ConnectionOptions {
  readonly directoryUrl: string;
  /** Account key, PKCS#8 PEM. */
  readonly accountKey: string;
  readonly accountUrl?: string | undefined;
  readonly externalAccount?: ExternalAccount | undefined;
}

/** The edges that a conversation with a CA needs. */
export interface ConnectionEdges {
  readonly send: SendHttp;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly userAgent: string;
}

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
  now(): number;
}

/** What has no effect may be asked again: waits between the attempts, milliseconds. */
const RETRY_DELAYS_MS = [500, 2000];
/** A CA that wants a longer wait is left alone until the next run. */
const MAX_RETRY_AFTER_MS = 10_000;

export function connect(options: ConnectionOptions, edges: ConnectionEdges): Connection {
  const host = new URL(options.directoryUrl).host;
  const client = createClient(options, edges, host);
  const directory = memoize(() => fetchDirectory(options.directoryUrl, client, host, edges));
  const ask = async <S extends v.GenericSchema>(send: () => Promise<RawReply>, doing: string, schema: S) => {
    await directory();
    return typedReply(await send(), host, doing, schema, edges.clock.now());
  };
  const api = client.api;
  return {
    host,
    directory,
    accountUrl: () => api.accountUrl ?? undefined,
    postWithKey: async (url, payload, doing, schema) => {
      const withKey = { includeJwsKid: false, includeExternalAccountBinding: true };
      const reply = await ask(() => api.apiRequest(url, payload, [], withKey), doing, schema);
      api.accountUrl = reply.location ?? null;
      return reply;
    },
    post: (url, payload, doing, schema) => ask(() => api.apiRequest(url, payload, []), doing, schema),
    get: (url, doing, schema) =>
      ask(() => retrying(() => api.apiRequest(url, null, []), edges), doing, schema),
    keyAuthorization: (token) => client.getChallengeKeyAuthorization({ type: 'http-01', token }),
    sleep: (ms) => edges.clock.sleep(ms, edges.signal),
    now: () => edges.clock.now(),
  };
}

/** acme-client signs; the transport, the nonces and the errors are ours (docs/design.md says why). */
function createClient(options: ConnectionOptions, edges: ConnectionEdges, host: string): Client {
  const { directoryUrl, accountKey, accountUrl, externalAccount } = options;
  const client = new Client({
    directoryUrl,
    accountKey,
    ...(accountUrl === undefined ? {} : { accountUrl }),
    ...(externalAccount === undefined ? {} : { externalAccountBinding: externalAccount }),
  });
  const nonces: string[] = [];
  client.http.maxBadNonceRetries = 8;
  client.http.request = async (url, method, { data } = {}) => {
    const reply = rawReply(await edges.send(signedRequest(url, method, data, edges.userAgent), edges.signal));
    const nonce = reply.headers['replay-nonce'];
    // acme-client itself takes the nonce of a badNonce answer for its retry.
    if (nonce !== undefined && readProblem(reply.status, reply.data).type !== 'badNonce') nonces.push(nonce);
    return reply;
  };
  client.http.getNonce = async () => {
    if (nonces.length === 0) await fetchNonce(client, host, edges);
    return nonces.pop() ?? missingNonce(host);
  };
  return client;
}

async function fetchNonce(client: Client, host: string, edges: ConnectionEdges): Promise<void> {
  const { newNonce } = readResource(DirectorySchema, await client.http.getDirectory(), host, 'directory');
  const reply = await retrying(() => client.http.request(newNonce, 'head'), edges);
  if (reply.status >= 400) throw problemError(readProblem(reply.status, reply.data), host, 'newNonce');
}

function missingNonce(host: string): never {
  throw new EvercertError(
    'bad-answer',
    `${host} sent no nonce`,
    'This may be no ACME server: check --server, and any proxy in between.',
  );
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

function signedRequest(url: string, method: string, data: unknown, userAgent: string) {
  const headers = {
    'User-Agent': userAgent,
    'Accept-Language': 'en',
    ...(data === undefined ? {} : { 'Content-Type': 'application/jose+json' }),
  };
  const name = method.toUpperCase() === 'POST' ? 'POST' : method.toUpperCase() === 'HEAD' ? 'HEAD' : 'GET';
  return {
    url,
    method: name,
    headers,
    ...(data === undefined ? {} : { body: JSON.stringify(data) }),
  } as const;
}

function rawReply({ status, headers, body }: HttpResponse): RawReply {
  return { status, headers, data: /\bjson\b/.test(headers['content-type'] ?? '') ? parseJson(body) : body };
}

/** Text that should have been JSON stays text: the schema then refuses it. */
function parseJson(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return body;
  }
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

/** For requests without effect: once more after an outage of a moment. */
async function retrying(
  send: () => Promise<RawReply>,
  { clock, signal }: ConnectionEdges,
): Promise<RawReply> {
  for (const delay of RETRY_DELAYS_MS) {
    const wait = await attempt(send, delay, clock.now());
    if (typeof wait !== 'number') return wait;
    await clock.sleep(wait, signal);
  }
  return send();
}

async function attempt(
  send: () => Promise<RawReply>,
  delay: number,
  now: number,
): Promise<RawReply | number> {
  try {
    const reply = await send();
    if (reply.status < 500 && reply.status !== 429) return reply;
    const wait = parseRetryAfter(reply.headers['retry-after'], now) ?? delay;
    return wait > MAX_RETRY_AFTER_MS ? reply : wait;
  } catch (error) {
    if (error instanceof EvercertError && error.code === 'connection-failed') return delay;
    throw error;
  }
}

function memoize<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
