import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { type TestContext, test } from 'node:test';
import { createServer } from 'node:tls';
import * as x509 from '@peculiar/x509';
import acme from 'acme-client';
import { generateKeys, privateKeyPem, SIGNING } from './ca.ts';
import type { RenewalWindow, Tamper } from './index.ts';
import { RawClient } from './raw-client.ts';
import {
  assertProblem,
  chainVerifies,
  challengesOf,
  csrFor,
  dns,
  issue,
  poll,
  ready,
  start,
  startRegistered,
} from './test-kit.ts';

const NOW = Date.parse('2030-06-01T12:00:00Z');
const DAY = 86_400_000;

test('profiles set the lifetime, knobs the rest of the leaf', async (t) => {
  const { client, server } = await startRegistered(t, {
    now: () => NOW,
    backdateSeconds: 0,
    ocspUrl: 'http://ocsp.test/',
    crlUrl: 'http://crl.test/1',
  });
  const { text } = await issue(client, dns('a.test'));
  const leaf = new X509Certificate(text);
  assert.equal(Date.parse(leaf.validFrom), NOW);
  assert.equal(Date.parse(leaf.validTo), NOW + 90 * DAY);
  assert.match(leaf.infoAccess ?? '', /OCSP - URI:http:\/\/ocsp\.test\//);
  assert.ok(server.certificates[0]?.der.includes('http://crl.test/1'));
  await issue(client, { ...dns('b.test'), profile: 'shortlived' });
  const [first, second] = server.certificates;
  assert.equal(second?.notAfter, NOW + 160 * 3_600_000);
  assert.match(String(first?.ariId), /^[\w-]{27}\.A[I-P][\w-]+$/);
  assert.doesNotMatch(String(second?.ariId), /\.A[I-P]/);
  assert.equal(server.orders[1]?.profile, 'shortlived');
});

test('must-staple in the CSR comes back in the leaf', async (t) => {
  const { client, server } = await startRegistered(t);
  const order = await ready(client, dns('a.test'));
  const feature = new x509.Extension('1.3.6.1.5.5.7.1.24', false, Buffer.from('3003020105', 'hex'));
  const csr = await x509.Pkcs10CertificateRequestGenerator.create({
    keys: await generateKeys(),
    signingAlgorithm: SIGNING,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'a.test' }]), feature],
  });
  await client.post(String(order.json.finalize), { csr: Buffer.from(csr.rawData).toString('base64url') });
  await poll(client, String(order.headers.location), 'valid');
  assert.ok(server.certificates[0]?.der.includes(Buffer.from(feature.rawData)));
});

test('ip identifiers', async (t) => {
  const { client, server } = await startRegistered(t);
  const addresses = ['127.0.0.1', '2001:db8::1'];
  const order = await ready(client, { identifiers: addresses.map((value) => ({ type: 'ip', value })) });
  await client.post(String(order.json.finalize), { csr: await csrFor(addresses) });
  await poll(client, String(order.headers.location), 'valid');
  const leaf = new X509Certificate(server.certificates[0]?.der ?? '');
  assert.equal(leaf.subjectAltName, 'IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1');
});

test('the alternate chain leads to the other root', async (t) => {
  const { client, server } = await startRegistered(t, { alternateChain: true });
  const usual = await issue(client, dns('a.test'));
  const link = /<([^>]+)>;rel="alternate"/.exec(String(usual.headers.link))?.[1];
  const alternate = await client.post(String(link));
  assert.ok(chainVerifies(server.rootPem, usual.text, 'a.test'));
  assert.ok(chainVerifies(server.otherRootPem, alternate.text, 'a.test'));
  assert.equal(chainVerifies(server.rootPem, alternate.text, 'a.test'), false);
  server.knobs.alternateChain = false;
  assertProblem(await client.post(String(link)), 'malformed', 404);
});

