import * as http from 'node:http';
import * as https from 'node:https';
import { isIP } from 'node:net';
import { reach, type Unreached } from './reach.ts';

/** A GET that goes to one address, whatever its name resolves to. */
export interface HttpQuestion {
  readonly address: string;
  readonly port: number;
  /** By TLS, whatever the certificate. */
  readonly secure: boolean;
  /** Of the URL: a name or an address, IPv6 in brackets. */
  readonly host: string;
  readonly path: string;
}

export interface HttpAnswer {
  readonly kind: 'answer';
  readonly status: number;
  /** Of a redirect. */
  readonly location: string | undefined;
  /** The first KiB, as UTF-8. */
  readonly body: string;
}

/**
 * Asks once, as a CA does for http-01: without a proxy, without trust in the certificate, following no redirect.
 *
 * @param timeoutMs for all of it
 * @throws the signal's reason
 */
export type ProbeHttp = (
  question: HttpQuestion,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<HttpAnswer | Unreached>;

const MAX_BYTES = 1024;

export const probeHttp: ProbeHttp = (question, timeoutMs, signal) =>
  reach(timeoutMs, signal, async (ended, connected) => readBeginning(await ask(question, ended, connected)));

function ask(
  { address, port, secure, host, path }: HttpQuestion,
  signal: AbortSignal,
  connected: () => void,
): Promise<http.IncomingMessage> {
  const { request } = secure ? https : http;
  const hostHeader = port === (secure ? 443 : 80) ? host : `${host}:${port}`;
  const headers = { Host: hostHeader, 'User-Agent': 'evercert self-check', Accept: '*/*' };
  const servername = isIP(host.replace(/^\[|\]$/g, '')) === 0 ? host : '';
  const trust = secure ? { rejectUnauthorized: false, servername } : {};
  return new Promise((resolve, reject) => {
    const outgoing = request({ host: address, port, path, headers, signal, agent: false, ...trust });
    outgoing.once('socket', (socket) => socket.once('connect', connected));
    outgoing.once('response', resolve).on('error', reject);
    outgoing.end();
  });
}

async function readBeginning(incoming: http.IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= MAX_BYTES) break;
  }
  const body = Buffer.concat(chunks).subarray(0, MAX_BYTES).toString('utf8');
  return { kind: 'answer', status: incoming.statusCode ?? 0, location: incoming.headers.location, body };
}
