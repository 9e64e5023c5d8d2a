import * as http from 'node:http';
import { EvercertError, systemCode } from '../errors.ts';

export interface ResponderServer {
  close(): Promise<void>;
}

/** The answer to a GET of `path`, or undefined for 404. */
export type Respond = (path: string) => string | undefined;

/**
 * A small HTTP server; an empty address means all, IPv6 and IPv4.
 *
 * @throws EvercertError port-in-use
 */
export type ListenHttp = (address: string, port: number, respond: Respond) => Promise<ResponderServer>;

export const listenHttp: ListenHttp = async (address, port, respond) => {
  try {
    return await listen(address, port, respond);
  } catch (error) {
    if (address === '' && systemCode(error) === 'EAFNOSUPPORT') return listenHttp('0.0.0.0', port, respond);
    throw listenError(address, port, error);
  }
};

function listen(address: string, port: number, respond: Respond): Promise<ResponderServer> {
  const server = http.createServer((request, response) => {
    const body = request.method === 'GET' ? respond(request.url ?? '') : undefined;
    response.writeHead(body === undefined ? 404 : 200, {
      'Content-Type': 'application/octet-stream',
      Connection: 'close',
    });
    response.end(body ?? '');
  });
  server.headersTimeout = 5000;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host: address === '' ? '::' : address }, () =>
      resolve({ close: () => close(server) }),
    );
  });
}

function close(server: http.Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function listenError(address: string, port: number, error: unknown): unknown {
  const where = `${address === '' ? 'port' : `${address}, port`} ${port}`;
  switch (systemCode(error)) {
    case undefined:
      return error;
    case 'EADDRINUSE':
      return new EvercertError(
        'port-in-use',
        `cannot listen on ${where}: another program does (see: ss -ltnp 'sport = :${port}')`,
        'Let that web server answer (--webroot -w DIRECTORY), stop it in a --pre-hook, or have it proxy to another --http-01-port.',
        error,
      );
    case 'EACCES':
      return new EvercertError(
        'port-in-use',
        `may not listen on ${where}`,
        'Ports below 1024 need root or CAP_NET_BIND_SERVICE.',
        error,
      );
    default:
      return new EvercertError(
        'port-in-use',
        `cannot listen on ${where}: ${(error as Error).message}`,
        'Check --http-01-address: it must be an address of this machine.',
        error,
      );
  }
}