test('tampered certificates are wrong in the way they say', async (t) => {
  const { client, server } = await startRegistered(t);
  const spoilt = async (tamper: Tamper) => {
    server.knobs.tamper = tamper;
    return (await issue(client, dns('a.test', 'b.test'))).text;
  };
  const names = (pem: string) => new X509Certificate(pem).subjectAltName;
  const lives = (pem: string) => {
    const { validFrom, validTo } = new X509Certificate(pem);
    return [Date.parse(validFrom) < Date.now(), Date.parse(validTo) > Date.now()];
  };
  assert.equal(names(await spoilt('extra-name')), 'DNS:a.test, DNS:b.test, DNS:extra.invalid');
  assert.equal(names(await spoilt('missing-name')), 'DNS:a.test');
  assert.deepEqual(lives(await spoilt('expired')), [true, false]);
  assert.deepEqual(lives(await spoilt('not-yet-valid')), [false, true]);
  assert.equal(chainVerifies(server.rootPem, await spoilt('unrelated-issuer'), 'a.test'), false);
  assert.equal(chainVerifies(server.rootPem, await spoilt('missing-intermediate'), 'a.test'), false);
  assert.equal(new X509Certificate(await spoilt('wrong-order')).ca, true);
  assert.match(await spoilt('garbage-after'), /not base64!\n$/);
  assert.doesNotMatch(await spoilt('garbage-only'), /BEGIN/);
  const keys = await acme.crypto.createPrivateEcdsaKey();
  const order = await ready(client, dns('a.test'));
  server.knobs.tamper = 'wrong-key';
  await client.post(String(order.json.finalize), { csr: await csrFor(['a.test'], keys.toString()) });
  await poll(client, String(order.headers.location), 'valid');
  const { publicKey } = new X509Certificate(server.certificates.at(-1)?.der ?? '');
  const asked = acme.crypto.getPublicKey(keys).toString();
  assert.notEqual(publicKey.export({ type: 'spki', format: 'pem' }).toString().trim(), asked.trim());
});

test('ARI: the usual window, a set one, strangers', async (t) => {
  const { client, server } = await startRegistered(t, { now: () => NOW, backdateSeconds: 0 });
  await issue(client, dns('a.test'));
  const ariId = server.certificates[0]?.ariId ?? '';
  const path = `/acme/renewal-info/${ariId}`;
  const usual = await client.get(path);
  const { start: from, end } = usual.json.suggestedWindow as Record<string, string>;
  assert.equal(usual.headers['retry-after'], '21600');
  assert.equal(Date.parse(String(from)), NOW + (60 - 0.9) * DAY);
  assert.equal(Date.parse(String(end)), NOW + (60 + 0.9) * DAY);
  const window: RenewalWindow = {
    start: new Date(NOW),
    end: new Date(NOW + 1000),
    explanationURL: 'http://why.test/',
  };
  server.setRenewalWindow(ariId, window);
  server.knobs.retryAfter.renewalInfo = 'Sat, 01 Jun 2030 13:00:00 GMT';
  const set = await client.get(path);
  assert.equal(set.json.explanationURL, 'http://why.test/');
  assert.deepEqual(set.json.suggestedWindow, { start: '2030-06-01T12:00:00Z', end: '2030-06-01T12:00:01Z' });
  assert.equal(set.headers['retry-after'], 'Sat, 01 Jun 2030 13:00:00 GMT');
  assertProblem(await client.get('/acme/renewal-info/AAAA.AAAA'), 'malformed', 404);
  assertProblem(await client.get('/acme/renewal-info/AAAA'), 'malformed', 400);
});

test('replaces: once, by the same account, with a shared name', async (t) => {
  const { client, server } = await startRegistered(t);
  await issue(client, dns('a.test'));
  const replaces = server.certificates[0]?.ariId;
  const stranger = new RawClient(server.url);
  await stranger.register();
  assertProblem(await stranger.post('/acme/new-order', { ...dns('a.test'), replaces }), 'unauthorized', 403);
  assertProblem(await client.post('/acme/new-order', { ...dns('b.test'), replaces }), 'malformed', 400);
  const order = await client.post('/acme/new-order', { ...dns('a.test'), replaces });
  assert.equal(order.json.replaces, replaces);
  assertProblem(await client.post('/acme/new-order', { ...dns('a.test'), replaces }), 'alreadyReplaced', 409);
  const [authz] = order.json.authorizations as string[];
  await client.post(String(authz), { status: 'deactivated' });
  assert.equal(server.orders.at(-1)?.status, 'invalid');
  assert.equal((await client.post('/acme/new-order', { ...dns('a.test'), replaces })).status, 201);
});

