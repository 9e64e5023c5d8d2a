import type { ServerResponse } from 'node:http';
import type { Fault } from './faults.ts';
import type { Reply } from './reply.ts';

const CHUNK = Buffer.alloc(65_536, ' ');

/** Writes a reply, broken as the fault says. */
export function deliver(response: ServerResponse, reply: Reply, fault: Fault | undefined): void {
  switch (fault?.kind) {
    case 'lost-reply':
      response.destroy();
      return;
    case 'truncate':
      truncate(response, reply);
      return;
    case 'garbage':
      send(response, reply, Buffer.from([0, 255, 254, 60, 33, 0, 123, 34, 200]));
      return;
    case 'huge':
      response.writeHead(reply.status, reply.headers);
      pad(response, reply.body, fault.bytes);
      return;
    default:
      send(response, reply, Buffer.from(reply.body));
  }
}

function send(response: ServerResponse, reply: Reply, body: Buffer): void {
  const length = reply.status === 204 ? {} : { 'content-length': body.length };
  response.writeHead(reply.status, { ...reply.headers, ...length });
  response.end(body);
}

function truncate(response: ServerResponse, reply: Reply): void {
  const body = Buffer.from(reply.body);
  response.writeHead(reply.status, { ...reply.headers, 'content-length': body.length });
  response.write(body.subarray(0, Math.floor(body.length / 2)), () => response.destroy());
}

/** The body behind `left` spaces, no faster than the client reads. */
function pad(response: ServerResponse, body: string, left: number): void {
  if (response.destroyed) return;
  if (left <= 0) {
    response.end(body);
    return;
  }
  const chunk = CHUNK.subarray(0, Math.min(left, CHUNK.length));
  const next = () => pad(response, body, left - chunk.length);
  if (response.write(chunk)) setImmediate(next);
  else response.once('drain', next);
}
