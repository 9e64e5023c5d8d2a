import { readFileSync, writeFileSync } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { Agent, createServer, request } from 'node:https';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { createAuthority } from '../support/rig/authority.ts';
import type { Pebble } from '../support/rig/pebble.ts';

export interface Intermediary {
  readonly directoryUrl: string;
  /** The root of its TLS certificate. */
  readonly caBundle: string;
  close(): Promise<void>;
}

/**
 * Pebble without the challenges that have no token: uacme 1.7 gives up an authorization when it meets one.
 *
 * @param caBundle where to write the root
 */
export async function startProxy(pebble: Pebble, caBundle: string): Promise<Intermediary> {
  const authority = await createAuthority('Proxy');
  const { key, certificate } = await authority.issue(['localhost', '127.0.0.1']);
  writeFileSync(caBundle, authority.root);
  const agent = new Agent({ keepAlive: true, ca: readFileSync(pebble.caBundle) });
  const server = createServer({ key, cert: certificate }, async (incoming, outgoing) => {
    try {
      const answer = await forward(pebble, agent, incoming);
      const body = withoutOddChallenges(await text(answer));
      const headers = { ...answer.headers, 'content-length': String(Buffer.byteLength(body)) };
      outgoing
        .writeHead(answer.statusCode ?? 502, headers)
        .end(incoming.method === 'HEAD' ? undefined : body);
    } catch {
      outgoing.destroy();
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    directoryUrl: `https://127.0.0.1:${(server.address() as AddressInfo).port}/dir`,
    caBundle,
    close: () => {
      agent.destroy();
      server.closeAllConnections();
      return new Promise((resolve) => server.close(() => resolve()));
    },
  };
}

/** Pebble makes its URLs of the Host that the client named: ours. */
function forward(pebble: Pebble, agent: Agent, incoming: IncomingMessage): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      new URL(incoming.url ?? '/', pebble.directoryUrl),
      {
        agent,
        method: incoming.method,
        headers: incoming.headers,
      },
      resolve,
    );
    outgoing.once('error', reject);
    incoming.pipe(outgoing);
  });
}

function withoutOddChallenges(body: string): string {
  if (!body.startsWith('{')) return body;
  const resource: { challenges?: { token?: string }[] } = JSON.parse(body);
  if (resource.challenges === undefined) return body;
  return JSON.stringify({ ...resource, challenges: resource.challenges.filter(({ token }) => token) });
}