test('the certificate key may revoke, other keys may not', async (t) => {
  const { client, server } = await startRegistered(t);
  const keyHolder = new RawClient(server.url);
  const order = await ready(client, dns('a.test'));
  await client.post(String(order.json.finalize), {
    csr: await csrFor(['a.test'], keyHolder.privateKeyPem()),
  });
  await poll(client, String(order.headers.location), 'valid');
  const certificate = server.certificates[0]?.der.toString('base64url');
  const byJwk = { useJwk: true };
  const stranger = new RawClient(server.url);
  assertProblem(await stranger.post('/acme/revoke-cert', { certificate }, byJwk), 'unauthorized', 403);
  const reason = 7;
  assertProblem(await client.post('/acme/revoke-cert', { certificate, reason }), 'badRevocationReason', 400);
  assert.equal((await keyHolder.post('/acme/revoke-cert', { certificate }, byJwk)).status, 200);
  assertProblem(await client.post('/acme/revoke-cert', { certificate }), 'alreadyRevoked', 400);
});

test('authorizations are used again by knob, orders and authorizations expire by the clock', async (t) => {
  let now = NOW;
  const { client } = await startRegistered(t, { validAuthzReuse: true, now: () => now });
  await issue(client, dns('a.test'));
  const again = await client.post('/acme/new-order', dns('a.test'));
  assert.equal(again.json.status, 'ready');
  const pending = await client.post('/acme/new-order', dns('a.test', 'b.test'));
  assert.equal(pending.json.status, 'pending');
  now += 31 * DAY;
  assert.equal((await client.post(String(again.headers.location))).json.status, 'invalid');
  assert.equal((await client.post('/acme/new-order', dns('a.test'))).json.status, 'pending');
});

test('issuance can fail', async (t) => {
  const problem = { type: 'urn:ietf:params:acme:error:caa', detail: 'CAA forbids it' };
  const { client } = await startRegistered(t, { issuanceProblem: problem });
  const order = await ready(client, dns('a.test'));
  await client.post(String(order.json.finalize), { csr: await csrFor(['a.test']) });
  const failed = await poll(client, String(order.headers.location), 'invalid');
  assert.deepEqual(failed.json.error, problem);
});

async function listenTls(t: TestContext, key: () => Promise<[Buffer, string]>): Promise<number> {
  const [keyPem, cert] = await key();
  const server = createServer({ key: keyPem, cert, ALPNProtocols: ['acme-tls/1'] }).listen(0, '127.0.0.1');
  server.on('tlsClientError', () => undefined);
  await new Promise((resolve) => server.once('listening', resolve));
  t.after(() => server.close());
  const address = server.address();
  return typeof address === 'object' && address ? address.port : 0;
}

test('tls-alpn-01 wants the one name and the digest', async (t) => {
  const server = await start(t, { alwaysValid: false });
  const client = new RawClient(server.url);
  await client.register();
  const attempt = async (identifier: { type: string; value: string }, suffix: string) => {
    const order = await client.post('/acme/new-order', { identifiers: [identifier] });
    const challenge = (await challengesOf(client, order)).find(({ type }) => type === 'tls-alpn-01');
    const keyAuthorization = `${challenge?.token}.${client.thumbprint}${suffix}`;
    server.knobs.tlsAlpnPort = await listenTls(t, () => alpnCertificate(identifier, keyAuthorization));
    await client.post(challenge?.url ?? '', {});
    while ((await client.post(challenge?.url ?? '')).json.status === 'processing');
    return (await client.post(String(order.headers.location))).json.status;
  };
  assert.equal(await attempt({ type: 'dns', value: 'a.test' }, ''), 'ready');
  assert.equal(await attempt({ type: 'dns', value: 'a.test' }, 'x'), 'invalid');
  assert.equal(await attempt({ type: 'ip', value: '2001:db8::1' }, ''), 'ready');
});

async function alpnCertificate(
  identifier: { type: string; value: string },
  keyAuthorization: string,
): Promise<[Buffer, string]> {
  const keys = await generateKeys();
  const digest = createHash('sha256').update(keyAuthorization).digest();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    keys,
    extensions: [
      new x509.SubjectAlternativeNameExtension([
        { type: identifier.type === 'ip' ? 'ip' : 'dns', value: identifier.value },
      ]),
      new x509.Extension('1.3.6.1.5.5.7.1.31', true, Buffer.concat([Buffer.from([4, 32]), digest])),
    ],
  });
  return [Buffer.from(await privateKeyPem(keys)), certificate.toString('pem')];
}
