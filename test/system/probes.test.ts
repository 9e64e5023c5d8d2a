import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createSecure } from 'node:https';
import { createServer as createPlain, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTls, type TlsOptions } from 'node:tls';
import { probeAlpn } from '../../src/system/alpn-probe.ts';
import { type HttpQuestion, probeHttp } from '../../src/system/http-probe.ts';
import { freePort } from '../support/rig/ports.ts';
import { issueChain } from '../unit-kit/chains.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { leafDer } from '../unit-kit/leaf-der.ts';
import { listenOn } from '../unit-kit/listen.ts';

const other = await issueChain(['other.example']);
const pair = { key: other.keyPem, cert: other.chain };

const get = (port: number, more: Partial<HttpQuestion> = {}, timeoutMs = 5000, signal = NEVER) =>
  probeHttp(
    { address: '127.0.0.1', port, secure: false, host: 'a.example', path: '/x?y', ...more },
    timeoutMs,
    signal,
  );
const greet = (port: number, timeoutMs = 5000) =>
  probeAlpn(
    { address: '127.0.0.1', port, serverName: 'a.example', protocol: 'acme-tls/1' },
    timeoutMs,
    NEVER,
  );

const web = (t: TestContext, answer: RequestListener) => listenOn(t, createServer(answer));
const raw = (t: TestContext, serve: (socket: Socket) => void) =>
  listenOn(
    t,
    createPlain((socket) => serve(socket.on('error', () => undefined))),
  );
const none = (how: string) => ({ kind: 'none', how });

test('a GET goes to the address, by the name of the URL', async (t) => {
  const port = await web(t, (request, response) => {
    const { method, url, headers } = request;
    response.writeHead(201).end(`${method} ${url} ${headers.host} ${headers.connection}`);
  });
  const body = `GET /x?y a.example:${port} close`;
  assert.deepEqual(await get(port), { kind: 'answer', status: 201, location: undefined, body });
});

test('no redirect is followed, and of a long body the first KiB is read', async (t) => {
  const port = await web(t, (_, response) => {
    response.writeHead(302, { location: '/else' });
    const more = () => void (response.destroyed || response.write('é'.repeat(10_000), more));
    more();
  });
  const found = await get(port);
  assert.ok(found.kind === 'answer');
  assert.deepEqual([found.status, found.location], [302, '/else']);
  assert.equal(Buffer.byteLength(found.body), 1024);
});

test('https, whatever the certificate, with the server name', async (t) => {
  const names: unknown[] = [];
  const server = createSecure(pair, (request, response) => {
    names.push((request.socket as unknown as { servername: unknown }).servername);
    response.end('ok');
  });
  const port = await listenOn(t, server);
  for (const host of ['a.example', '127.0.0.1', '[::1]']) {
    const found = await get(port, { secure: true, host });
    assert.deepEqual(found.kind === 'answer' && found.body, 'ok');
  }
  assert.deepEqual(names, ['a.example', false, false]);
});

test('how there is no answer', async (t) => {
  assert.deepEqual(await get(await freePort()), none('refused'));
  const silent = await raw(t, () => undefined);
  assert.deepEqual(await get(silent, {}, 50), none('silent'));
  const cut = await raw(t, (socket) => void socket.once('data', () => socket.resetAndDestroy()));
  assert.deepEqual(await get(cut), none('cut-off'));
  const ssh = await raw(t, (socket) => void socket.end('SSH-2.0-OpenSSH_9.2\r\n'));
  assert.deepEqual(await get(ssh), none('no-http'));
  assert.deepEqual(await get(ssh, { secure: true }), none('no-tls'));
  const endless = await web(t, (_, response) => void response.write('begins'));
  assert.deepEqual(await get(endless, {}, 50), none('silent'));
});

test('an interrupted run says so, and no answer', async (t) => {
  const port = await raw(t, () => undefined);
  const reason = new TypeError('by the test');
  await assert.rejects(get(port, {}, 5000, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 20);
  await assert.rejects(get(port, {}, 5000, controller.signal), reason);
});

const secure = (t: TestContext, options: TlsOptions) =>
  listenOn(t, createTls({ ...pair, ...options }).on('tlsClientError', () => undefined) as Server);

test('ALPN: what is agreed on, and the certificate', async (t) => {
  const leaf = leafDer(other.leafPem);
  const ours = await secure(t, { ALPNProtocols: ['acme-tls/1'] });
  assert.deepEqual(await greet(ours), { kind: 'answer', protocol: 'acme-tls/1', leaf });
  assert.deepEqual(await greet(await secure(t, {})), { kind: 'answer', protocol: undefined, leaf });
});

test('ALPN: how there is no answer', async (t) => {
  assert.deepEqual(await greet(await secure(t, { ALPNProtocols: ['h2'] })), none('no-tls'));
  assert.deepEqual(await greet(await freePort()), none('refused'));
  assert.deepEqual(await greet(await raw(t, () => undefined), 50), none('silent'));
  assert.deepEqual(await greet(await raw(t, (socket) => void socket.end('220 hello\r\n'))), none('no-tls'));
  assert.deepEqual(await greet(await raw(t, (socket) => void socket.destroy())), none('cut-off'));
});
