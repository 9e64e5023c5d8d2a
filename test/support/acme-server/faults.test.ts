import 'reflect-metadata';
import assert from 'node:assert/strict';
import { get } from 'node:https';
import { test } from 'node:test';
import { createAuthority, startAcmeServer } from './index.ts';
import { RawClient } from './raw-client.ts';
import { assertProblem, csrFor, dns, issue, poll, ready, startRegistered, stockClient } from './test-kit.ts';

test('problem: the nonce is spent, nothing is done', async (t) => {
  const { client, server } = await startRegistered(t);
  const problem = { type: 'rateLimited', detail: 'too many' };
  server.inject({ endpoint: 'newOrder', fault: { kind: 'problem', status: 429, problem, retryAfter: 60 } });
  const nonce = await client.nonce();
  const refused = await client.post('/acme/new-order', dns('a.test'), { header: { nonce } });
  assertProblem(refused, 'rateLimited', 429);
  assert.equal(refused.headers['retry-after'], '60');
  assert.equal(server.orders.length, 0);
  assertProblem(await client.post('/acme/new-order', dns('a.test'), { header: { nonce } }), 'badNonce', 400);
  assert.equal((await client.post('/acme/new-order', dns('a.test'))).status, 201);
});

test('a problem waits for the first request that is good', async (t) => {
  const { client, server } = await startRegistered(t);
  const problem = { type: 'urn:ietf:params:acme:error:serverInternal' };
  server.inject({ endpoint: 'newOrder', fault: { kind: 'problem', status: 500, problem } });
  assertProblem(await client.post('/acme/new-order', {}, { header: { nonce: 'AAAA' } }), 'badNonce', 400);
  assertProblem(await client.post('/acme/new-order', {}), 'serverInternal', 500);
});

test('status, skip and times', async (t) => {
  const { client, server } = await startRegistered(t);
  server.inject({
    endpoint: 'directory',
    skip: 1,
    times: 2,
    fault: { kind: 'status', status: 503, body: 'no' },
  });
  const statuses: number[] = [];
  for (let round = 0; round < 4; round += 1) statuses.push((await client.get('/directory')).status);
  assert.deepEqual(statuses, [200, 503, 503, 200]);
});

test('drop does not act, lost-reply does', async (t) => {
  const { client, server } = await startRegistered(t);
  server.inject({ endpoint: 'newOrder', fault: { kind: 'drop' } });
  await assert.rejects(client.post('/acme/new-order', dns('a.test')), { code: 'ECONNRESET' });
  assert.equal(server.orders.length, 0);
  server.inject({ endpoint: 'newOrder', fault: { kind: 'lost-reply' } });
  await assert.rejects(client.post('/acme/new-order', dns('a.test')), { code: 'ECONNRESET' });
  assert.equal(server.orders.length, 1);
  assert.deepEqual(
    server.requests
      .filter(({ endpoint }) => endpoint === 'newOrder')
      .map(({ status, fault }) => [status, fault]),
    [
      [0, 'drop'],
      [201, 'lost-reply'],
    ],
  );
});

test('finalize with a lost reply goes on to a certificate', async (t) => {
  const { client, server } = await startRegistered(t);
  const order = await ready(client, dns('a.test'));
  server.inject({ endpoint: 'finalize', fault: { kind: 'lost-reply' } });
  await assert.rejects(client.post(String(order.json.finalize), { csr: await csrFor(['a.test']) }));
  await poll(client, String(order.headers.location), 'valid');
  assert.equal(server.certificates.length, 1);
});

test('truncate, garbage, huge and delay', async (t) => {
  const { client, server } = await startRegistered(t);
  const hit = (fault: Parameters<typeof server.inject>[0]['fault']) =>
    server.inject({ endpoint: 'directory', fault });
  hit({ kind: 'truncate' });
  await assert.rejects(client.get('/directory'), { code: 'ECONNRESET' });
  hit({ kind: 'garbage' });
  const garbage = await client.get('/directory');
  assert.deepEqual([garbage.status, garbage.json], [200, {}]);
  hit({ kind: 'huge', bytes: 300_000 });
  const huge = await client.get('/directory');
  assert.ok(huge.text.length > 300_000 && huge.json.newNonce !== undefined);
  hit({ kind: 'delay', ms: 30 });
  const begun = performance.now();
  await client.get('/directory');
  assert.ok(performance.now() - begun >= 29);
});

test('close ends hanging and delayed requests', async (t) => {
  const { client, server } = await startRegistered(t);
  server.inject({ endpoint: 'directory', fault: { kind: 'hang' } });
  server.inject({ endpoint: 'newNonce', fault: { kind: 'delay', ms: 60_000 } });
  const hanging = assert.rejects(client.get('/directory'));
  const delayed = assert.rejects(client.nonce());
  while (server.count('newNonce') < 2) await new Promise((resolve) => setImmediate(resolve));
  await server.close();
  await Promise.all([hanging, delayed]);
});

test('the CA can forget orders, accounts and nonces', async (t) => {
  const { client, server } = await startRegistered(t);
  const order = await client.post('/acme/new-order', dns('a.test'));
  server.forgetOrders();
  assertProblem(await client.post(String(order.headers.location)), 'malformed', 404);
  assert.equal(server.orders.length, 1);
  const nonce = await client.nonce();
  server.forgetNonces();
  assertProblem(await client.post(client.kid ?? '', undefined, { header: { nonce } }), 'badNonce', 400);
  server.forgetAccounts();
  assertProblem(await client.post('/acme/new-order', dns('a.test')), 'accountDoesNotExist', 400);
});

test('the log shows kid, payload and problem', async (t) => {
  const { client, server } = await startRegistered(t);
  await issue(client, dns('a.test'));
  const { kid, payload, status } = server.requests.find(({ endpoint }) => endpoint === 'newOrder') ?? {};
  assert.deepEqual([kid, payload, status], [client.kid, dns('a.test'), 201]);
  assert.equal(server.count('finalize'), 1);
});

test('the stock client lives with refused nonces', async (t) => {
  const { server } = await startRegistered(t, { refuseNoncePercent: 25 });
  const client = await stockClient(server);
  await client.createAccount({ termsOfServiceAgreed: true });
  for (let round = 0; round < 5; round += 1) await client.createOrder(dns('a.test'));
  assert.equal(server.orders.length, 5);
});

test('https with a certificate of the test root, two servers with one hierarchy', async (t) => {
  const authority = await createAuthority('Other');
  const secure = await startAcmeServer({ tls: true, authority });
  t.after(() => secure.close());
  const second = await startAcmeServer({ authority });
  t.after(() => second.close());
  assert.equal(second.rootPem, secure.tlsRootPem);
  const fetchDirectory = (ca: string, host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      const url = secure.directoryUrl.replace('127.0.0.1', host);
      get(url, { ca, agent: false }, (response) => resolve(response.resume().statusCode)).on('error', reject);
    });
  assert.equal(await fetchDirectory(secure.tlsRootPem, '127.0.0.1'), 200);
  assert.equal(await fetchDirectory(secure.tlsRootPem, 'localhost'), 200);
  await assert.rejects(fetchDirectory(secure.otherRootPem, '127.0.0.1'));
  assert.equal((await new RawClient(second.url).register()).status, 201);
});
