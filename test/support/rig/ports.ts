import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, createServer } from 'node:net';
import { networkInterfaces } from 'node:os';

const LOOPBACK = '127.0.0.1';
/** Below the range that Linux gives to outgoing connections: none of them takes a port between choice and use. */
const LOWEST = 20_000;
const HIGHEST = 32_000;

/** A loopback port that nobody uses (neither TCP nor UDP), this process's own for as long as it lives. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(LOWEST, HIGHEST);
    if ((await claim(port)) && (await isFreeForTcp(port)) && (await isFreeForUdp(port))) return port;
  }
}

/** Keeps other test processes off a port before its server listens, by a socket name that ends with this process. */
function claim(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(`\0evercert-test-port-${port}`, () => resolve(true)).unref();
  });
}

function isFreeForTcp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, LOOPBACK, () => server.close(() => resolve(true)));
  });
}

function isFreeForUdp(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createSocket('udp4');
    socket.once('error', () => resolve(false));
    socket.bind(port, LOOPBACK, () => socket.close(() => resolve(true)));
  });
}

/** Whether this kernel has IPv6; containers' often do not. */
export function hasIpv6(): boolean {
  const addresses = Object.values(networkInterfaces()).flatMap((found) => found ?? []);
  return addresses.some(({ address }) => address === '::1');
}

/** For node:test's `skip` option. */
export const WITHOUT_IPV6 = !hasIpv6() && 'needs IPv6';

/** True when something accepts TCP connections on this loopback port. */
export function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: LOOPBACK });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
