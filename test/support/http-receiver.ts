import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo, Server, Socket } from 'node:net';
import type { TestContext } from 'node:test';

export interface Received {
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Listens on a loopback port until the test ends. */
export async function listen(t: TestContext, server: Server): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** A web server that takes POST of JSON, and answers each with the status that `answer` says. */
export async function receiveHttp(t: TestContext, answer: () => number = () => 200) {
  const received: Received[] = [];
  const port = await listen(
    t,
    createServer(async (request, response) => {
      let body = '';
      for await (const chunk of request.setEncoding('utf8')) body += chunk;
      if (request.method === 'POST' && request.headers['content-type'] === 'application/json')
        received.push({ path: request.url ?? '', headers: request.headers, body });
      response.writeHead(answer()).end('thank you');
    }),
  );
  return { port, received };
}
