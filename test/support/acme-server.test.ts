import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, generateKeyPairSync, X509Certificate } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import acme from 'acme-client';
import { type PostOptions, RawClient } from './acme-server/raw-client.ts';
import {
  assertProblem,
  chainVerifies,
  challengesOf,
  csrFor,
  dns,
  listenOn,
  poll,
  ready,
  start,
  startRegistered,
  stockClient,
} from './acme-server/test-kit.ts';

test('the stock client gets a certificate over a really validated http-01', async (t) => {
  const files = new Map<string, string>();
  const httpPort = await listenOn(t, (request, response) => response.end(files.get(request.url ?? '') ?? ''));
  const server = await start(t, { alwaysValid: false, httpPort });
  const client = await stockClient(server);
  const [keyPem, csr] = await acme.crypto.createCsr({ altNames: ['a.test', 'b.a.test'] });
  const chain = await client.auto({
    csr,
    email: 'a@b.test',
    termsOfServiceAgreed: true,
    skipChallengeVerification: true,
    challengeCreateFn: async (_, { token }, body) =>
      void files.set(`/.well-known/acme-challenge/${token}`, body),
    challengeRemoveFn: async () => undefined,
  });
  const leaf = new X509Certificate(chain);
  assert.equal(leaf.subjectAltName, 'DNS:a.test, DNS:b.a.test');
  assert.ok(chainVerifies(server.rootPem, chain, 'b.a.test'));
  assert.equal(chainVerifies(server.otherRootPem, chain, 'a.test'), false);
  assert.ok(keyPem.toString().includes('PRIVATE KEY'));
  assert.deepEqual(
    server.orders.map(({ status }) => status),
    ['valid'],
  );
  assert.equal(server.count('newOrder'), 1);
});

test('the directory and nonces', async (t) => {
  const server = await start(t, { renewalInfo: false, externalAccountRequired: true });
  const client = new RawClient(server.url);
  const { json } = await client.get('/directory');
  const meta = json.meta as Record<string, unknown>;
  assert.equal(json.renewalInfo, undefined);
  assert.equal(meta.externalAccountRequired, true);
  assert.deepEqual(Object.keys(meta.profiles as object), ['classic', 'shortlived']);
  assert.equal((await client.get('/acme/new-nonce')).status, 204);
  assert.notEqual(await client.nonce(), await client.nonce());
  assertProblem(await client.get('/acme/new-order'), 'malformed', 405);
  assertProblem(await client.get('/nowhere'), 'malformed', 404);
});

test('a JWS that departs from RFC 8555 section 6 is refused', async (t) => {
  const { client } = await startRegistered(t);
  const other = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const rsa = generateKeyPairSync('rsa', { modulusLength: 1024 }).publicKey.export({ format: 'jwk' });
  const cases: [string, PostOptions, string, number][] = [
    ['another url', { header: { url: 'http://127.0.0.1/other' } }, 'unauthorized', 403],
    ['unknown nonce', { header: { nonce: 'AAAA' } }, 'badNonce', 400],
    ['no nonce', { header: { nonce: undefined } }, 'malformed', 400],
    ['padded nonce', { header: { nonce: 'AA==' } }, 'malformed', 400],
    ['jwk and kid', { header: { jwk: client.jwk } }, 'malformed', 400],
    ['jwk only', { useJwk: true }, 'malformed', 400],
    ['neither', { header: { kid: undefined } }, 'malformed', 400],
    ['unknown kid', { header: { kid: 'http://127.0.0.1/acme/account/99' } }, 'accountDoesNotExist', 400],
    ['wrong signature', { signingKey: other }, 'malformed', 400],
    ['alg none', { header: { alg: 'none' } }, 'badSignatureAlgorithm', 400],
    ['alg of another key', { header: { alg: 'RS256' } }, 'badSignatureAlgorithm', 400],
    ['crit', { header: { crit: ['b64'] } }, 'malformed', 400],
    ['unprotected header', { envelope: { header: {} } }, 'malformed', 400],
    ['general serialization', { envelope: { signatures: [] } }, 'malformed', 400],
    ['padded payload', { envelope: { payload: 'e30=' } }, 'malformed', 400],
    ['content type', { contentType: 'application/json' }, 'malformed', 415],
  ];
  for (const [name, options, type, status] of cases) {
    const reply = await client.post('/acme/new-order', dns('a.test'), options);
    assertProblem(reply, type, status, name);
    assert.ok(reply.headers['replay-nonce'], name);
  }
  const weak = await client.post('/acme/new-account', {}, { header: { kid: undefined, jwk: rsa } });
  assertProblem(weak, 'badPublicKey', 400);
});

