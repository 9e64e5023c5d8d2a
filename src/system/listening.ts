import type { Server, Socket } from 'node:net';
import { EvercertError, systemCode } from '../errors.ts';

/** A server of our own that answers a CA. */
export interface ResponderServer {
  /** Cuts all connections; resolves when the port is free. */
  close(): Promise<void>;
}

/** What the operator can do when the port is taken, and which flag holds the address. */
export interface ListenHints {
  readonly taken: string;
  readonly addressFlag: string;
}

/** How many may be connected at once, and each for how long: a CA asks a name from a few places, and briefly. */
const LIMITS = { connections: 1000, longestMs: 10_000 };

/**
 * Has the server listen; an empty address means all, IPv6 and IPv4, whatever net.ipv6.bindv6only says (libuv asks for both).
 *
 * @throws EvercertError port-in-use
 */
export async function startListening(
  server: Server,
  address: string,
  port: number,
  hints: ListenHints,
  limits: typeof LIMITS = LIMITS,
): Promise<ResponderServer> {
  const sockets = new Set<Socket>();
  server.maxConnections = limits.connections;
  server.on('connection', (socket) => {
    sockets.add(socket);
    // A client need not hang up when it has its answer.
    const tooLong = setTimeout(() => socket.destroy(), limits.longestMs);
    socket.once('close', () => {
      clearTimeout(tooLong);
      sockets.delete(socket);
    });
  });
  try {
    await bind(server, address === '' ? '::' : address, port).catch((error) => {
      if (address === '' && systemCode(error) === 'EAFNOSUPPORT') return bind(server, '0.0.0.0', port);
      throw error;
    });
  } catch (error) {
    throw await listenError(address, port, hints, error);
  }
  return { close: () => close(server, sockets) };
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ port, host }, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

function close(server: Server, sockets: ReadonlySet<Socket>): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    for (const socket of sockets) socket.destroy();
  });
}

async function listenError(
  address: string,
  port: number,
  hints: ListenHints,
  error: unknown,
): Promise<unknown> {
  const where = `${address === '' ? 'port' : `${address}, port`} ${port}`;
  switch (systemCode(error)) {
    case undefined:
      return error;
    case 'EADDRINUSE': {
      const { findPortHolder } = await import('./port-holder.ts');
      const holder = findPortHolder(address, port);
      const who = holder ?? 'another program';
      const look = holder === undefined ? ` (see: ss -ltnp 'sport = :${port}')` : '';
      return new EvercertError(
        'port-in-use',
        `cannot listen on ${where}: ${who} does${look}`,
        hints.taken,
        error,
      );
    }
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
        `Check ${hints.addressFlag}: it must be an address of this machine.`,
        error,
      );
  }
}
