import * as http from 'node:http';
import * as https from 'node:https';
import { text } from 'node:stream/consumers';
import type { Reply } from '../acme-server/reply.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

/** Passes requests on to a CA on loopback. The Host stays the client's: Pebble makes its URLs of it. */
export function createForwarder() {
  const secure = new https.Agent({ keepAlive: true, rejectUnauthorized: false });
  const plain = new http.Agent({ keepAlive: true });
  const ask = (upstream: string, { method, path, headers, body }: Asked): Promise<http.IncomingMessage> =>
    new Promise((resolve, reject) => {
      const isSecure = upstream.startsWith('https:');
      const { request } = isSecure ? https : http;
      const agent = isSecure ? secure : plain;
      const outgoing = request(new URL(path, upstream), { method, headers, agent }, resolve);
      outgoing.once('error', reject);
      outgoing.end(body);
    });
  return {
    forward: async (upstream: string, asked: Asked): Promise<Reply> => {
      const answer = await ask(upstream, asked);
      return { status: answer.statusCode ?? 502, headers: kept(answer.headers), body: await text(answer) };
    },
    close: () => {
      secure.destroy();
      plain.destroy();
    },
  };
}

/** Without what is of one connection alone. */
function kept(headers: http.IncomingHttpHeaders): Reply['headers'] {
  const { connection, 'transfer-encoding': _, 'keep-alive': __, 'content-length': ___, ...rest } = headers;
  return rest as Reply['headers'];
}