test('a nonce works once, and each answer brings a new one', async (t) => {
  const { client, server } = await startRegistered(t);
  const first = await client.post('/acme/new-order', dns('a.test'));
  const nonce = first.headers['replay-nonce'];
  const second = await client.post('/acme/new-order', dns('a.test'), { header: { nonce } });
  assert.equal(second.status, 201);
  assertProblem(await client.post('/acme/new-order', dns('a.test'), { header: { nonce } }), 'badNonce', 400);
  assert.equal(server.requests.at(-1)?.problem, 'badNonce');
  assert.equal(server.orders.length, 2);
});

test('refused nonces are survived by the stock client, and fall alike with one seed', async (t) => {
  const refusals = async () => {
    const { client, server } = await startRegistered(t, { seed: 7 });
    server.knobs.refuseNoncePercent = 50;
    for (let round = 0; round < 12; round += 1) await client.post(client.kid ?? '');
    return server.requests.map(({ problem }) => problem);
  };
  const first = await refusals();
  assert.deepEqual(await refusals(), first);
  assert.ok(first.includes('badNonce'));
});

test('accounts: agreement, contacts, existing, update, deactivation', async (t) => {
  const server = await start(t);
  const client = new RawClient(server.url);
  const terms = { termsOfServiceAgreed: true };
  assertProblem(await client.register({ onlyReturnExisting: true }), 'accountDoesNotExist', 400);
  assertProblem(await client.register({}), 'userActionRequired', 403);
  assertProblem(await client.register({ ...terms, contact: ['tel:1'] }), 'unsupportedContact', 400);
  assertProblem(await client.register({ ...terms, contact: ['mailto:a@b.test?x=y'] }), 'invalidContact', 400);
  assert.equal((await client.register(terms)).status, 201);
  const again = await client.register({ onlyReturnExisting: true });
  assert.deepEqual([again.status, again.headers.location], [200, client.kid]);
  const contact = ['mailto:new@b.test'];
  assert.deepEqual((await client.post(client.kid ?? '', { contact })).json.contact, contact);
  await client.post(client.kid ?? '', { status: 'deactivated' });
  assertProblem(await client.post(client.kid ?? ''), 'unauthorized', 403);
  assertProblem(await client.register(terms), 'unauthorized', 403);
});

test('key rollover and revocation through the stock client', async (t) => {
  const server = await start(t);
  const client = await stockClient(server);
  await client.createAccount({ termsOfServiceAgreed: true });
  await client.updateAccountKey(await acme.crypto.createPrivateEcdsaKey());
  const [, csr] = await acme.crypto.createCsr({ altNames: ['a.test'] });
  const order = await client.createOrder(dns('a.test'));
  for (const authz of await client.getAuthorizations(order)) {
    for (const challenge of authz.challenges.slice(0, 1)) await client.completeChallenge(challenge);
    await client.waitForValidStatus(authz);
  }
  const chain = await client.getCertificate(await client.finalizeOrder(order, csr));
  await client.revokeCertificate(chain, { reason: 4 });
  assert.equal(server.certificates[0]?.revoked?.reason, 4);
  await assert.rejects(client.revokeCertificate(chain), /already revoked/);
});

test('external account binding', async (t) => {
  const hmacKey = Buffer.from('a secret of the CA').toString('base64url');
  const server = await start(t, { externalAccountRequired: true, externalAccounts: { 'kid-1': hmacKey } });
  assertProblem(await new RawClient(server.url).register(), 'externalAccountRequired', 403);
  const join = async (kid: string, key: string) => {
    const externalAccountBinding = { kid, hmacKey: key };
    const accountKey = await acme.crypto.createPrivateEcdsaKey();
    const client = new acme.Client({ directoryUrl: server.directoryUrl, accountKey, externalAccountBinding });
    return client.createAccount({ termsOfServiceAgreed: true });
  };
  await assert.rejects(join('kid-2', hmacKey), /not known/);
  await assert.rejects(join('kid-1', 'AAAA'), /MAC/);
  assert.equal((await join('kid-1', hmacKey)).status, 'valid');
  const client = new RawClient(server.url);
  const foreign = client.sign({ alg: 'HS256', kid: 'kid-1', url: `${server.url}/elsewhere` }, client.jwk);
  assertProblem(
    await client.register({ termsOfServiceAgreed: true, externalAccountBinding: foreign }),
    'malformed',
    400,
  );
});

