import * as http from 'node:http';
import * as https from 'node:https';
import type { Socket } from 'node:net';
import * as tls from 'node:tls';
import { createDeadline } from './deadline.ts';
import { httpError, proxyAnswered, proxyRefused, timedOut } from './http-errors.ts';
import type { HttpProxy } from './proxy.ts';

interface TunnelLimits {
  readonly connectTimeoutMs: number;
}

type Connected = (error: Error | null, socket?: Socket) => void;

/**
 * Has an agent reach TLS servers through a proxy. The handshake is with the server: the proxy sees its name only.
 *
 * @param signal ends tunnels that are still being dug
 */
export function throughProxy(
  agent: https.Agent,
  proxy: HttpProxy,
  limits: TunnelLimits,
  signal: AbortSignal,
): https.Agent {
  const createConnection = (options: tls.ConnectionOptions, connected: Connected) => {
    const host = options.host ?? '';
    const target = `${host.includes(':') ? `[${host}]` : host}:${options.port}`;
    dig(proxy, target, options.secureContext, limits, signal).then(
      (socket) => connected(null, tls.connect({ ...options, socket })),
      connected,
    );
  };
  return Object.assign(agent, { createConnection });
}

/** CONNECT (RFC 9110 section 9.3.6). @throws EvercertError connection-failed, tls-failed */
async function dig(
  proxy: HttpProxy,
  target: string,
  secureContext: tls.SecureContext | undefined,
  { connectTimeoutMs }: TunnelLimits,
  signal: AbortSignal,
): Promise<Socket> {
  const deadline = createDeadline(signal);
  const tooLate = `the proxy ${proxy.name} did not connect us to ${target} within ${connectTimeoutMs / 1000} s`;
  deadline.after(connectTimeoutMs, () => timedOut(tooLate));
  try {
    return await requestTunnel(proxy, target, secureContext, deadline.signal);
  } catch (error) {
    deadline.signal.throwIfAborted();
    throw httpError(`the proxy ${proxy.name}`, error);
  } finally {
    deadline.end();
  }
}

function requestTunnel(
  proxy: HttpProxy,
  target: string,
  secureContext: tls.SecureContext | undefined,
  signal: AbortSignal,
): Promise<Socket> {
  const { host, port, authorization } = proxy;
  const headers = { Host: target, ...(authorization && { 'Proxy-Authorization': authorization }) };
  const options = {
    ...{ host, port, method: 'CONNECT', path: target, headers, signal, secureContext },
    agent: false as const,
  };
  return new Promise((resolve, reject) => {
    const request = proxy.secure ? https.request(options) : http.request(options);
    request.once('error', reject);
    request.once('connect', ({ statusCode = 0 }, socket: Socket, early) => {
      const refused = statusCode < 200 || statusCode > 299;
      if (!refused && early.length === 0) return resolve(socket);
      socket.destroy();
      reject(
        refused
          ? proxyAnswered(proxy, target, statusCode)
          : proxyRefused(proxy, target, 'spoke before its turn'),
      );
    });
    request.end();
  });
}
