import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, createPublicKey } from 'node:crypto';
import { test } from 'node:test';
import { registerAccount } from '../../src/acme/account.ts';
import { type Connection, connect } from '../../src/acme/connection.ts';
import { problemOf } from '../../src/acme/problem.ts';
import { OrderSchema } from '../../src/acme/resources.ts';
import type { HttpResponse, SendHttp } from '../../src/system/http.ts';
import { meet, meetRegistered } from '../unit-kit/ca.ts';
import { otherKey } from '../unit-kit/chains.ts';
import { fakeClock } from '../unit-kit/clock.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';

async function place(connection: Connection, name = 'a.example') {
  const { newOrder } = await connection.directory();
  return connection.post(newOrder, { identifiers: [{ type: 'dns', value: name }] }, 'newOrder', OrderSchema);
}

test('the directory is asked for once, also by many at a time', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  await Promise.all([connection.directory(), place(connection), place(connection)]);
  assert.equal(ca.count('directory'), 1);
});

test('a conversation goes on with an account that is known', async (t) => {
  const { ca, connection, again } = await meetRegistered(t);
  const known = again({ accountUrl: connection.accountUrl() });
  assert.equal((await place(known)).body.status, 'pending');
  assert.equal(ca.count('newAccount'), 1);
});

test('nonces are used again: one HEAD for a conversation in turn', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  for (let round = 0; round < 5; round += 1) await place(connection);
  assert.equal(ca.count('newNonce'), 1);
});

test('orders side by side take a nonce each', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  await Promise.all(Array.from({ length: 6 }, (_, index) => place(connection, `h${index}.example`)));
  assert.equal(ca.orders.length, 6);
  assert.ok(ca.count('newNonce') <= 6);
  assert.ok(ca.requests.every(({ problem }) => problem === undefined));
});

test('a refused nonce is no failure', async (t) => {
  const { ca, connection } = await meetRegistered(t, { refuseNoncePercent: 25 });
  for (let round = 0; round < 10; round += 1) await place(connection);
  assert.equal(ca.orders.length, 10);
});

test('nonces that the CA forgot are no failure', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  await Promise.all([place(connection), place(connection), place(connection)]);
  ca.forgetNonces();
  await place(connection);
  assert.equal(ca.orders.length, 4);
});

test('a CA that refuses every nonce is told, after thirteen attempts', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  ca.knobs.refuseNoncePercent = 100;
  assert.equal(problemOf(await rejection(place(connection), 'acme-problem'))?.type, 'badNonce');
  assert.equal(ca.count('newOrder'), 13);
});

test('a question is asked again after an outage, an action is not', async (t) => {
  const { ca, connection, slept } = await meetRegistered(t);
  const { location = '' } = await place(connection);
  ca.inject({ endpoint: 'order', fault: { kind: 'drop' } });
  ca.inject({ endpoint: 'order', fault: { kind: 'status', status: 503 } });
  assert.equal((await connection.get(location, 'order', OrderSchema)).body.status, 'pending');
  assert.deepEqual(slept, [500, 2000]);
  ca.inject({ endpoint: 'newOrder', fault: { kind: 'lost-reply' } });
  await rejection(place(connection), 'connection-failed');
  assert.equal(ca.orders.length, 2);
});

test('what an answer says beside its body', async (t) => {
  const { connection } = await meetRegistered(t, { retryAfter: { order: 7 } });
  const { body, location, link } = await place(connection);
  assert.equal(body.status, 'pending');
  assert.match(location ?? '', /\/acme\/order\//);
  assert.match(link ?? '', /rel="index"/);
  assert.equal((await connection.get(location ?? '', 'order', OrderSchema)).retryAfterMs, 7000);
});

test('a problem is told with its wait', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  const problem = { type: 'rateLimited', detail: 'too many' };
  ca.inject({ endpoint: 'newOrder', fault: { kind: 'problem', status: 429, problem, retryAfter: 3600 } });
  const error = await rejection(place(connection), 'acme-problem');
  assert.match(error.message, /^127\.0\.0\.1:\d+ refused newOrder: rateLimited: too many$/);
  assert.deepEqual([problemOf(error)?.status, problemOf(error)?.retryAfterMs], [429, 3_600_000]);
});

for (const kind of ['garbage', 'truncate'] as const) {
  test(`an answer that is ${kind} is told`, async (t) => {
    const { ca, connection } = await meetRegistered(t);
    ca.inject({ endpoint: 'newOrder', fault: { kind } });
    await rejection(place(connection), kind === 'garbage' ? 'bad-answer' : 'connection-failed');
  });
}

test('a proxy’s page in place of the directory', async (t) => {
  const { ca, connection } = await meet(t);
  ca.inject({
    endpoint: 'directory',
    fault: { kind: 'status', status: 200, body: '<html>', contentType: 'text/html' },
  });
  await rejection(connection.directory(), 'bad-answer');
});

test('no nonce to be had', async (t) => {
  const { ca, connection } = await meet(t);
  ca.inject({ endpoint: 'newNonce', fault: { kind: 'status', status: 404 } });
  await rejection(registerAccount(connection, { email: undefined, termsAgreed: true }), 'acme-problem');
});

test('requests say who asks, and in what language', async (t) => {
  const { ca, connection } = await meet(t);
  await connection.directory();
  assert.equal(ca.requests[0]?.userAgent, 'unit/1');
});

test('the key authorization is token and thumbprint (RFC 8555 section 8.1)', async (t) => {
  const { connection } = await meet(t);
  const { crv, kty, x, y } = createPublicKey(otherKey).export({ format: 'jwk' });
  const thumbprint = createHash('sha256').update(JSON.stringify({ crv, kty, x, y })).digest('base64url');
  assert.equal(await connection.keyAuthorization('token'), `token.${thumbprint}`);
});

/** A CA made of canned answers, by the last part of the path. */
function canned(answers: Record<string, Partial<HttpResponse>>) {
  const base = 'https://ca.example/';
  const directory = JSON.stringify({
    newNonce: `${base}nonce`,
    newAccount: `${base}account`,
    newOrder: `${base}order`,
  });
  const all = {
    directory: { body: directory, headers: { 'content-type': 'application/json' } },
    nonce: { headers: { 'replay-nonce': 'n' } },
    ...answers,
  };
  const send: SendHttp = async ({ url }) => {
    const found = Object.entries(all).find(([path]) => url === base + path)?.[1];
    return { status: 200, headers: {}, body: '', bytes: Buffer.alloc(0), ...found };
  };
  return connect(
    { directoryUrl: `${base}directory`, accountKey: otherKey },
    { send, clock: fakeClock(), signal: NEVER, userAgent: 'unit/1' },
  );
}

const register = (connection: Connection) =>
  registerAccount(connection, { email: undefined, termsAgreed: false });

test('a CA without nonces, an account without a URL, JSON that is none', async () => {
  assert.match((await rejection(register(canned({ nonce: {} })), 'bad-answer')).message, /sent no nonce/);
  const json = { 'content-type': 'application/json' };
  assert.match(
    (
      await rejection(
        register(canned({ account: { body: '{"status":"valid"}', headers: json } })),
        'bad-answer',
      )
    ).message,
    /without a URL/,
  );
  assert.match(
    (await rejection(register(canned({ account: { body: '{"status":', headers: json } })), 'bad-answer'))
      .message,
    /newAccount that makes no sense/,
  );
  assert.match(
    (
      await rejection(
        register(canned({ account: { body: 'null', headers: json, status: 400 } })),
        'acme-problem',
      )
    ).message,
    /status 400/,
  );
});