test('newOrder checks identifiers, profile and dates', async (t) => {
  const { client, server } = await startRegistered(t, { rejectedIdentifiers: ['bad.test', 'worse.test'] });
  const cases: [object, string, number][] = [
    [{ identifiers: [] }, 'malformed', 400],
    [dns('a.test', 'a.test'), 'malformed', 400],
    [dns('A.test'), 'malformed', 400],
    [dns('a_b.test'), 'malformed', 400],
    [dns('a.*.test'), 'malformed', 400],
    [dns('192.0.2.1'), 'malformed', 400],
    [dns('localhost'), 'rejectedIdentifier', 400],
    [{ identifiers: [{ type: 'ip', value: '2001:DB8::1' }] }, 'malformed', 400],
    [{ identifiers: [{ type: 'email', value: 'a@b.test' }] }, 'unsupportedIdentifier', 400],
    [{ ...dns('a.test'), profile: 'nonesuch' }, 'invalidProfile', 400],
    [{ ...dns('a.test'), notAfter: '2030-01-01T00:00:00Z' }, 'malformed', 400],
    [{ ...dns('a.test'), replaces: 'AAAA.AAAA' }, 'malformed', 404],
  ];
  for (const [payload, type, status] of cases) {
    assertProblem(await client.post('/acme/new-order', payload), type, status);
  }
  const refused = await client.post('/acme/new-order', dns('bad.test', 'a.test', 'worse.test'));
  assertProblem(refused, 'rejectedIdentifier', 400);
  assert.equal((refused.json.subproblems as unknown[]).length, 2);
  assert.equal(server.orders.length, 0);
});

test('challenge types by identifier', async (t) => {
  const { client } = await startRegistered(t);
  const types = async (identifier: object) => {
    const order = await client.post('/acme/new-order', { identifiers: [identifier] });
    return (await challengesOf(client, order)).map(({ type }) => type);
  };
  assert.deepEqual(await types({ type: 'dns', value: 'a.test' }), ['http-01', 'dns-01', 'tls-alpn-01']);
  assert.deepEqual(await types({ type: 'dns', value: '*.a.test' }), ['dns-01']);
  assert.deepEqual(await types({ type: 'ip', value: '2001:db8::1' }), ['http-01', 'tls-alpn-01']);
});

test('finalize: too early, bad CSRs, then processing and valid', async (t) => {
  const { client, server } = await startRegistered(t, { retryAfter: { order: 3 } });
  const early = await client.post('/acme/new-order', dns('a.test'));
  const csr = await csrFor(['a.test']);
  assertProblem(await client.post(String(early.json.finalize), { csr }), 'orderNotReady', 403);
  const order = await ready(client, dns('a.test'));
  const finalizeUrl = String(order.json.finalize);
  const weakKey = await acme.crypto.createPrivateRsaKey(1024);
  const broken = Buffer.from(csr, 'base64url');
  broken[broken.length - 1] = (broken.at(-1) ?? 0) ^ 1;
  const bad = {
    'other name': await csrFor(['b.test']),
    'one name more': await csrFor(['a.test', 'b.test']),
    'weak key': await csrFor(['a.test'], weakKey.toString()),
    'wrong signature': broken.toString('base64url'),
    'trailing byte': Buffer.concat([Buffer.from(csr, 'base64url'), Buffer.alloc(1)]).toString('base64url'),
    garbage: 'AAAA',
  };
  for (const [name, text] of Object.entries(bad)) {
    const reply = await client.post(finalizeUrl, { csr: text });
    assertProblem(reply, 'badCSR', 400, name);
  }
  const accepted = await client.post(finalizeUrl, { csr });
  assert.deepEqual([accepted.json.status, accepted.headers['retry-after']], ['processing', '3']);
  assertProblem(await client.post(finalizeUrl, { csr }), 'orderNotReady', 403);
  const listed = await client.post(`${client.kid}/orders`);
  assert.equal((listed.json.orders as string[]).length, 2);
  await poll(client, String(order.headers.location), 'valid');
  assert.equal(server.certificates.length, 1);
});

