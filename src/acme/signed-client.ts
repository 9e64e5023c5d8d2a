import 'reflect-metadata';
import Client, { type RawReply } from 'acme-client/src/client.js';
import { EvercertError } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import type { HttpResponse, SendHttp } from '../system/http.ts';
import { loadPrivateKey } from '../x509/keys.ts';
import { problemError, readProblem } from './problem.ts';
import { DirectorySchema, insecureUrl, readResource } from './resources.ts';
import { retrying } from './retry.ts';

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

/** acme-client signs; the transport, the nonces and the errors are ours (docs/design.md says why). */
export function createClient(options: ConnectionOptions, edges: ConnectionEdges, host: string): Client {
  const { directoryUrl, accountKey, accountUrl, externalAccount } = options;
  const client = new Client({
    directoryUrl,
    accountKey,
    ...(accountUrl === undefined ? {} : { accountUrl }),
    ...(externalAccount === undefined ? {} : { externalAccountBinding: externalAccount }),
  });
  // As PEM it would be parsed for each signature.
  client.http.getJwk();
  client.http.accountKey = loadPrivateKey(accountKey, 'the account key');
  const nonces: string[] = [];
  client.http.maxBadNonceRetries = 12;
  const isSecure = directoryUrl.startsWith('https:');
  client.http.request = async (url, method, { data } = {}) => {
    if (isSecure && !url.startsWith('https:')) throw insecureUrl(host, url);
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
