import { randomInt } from 'node:crypto';
import { createSocket, type Socket as Datagrams } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { freePort } from './ports.ts';

const PORT = 53;
const HOST = '127.0.0.1';
const FORGOTTEN_AFTER_MS = 10_000;

/** Port 53 of a loopback address, in front of a DNS server of another port: BIND only takes addresses of interfaces. */
export interface DnsFront {
  readonly address: string;
  /** Where the server that answers is to listen, on 127.0.0.1. */
  readonly port: number;
  /** Messages that were passed on, by UDP and by TCP. */
  readonly counts: { udp: number; tcp: number };
  readonly stop: () => Promise<void>;
}

export async function startDnsFront(): Promise<DnsFront> {
  const port = await freePort();
  const counts = { udp: 0, tcp: 0 };
  const connections = new Set<Socket>();
  for (;;) {
    const host = `127.${randomInt(1, 255)}.${randomInt(0, 255)}.${randomInt(1, 255)}`;
    const tcp = createServer((client) => {
      counts.tcp += 1;
      connections.add(client);
      pipe(client, port);
    });
    if (!(await hasBegun(tcp, () => tcp.listen(PORT, host)))) continue;
    const udp = createSocket('udp4', (message, { address: from, port: at }) => {
      counts.udp += 1;
      relay(message, port, (answer) => udp.send(answer, at, from));
    });
    udp.bind(PORT, host);
    await once(udp, 'listening');
    return { address: host, port, counts, stop: () => stop(tcp, udp, connections) };
  }
}

function hasBegun(server: Server, begin: () => void): Promise<boolean> {
  return new Promise((resolve) => {
    server.once('error', () => resolve(false)).once('listening', () => resolve(true));
    begin();
  });
}

function pipe(client: Socket, port: number): void {
  const server = connect({ port, host: HOST });
  client.pipe(server).pipe(client);
  client.on('error', () => server.destroy());
  server.on('error', () => client.destroy());
}

function relay(message: Buffer, port: number, reply: (answer: Buffer) => void): void {
  const upstream = createSocket('udp4');
  const timer = setTimeout(() => upstream.close(), FORGOTTEN_AFTER_MS).unref();
  upstream.once('error', () => undefined);
  upstream.once('message', (answer) => {
    clearTimeout(timer);
    upstream.close();
    reply(answer);
  });
  upstream.unref().send(message, port, HOST);
}

async function stop(tcp: Server, udp: Datagrams, connections: ReadonlySet<Socket>): Promise<void> {
  udp.close();
  const closed = once(tcp.close(), 'close');
  for (const client of connections) client.destroy();
  await closed;
}