test('other accounts see nothing, and the account key signs no CSR', async (t) => {
  const { client, server } = await startRegistered(t);
  const order = await client.post('/acme/new-order', dns('a.test'));
  const stranger = new RawClient(server.url);
  await stranger.register();
  for (const url of [order.headers.location, ...(order.json.authorizations as string[]), client.kid]) {
    assertProblem(await stranger.post(String(url)), 'unauthorized', 403);
  }
  const accountKey = await acme.crypto.createPrivateEcdsaKey();
  const stock = new acme.Client({ directoryUrl: server.directoryUrl, accountKey, backoffMin: 10 });
  const [, csr] = await acme.crypto.createCsr({ altNames: ['a.test'] }, accountKey);
  const attempt = stock.auto({
    csr,
    termsOfServiceAgreed: true,
    skipChallengeVerification: true,
    challengeCreateFn: async () => undefined,
    challengeRemoveFn: async () => undefined,
  });
  await assert.rejects(attempt, /account key/);
});

test('http-01: redirects, wrong bodies, no server', async (t) => {
  let answer: RequestListener = (_, response) => response.end();
  const httpPort = await listenOn(t, (request, response) => answer(request, response));
  const { client, server } = await startRegistered(t, { alwaysValid: false, httpPort });
  const attempt = async (respond: (keyAuthorization: string) => RequestListener) => {
    const order = await client.post('/acme/new-order', dns('a.test'));
    const [challenge] = await challengesOf(client, order);
    answer = respond(`${challenge?.token}.${client.thumbprint}`);
    assert.equal((await client.post(challenge?.url ?? '', {})).json.status, 'processing');
    while ((await client.post(challenge?.url ?? '')).json.status === 'processing');
    const [done] = await challengesOf(client, order);
    const { status } = (await client.post(String(order.headers.location))).json;
    return [status, done?.error?.type.replace(/.*:/, '')];
  };
  const redirect =
    (location: string): RequestListener =>
    (_, response) => {
      response.writeHead(302, { location }).end();
    };
  const once =
    (body: string): RequestListener =>
    (request, response) => {
      if (request.url === '/there' && request.headers.host === 'other.test') response.end(`${body}\n`);
      else redirect('http://other.test/there')(request, response);
    };
  assert.deepEqual(await attempt(once), ['ready', undefined]);
  assert.deepEqual(await attempt((body) => once(`${body}x`)), ['invalid', 'unauthorized']);
  assert.deepEqual(await attempt(() => redirect('/again')), ['invalid', 'connection']);
  assert.deepEqual(await attempt(() => redirect('http://a.test:1/')), ['invalid', 'connection']);
  assert.deepEqual(await attempt(() => (_, response) => response.writeHead(404).end()), [
    'invalid',
    'unauthorized',
  ]);
  server.knobs.httpPort = 1;
  assert.deepEqual(await attempt(() => () => undefined), ['invalid', 'connection']);
  server.knobs.validationProblems = {
    'a.test': { type: 'urn:ietf:params:acme:error:dns', detail: 'SERVFAIL' },
  };
  assert.deepEqual(await attempt(() => () => undefined), ['invalid', 'dns']);
});

test('dns-01 asks the knob for TXT records', async (t) => {
  let records: string[] = [];
  const { client } = await startRegistered(t, { alwaysValid: false, lookupTxt: () => records });
  const attempt = async (digest: (keyAuthorization: string) => string[]) => {
    const order = await client.post('/acme/new-order', dns('*.a.test'));
    const [challenge] = await challengesOf(client, order);
    records = digest(`${challenge?.token}.${client.thumbprint}`);
    await client.post(challenge?.url ?? '', {});
    while ((await client.post(challenge?.url ?? '')).json.status === 'processing');
    return (await client.post(String(order.headers.location))).json.status;
  };
  const hash = (text: string) => createHash('sha256').update(text).digest('base64url');
  assert.equal(await attempt((text) => ['other', hash(text)]), 'ready');
  assert.equal(await attempt((text) => [text]), 'invalid');
  assert.equal(await attempt(() => []), 'invalid');
});
