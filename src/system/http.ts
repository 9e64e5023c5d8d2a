import * as http from 'node:http';
import * as https from 'node:https';
import { EvercertError, systemCode } from '../errors.ts';

export interface HttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
}

export interface HttpResponse {
  readonly status: number;
  /** Names in lower case; repeated headers joined by a comma. */
  readonly headers: Readonly<Record<string, string>>;
  /** The body as UTF-8. */
  readonly body: string;
  readonly bytes: Buffer;
}

/**
 * Sends one request and reads the whole answer.
 *
 * @throws EvercertError connection-failed, tls-failed, bad-answer (larger than `maxBytes`, cut off); the signal's reason
 */
export type SendHttp = (request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>;

export interface HttpLimits {
  /** For the whole exchange, milliseconds. */
  readonly timeoutMs: number;
  readonly maxBytes: number;
  /** Connections to one host at a time. */
  readonly maxSockets: number;
}

/** @param ca PEM roots trusted instead of the system's */
export function createHttpSender(
  limits: HttpLimits,
  ca: string | undefined,
): { send: SendHttp; close: () => void } {
  const options = { keepAlive: true, maxSockets: limits.maxSockets };
  const plain = new http.Agent(options);
  const secure = new https.Agent(ca === undefined ? options : { ...options, ca });
  return {
    send: (request, signal) =>
      send(request, request.url.startsWith('https:') ? secure : plain, limits, signal),
    close: () => {
      plain.destroy();
      secure.destroy();
    },
  };
}

async function send(
  request: HttpRequest,
  agent: http.Agent,
  limits: HttpLimits,
  signal: AbortSignal,
): Promise<HttpResponse> {
  signal.throwIfAborted();
  const timeout = AbortSignal.timeout(limits.timeoutMs);
  try {
    return await exchange(request, agent, limits.maxBytes, AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    throw httpError(request.url, error, timeout.aborted ? limits.timeoutMs : undefined);
  }
}

function exchange(
  request: HttpRequest,
  agent: http.Agent,
  maxBytes: number,
  signal: AbortSignal,
): Promise<HttpResponse> {
  const { request: start } = request.url.startsWith('https:') ? https : http;
  return new Promise((resolve, reject) => {
    const outgoing = start(
      request.url,
      { method: request.method, headers: { ...request.headers }, agent, signal },
      (incoming) => {
        readBody(incoming, request.url, maxBytes).then(
          (bytes) =>
            resolve({
              status: incoming.statusCode ?? 0,
              headers: flatten(incoming.headers),
              body: bytes.toString('utf8'),
              bytes,
            }),
          reject,
        );
      },
    );
    outgoing.on('error', reject);
    outgoing.end(request.body);
  });
}

async function readBody(incoming: http.IncomingMessage, url: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > maxBytes)
      throw new EvercertError(
        'bad-answer',
        `${hostOf(url)} answered with more than ${maxBytes} bytes`,
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

function httpError(url: string, error: unknown, timedOutAfterMs: number | undefined): unknown {
  if (error instanceof EvercertError) return error;
  const host = hostOf(url);
  const code = systemCode(error);
  if (timedOutAfterMs !== undefined)
    return connectionFailed(`${host} did not answer within ${timedOutAfterMs / 1000} s`, error);
  if (code === undefined) return error;
  if (/CERT|SSL|TLS|SIGNATURE|ISSUER/.test(code)) {
    return new EvercertError(
      'tls-failed',
      `the TLS certificate of ${host} was refused: ${(error as Error).message}`,
      'If this is your own CA, name its root with --ca-bundle FILE; else check the clock of this machine and what stands in between.',
      error,
    );
  }
  return connectionFailed(`cannot reach ${host}: ${reasonOf(code, error)}`, error);
}

function reasonOf(code: string, error: unknown): string {
  switch (code) {
    case 'ECONNREFUSED':
      return 'connection refused';
    case 'ECONNRESET':
    case 'EPIPE':
      return 'the connection was cut off';
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
      return 'its name does not resolve';
    default:
      return error instanceof Error ? error.message : code;
  }
}

function connectionFailed(message: string, cause: unknown): EvercertError {
  return new EvercertError(
    'connection-failed',
    message,
    'Check the network, DNS and firewall of this machine, then run the same again; renew does so by itself.',
    cause,
  );
}

function hostOf(url: string): string {
  return new URL(url).host;
}
