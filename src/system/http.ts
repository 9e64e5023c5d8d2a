import * as http from 'node:http';
import * as https from 'node:https';
import { EvercertError } from '../errors.ts';
import { createDeadline, type Deadline } from './deadline.ts';
import { createGate, type Gate } from './gate.ts';
import { connectionFailed, httpError, proxyAnswered, timedOut } from './http-errors.ts';
import { type Environment, type HttpProxy, proxyFor } from './proxy.ts';
import { trustBeside } from './trust.ts';
import { throughProxy } from './tunnel.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** As UTF-8. */
  readonly body: string;
  readonly bytes: Buffer;
}

/**
 * Sends one request and reads the whole answer.
 *
 * @throws EvercertError connection-failed, tls-failed, bad-answer (larger than `maxBytes`, cut off), usage (a proxy
 * variable that makes no sense); the signal's reason
 */
export type SendHttp = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

export interface HttpLimits {
  /** Until there is a connection, TLS and any proxy included, milliseconds. */
  readonly connectTimeoutMs: number;
  /** For the whole exchange, milliseconds; waiting for one of the sockets is not part of it. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Connections to one host at a time. */
  readonly maxSockets: number;
}

/** A slow network is no reason to give an address up so early as Node does (0.25 s). */
const NEXT_ADDRESS_MS = 2500;

/**
 * @param ca PEM roots trusted beside the system's
 * @param environment for the variables of proxies, and NODE_EXTRA_CA_CERTS
 */
export function createHttpSender(
  limits: HttpLimits,
  ca: string | undefined,
  environment: Environment,
): { send: SendHttp; close: () => void } {
  const agents = createAgents(limits, ca, environment);
  const gates = new Map<string, Gate>();
  const gateOf = (origin: string): Gate => {
    const gate = gates.get(origin) ?? createGate(limits.maxSockets);
    gates.set(origin, gate);
    return gate;
  };
  return {
    send: async (request, signal) => {
      const url = new URL(request.url);
      const proxy = proxyFor(url, environment);
      const route = { url, proxy, agent: agents.of(url, proxy) };
      return gateOf(url.origin)(() => exchange(request, route, limits, signal), signal);
    },
    close: agents.close,
  };
}

interface Route {
  readonly url: URL;
  readonly proxy: HttpProxy | undefined;
  readonly agent: http.Agent;
}

/** One agent for each way to a server: the environment names one proxy for TLS at most. */
function createAgents(limits: HttpLimits, ca: string | undefined, environment: Environment) {
  const closing = new AbortController();
  const options = {
    keepAlive: true,
    maxSockets: limits.maxSockets,
    autoSelectFamilyAttemptTimeout: NEXT_ADDRESS_MS,
  };
  const secureOptions =
    ca === undefined ? options : { ...options, secureContext: trustBeside(ca, environment) };
  const plain = new http.Agent(options);
  const secure = new https.Agent(secureOptions);
  const tunnels = new https.Agent(secureOptions);
  return {
    of: (url: URL, proxy: HttpProxy | undefined): http.Agent => {
      if (url.protocol !== 'https:') return proxy?.secure ? secure : plain;
      return proxy === undefined ? secure : throughProxy(tunnels, proxy, limits, closing.signal);
    },
    close: () => {
      closing.abort(connectionFailed('the connection is no longer needed'));
      for (const agent of [plain, secure, tunnels]) agent.destroy();
    },
  };
}

async function exchange(
  request: HttpRequest,
  route: Route,
  limits: HttpLimits,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { url, proxy } = route;
  const way = proxy === undefined ? url.host : `${url.host} through the proxy ${proxy.name}`;
  const deadline = createDeadline(signal);
  deadline.after(limits.timeoutMs, () =>
    timedOut(`${way} did not answer within ${limits.timeoutMs / 1000} s`),
  );
  const connected = deadline.after(limits.connectTimeoutMs, () =>
    timedOut(`there was no connection to ${way} within ${limits.connectTimeoutMs / 1000} s`),
  );
  try {
    return await readAnswer(await ask(request, route, deadline, connected), url.host, limits.maxBytes);
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw httpError(proxy !== undefined && url.protocol === 'http:' ? `the proxy ${proxy.name}` : way, error);
  } finally {
    deadline.end();
  }
}

/** @param connected is called once there is a connection */
function ask(
  request: HttpRequest,
  route: Route,
  { signal }: Deadline,
  connected: () => void,
): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = start(request, route, signal);
    // A request that still waits for its tunnel says nothing of being aborted.
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
    outgoing.once('socket', (socket) => {
      if (outgoing.reusedSocket) connected();
      else socket.once(route.agent instanceof https.Agent ? 'secureConnect' : 'connect', connected);
    });
    outgoing.once('response', (incoming) => {
      const refused = route.proxy !== undefined && incoming.statusCode === 407;
      if (!refused) return resolve(incoming);
      incoming.destroy();
      reject(proxyAnswered(route.proxy, route.url.host, 407));
    });
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

/** To a proxy goes the absolute form (RFC 9112 section 3.2.2), unless there is a tunnel. */
function start(request: HttpRequest, { url, proxy, agent }: Route, signal: AbortSignal): http.ClientRequest {
  const { method } = request;
  const headers = headersOf(request);
  if (proxy === undefined || url.protocol === 'https:') {
    const { request: open } = url.protocol === 'https:' ? https : http;
    return open(url, { method, headers, agent, signal });
  }
  const { host, port, authorization } = proxy;
  const path = `${url.origin}${url.pathname}${url.search}`;
  const more = { Host: url.host, ...(authorization && { 'Proxy-Authorization': authorization }) };
  const { request: open } = proxy.secure ? https : http;
  return open({ host, port, path, method, headers: { ...headers, ...more }, agent, signal });
}

/** Node itself leaves out the length of what a DELETE sends, and the server then takes it for another request. */
function headersOf({ headers, body }: HttpRequest): Readonly<Record<string, string>> {
  return body === undefined ? headers : { ...headers, 'content-length': String(Buffer.byteLength(body)) };
}

async function readAnswer(
  incoming: http.IncomingMessage,
  host: string,
  maxBytes: number,
): Promise<HttpResponse> {
  const bytes = await readBody(incoming, host, maxBytes);
  return {
    status: incoming.statusCode ?? 0,
    headers: flatten(incoming.headers),
    bytes,
    get body() {
      return bytes.toString('utf8');
    },
  };
}

async function readBody(incoming: http.IncomingMessage, host: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new EvercertError(
        'bad-answer',
        `${host} answered with more than ${maxBytes} bytes`,
        'This is no ACME answer: check --server, and any proxy in between.',
      );
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function flatten(headers: http.IncomingHttpHeaders): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [[name, String(value)] as const],
  );
  return Object.fromEntries(entries);
}
