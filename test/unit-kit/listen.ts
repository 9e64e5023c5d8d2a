import type { AddressInfo, ListenOptions, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';

/** Has a server listen on a free loopback port until the test ends, then cuts what is left. @returns the port */
export async function listenOn(t: TestContext, server: Server, options: ListenOptions = {}): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  server.listen({ ...(options.path === undefined && { port: 0, host: '127.0.0.1' }), ...options });
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}
