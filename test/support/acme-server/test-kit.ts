import 'reflect-metadata';
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import acme from 'acme-client';
import { type AcmeServer, type AcmeServerOptions, createAuthority, startAcmeServer } from './index.ts';
import { RawClient, type RawReply } from './raw-client.ts';

const authority = createAuthority();

export async function start(t: TestContext, options: AcmeServerOptions = {}): Promise<AcmeServer> {
  const server = await startAcmeServer({
    authority: await authority,
    alwaysValid: true,
    finalizeDelayMs: 2,
    ...options,
  });
  t.after(() => server.close());
  return server;
}

export async function startRegistered(t: TestContext, options: AcmeServerOptions = {}) {
  const server = await start(t, options);
  const client = new RawClient(server.url);
  await client.register();
  return { server, client };
}

export async function stockClient(server: AcmeServer): Promise<acme.Client> {
  const accountKey = await acme.crypto.createPrivateEcdsaKey();
  return new acme.Client({
    directoryUrl: server.directoryUrl,
    accountKey,
    backoffMin: 10,
    backoffAttempts: 20,
  });
}

export async function csrFor(altNames: string[], keyPem?: string): Promise<string> {
  const [, csr] = await acme.crypto.createCsr(
    { altNames },
    keyPem ?? (await acme.crypto.createPrivateEcdsaKey()),
  );
  return Buffer.from(csr.toString().replace(/-----.*-----|\s/g, ''), 'base64').toString('base64url');
}

export const dns = (...names: string[]) => ({ identifiers: names.map((value) => ({ type: 'dns', value })) });

export function assertProblem(reply: RawReply, type: string, status: number, name = ''): void {
  assert.deepEqual(
    [reply.json.type, reply.status],
    [`urn:ietf:params:acme:error:${type}`, status],
    `${name} ${reply.text}`,
  );
  assert.equal(reply.headers['content-type'], 'application/problem+json', name);
}

export async function poll(client: RawClient, url: string, wanted: string): Promise<RawReply> {
  for (let round = 0; round < 200; round += 1) {
    const reply = await client.post(url);
    if (reply.json.status === wanted) return reply;
  }
  throw new Error(`${url} never became ${wanted}`);
}

export type Listed = {
  status: string;
  url: string;
  type: string;
  token: string;
  error?: { type: string; detail: string };
};

export async function challengesOf(client: RawClient, order: RawReply): Promise<Listed[]> {
  const [authz] = order.json.authorizations as string[];
  return (await client.post(String(authz))).json.challenges as Listed[];
}

/** Orders names and answers the first challenge of each. */
export async function ready(client: RawClient, payload: object): Promise<RawReply> {
  const order = await client.post('/acme/new-order', payload);
  for (const authz of order.json.authorizations as string[]) {
    const [challenge] = (await client.post(authz)).json.challenges as Listed[];
    await client.post(challenge?.url ?? '', {});
  }
  return { ...(await poll(client, String(order.headers.location), 'ready')), headers: order.headers };
}

/** Orders and issues; the PEM chain. */
export async function issue(
  client: RawClient,
  payload: ReturnType<typeof dns> & { profile?: string },
): Promise<RawReply> {
  const order = await ready(client, payload);
  const csr = await csrFor(payload.identifiers.map(({ value }) => value));
  await client.post(String(order.json.finalize), { csr });
  const valid = await poll(client, String(order.headers.location), 'valid');
  return client.post(String(valid.json.certificate));
}

export async function listenOn(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  return (server.address() as AddressInfo).port;
}

/** Whether a served chain leads to the root and names the host: by openssl, where it is installed, else by node:crypto. */
export function chainVerifies(rootPem: string, chain: string, name: string): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'acme-server-'));
  try {
    writeFileSync(join(folder, 'root.pem'), rootPem);
    writeFileSync(join(folder, 'chain.pem'), chain);
    const options = [
      '-x509_strict',
      '-purpose',
      'sslserver',
      '-CAfile',
      'root.pem',
      '-untrusted',
      'chain.pem',
    ];
    const result = spawnSync('openssl', ['verify', ...options, '-verify_hostname', name, 'chain.pem'], {
      cwd: folder,
    });
    return result.error ? linksVerify(rootPem, chain, name) : result.status === 0;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function linksVerify(rootPem: string, chain: string, name: string): boolean {
  const links = [...(chain + rootPem).matchAll(/-----BEGIN[\s\S]*?END CERTIFICATE-----/g)].map(
    ([pem]) => new X509Certificate(pem),
  );
  const signed = links.slice(1).every((issuer, index) => links[index]?.verify(issuer.publicKey));
  return signed && links.length === 3 && links[0]?.checkHost(name) !== undefined;
}
