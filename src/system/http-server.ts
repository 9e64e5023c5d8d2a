import * as http from 'node:http';
import { type ResponderServer, startListening } from './listening.ts';

/** The answer to a GET of `path`, or undefined for 404. */
export type Respond = (path: string) => string | undefined;

/**
 * A small HTTP server; an empty address means all, IPv6 and IPv4.
 *
 * @throws EvercertError port-in-use
 */
export type ListenHttp = (address: string, port: number, respond: Respond) => Promise<ResponderServer>;

/** Whoever has not asked by then is cut off: nobody but the CA has anything to ask here. */
const SLOWEST_MS = 5000;

const HINTS = {
  taken:
    'Let that web server answer (--webroot -w DIRECTORY), stop it in a --pre-hook, or have it proxy to another --http-01-port.',
  addressFlag: '--http-01-address',
};

export const listenHttp: ListenHttp = (address, port, respond) => {
  const limits = {
    headersTimeout: SLOWEST_MS,
    requestTimeout: SLOWEST_MS,
    connectionsCheckingInterval: SLOWEST_MS / 5,
  };
  const server = http.createServer(limits, (request, response) => answer(request, response, respond));
  return startListening(server, address, port, HINTS);
};

function answer({ method, url }: http.IncomingMessage, response: http.ServerResponse, respond: Respond) {
  const isRead = method === 'GET' || method === 'HEAD';
  const body = isRead ? respond(url ?? '') : undefined;
  response.writeHead(body !== undefined ? 200 : isRead ? 404 : 405, {
    'Content-Type': 'application/octet-stream',
    Connection: 'close',
    ...(isRead ? {} : { Allow: 'GET, HEAD' }),
  });
  response.end(body ?? '');
}
