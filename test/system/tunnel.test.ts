import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, request } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import { connect, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createHttpSender } from '../../src/system/http.ts';
import type { Environment } from '../../src/system/proxy.ts';
import { createAuthority } from '../support/rig/authority.ts';
import { freePort } from '../support/rig/ports.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { listenOn } from '../unit-kit/listen.ts';

const LIMITS = { connectTimeoutMs: 5000, timeoutMs: 5000, maxBytes: 1000, maxSockets: 2 };
const authority = await createAuthority();
const { key, certificate: cert } = await authority.issue(['127.0.0.1', 'ca.example.test']);

function sender(t: TestContext, environment: Environment, limits: Partial<typeof LIMITS> = {}) {
  const { send, close } = createHttpSender({ ...LIMITS, ...limits }, authority.root, environment);
  t.after(close);
  return (url: string, signal = NEVER) => send({ url, method: 'GET', headers: { 'X-One': '1' } }, signal);
}

/** A server by TLS that names what it was asked, and the sockets it was asked on. */
async function startTarget(t: TestContext) {
  const sockets = new Set<unknown>();
  const server = createSecureServer({ key, cert }, ({ socket, url, headers }, response) => {
    sockets.add(socket);
    response.end(`${url} ${headers['x-one']} ${headers['proxy-authorization']}`);
  });
  return { port: await listenOn(t, server), sockets };
}

/** A proxy that tunnels to 127.0.0.1 and fetches plain http; tells what it was asked. */
async function startProxy(t: TestContext, make: typeof createServer = createServer) {
  const asked: string[] = [];
  const note = ({ method, url, headers }: IncomingMessage) =>
    void asked.push(`${method} ${url} ${headers.host} ${headers['proxy-authorization']}`);
  const server = make((incoming, response) => {
    note(incoming);
    const onward = request(incoming.url ?? '', { agent: false, headers: { host: 'x' } }, (answer) => {
      response.writeHead(answer.statusCode ?? 0);
      answer.pipe(response);
    });
    onward.end();
  });
  server.on('connect', (incoming: IncomingMessage, socket: Socket) => {
    note(incoming);
    const port = Number(incoming.url?.split(':').at(-1));
    const onward = connect(port, '127.0.0.1', () => {
      socket.write('HTTP/1.1 200 Connection established\r\nVia: test\r\n\r\n');
      socket.pipe(onward).pipe(socket);
    });
    for (const end of [socket, onward]) end.on('error', () => undefined);
  });
  return { port: await listenOn(t, server), asked };
}

test('https goes through a tunnel, with the name of the server and without ours', async (t) => {
  const target = await startTarget(t);
  const proxy = await startProxy(t);
  const send = sender(t, { https_proxy: `http://user:p%40ss@127.0.0.1:${proxy.port}` });
  const reply = await send(`https://ca.example.test:${target.port}/dir?x=1`);
  assert.equal(reply.body, '/dir?x=1 1 undefined');
  const basic = Buffer.from('user:p@ss').toString('base64');
  const host = `ca.example.test:${target.port}`;
  assert.deepEqual(proxy.asked, [`CONNECT ${host} ${host} Basic ${basic}`]);
});

test('tunnels are kept, and no more are made than allowed', async (t) => {
  const target = await startTarget(t);
  const proxy = await startProxy(t);
  const send = sender(t, { all_proxy: `127.0.0.1:${proxy.port}` });
  const url = `https://127.0.0.1:${target.port}/`;
  await Promise.all(Array.from({ length: 10 }, () => send(url)));
  await send(url);
  assert.ok(target.sockets.size <= 2, `${target.sockets.size} connections`);
  assert.equal(proxy.asked.length, target.sockets.size);
});

test('http is asked of the proxy in absolute form', async (t) => {
  const target = await listenOn(
    t,
    createServer(({ url }, response) => void response.end(`plain ${url}`)),
  );
  const proxy = await startProxy(t);
  const send = sender(t, { http_proxy: `http://u:p@127.0.0.1:${proxy.port}` });
  const url = `http://127.0.0.1:${target}/crl?x`;
  assert.equal((await send(url)).body, 'plain /crl?x');
  assert.deepEqual(proxy.asked, [`GET ${url} 127.0.0.1:${target} Basic dTpw`]);
});

test('a proxy that is itself spoken to by TLS, for both', async (t) => {
  const target = await startTarget(t);
  const plain = await listenOn(
    t,
    createServer((_, response) => void response.end('plain')),
  );
  const make = ((listener: Parameters<typeof createServer>[1]) =>
    createSecureServer({ key, cert }, listener)) as unknown as typeof createServer;
  const proxy = await startProxy(t, make);
  const send = sender(t, { all_proxy: `https://127.0.0.1:${proxy.port}` });
  assert.equal((await send(`https://ca.example.test:${target.port}/`)).body, '/ 1 undefined');
  assert.equal((await send(`http://127.0.0.1:${plain}/`)).body, 'plain');
  assert.equal(proxy.asked.length, 2);
});

test('no_proxy: straight there', async (t) => {
  const target = await startTarget(t);
  const send = sender(t, { https_proxy: `http://127.0.0.1:${await freePort()}`, no_proxy: '127.0.0.1' });
  assert.equal((await send(`https://127.0.0.1:${target.port}/`)).status, 200);
});

test('the server behind the tunnel is still judged by its certificate', async (t) => {
  const target = await startTarget(t);
  const proxy = await startProxy(t);
  const send = sender(t, { https_proxy: `http://127.0.0.1:${proxy.port}` });
  const { message } = await rejection(send(`https://other.example.test:${target.port}/`), 'tls-failed');
  assert.match(message, /^the TLS certificate of other\.example\.test:\d+ through the proxy 127/);
});

/** A proxy that answers with these bytes, whatever it is asked; undefined: never. */
const answering = (t: TestContext, bytes: string | undefined, ends = true) =>
  listenOn(
    t,
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        if (bytes !== undefined) socket.write(bytes);
        if (ends) socket.end();
      });
    }),
  );

const LYING: readonly (readonly [string, string, RegExp])[] = [
  ['407', 'HTTP/1.1 407 No\r\nContent-Length: 0\r\n\r\n', /refused the user and password \(status 407\)/],
  ['403', 'HTTP/1.1 403 No\r\nContent-Length: 3\r\n\r\nbad', /answered with status 403/],
  ['502', 'HTTP/1.1 502 No\r\n\r\n', /answered with status 502/],
  ['garbage', 'SSH-2.0-OpenSSH_9.2\r\n', /cannot reach the proxy/],
  ['nothing', '', /the connection was cut off/],
  ['headers without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`, /cannot reach the proxy/],
  ['too much', 'HTTP/1.1 200 OK\r\n\r\nEXTRA', /spoke before its turn/],
];

for (const [name, bytes, why] of LYING) {
  test(`a proxy that answers ${name}: named, without its password`, async (t) => {
    const port = await answering(t, bytes);
    const send = sender(t, { https_proxy: `http://user:secret@127.0.0.1:${port}` });
    const error = await rejection(send('https://ca.example.test/'), 'connection-failed');
    assert.match(error.message, why);
    assert.ok(error.message.includes(`the proxy 127.0.0.1:${port}`), error.message);
    assert.doesNotMatch(`${error.message}${error.hint}${error.stack}`, /secret/);
  });
}

test('a proxy that wants a password, for plain http too', async (t) => {
  const port = await answering(t, LYING[0]?.[1]);
  const send = sender(t, { all_proxy: `http://127.0.0.1:${port}` });
  for (const url of ['http://crl.example.test/', 'https://ca.example.test/']) {
    const { message, hint } = await rejection(send(url), 'connection-failed');
    assert.match(message, /^the proxy 127\.0\.0\.1:\d+ wants a user and password \(status 407\)/);
    assert.match(hint, /USER:PASSWORD@HOST:PORT/);
  }
});

test('a proxy that is down', async (t) => {
  const port = await freePort();
  const send = sender(t, { all_proxy: `http://u:secret@127.0.0.1:${port}` });
  for (const url of ['http://crl.example.test/', 'https://ca.example.test/']) {
    const { message } = await rejection(send(url), 'connection-failed');
    assert.equal(message, `cannot reach the proxy 127.0.0.1:${port}: connection refused`);
  }
});

test('a proxy that hangs is given up when there should be a connection; closing ends what is left', async (t) => {
  const open = new Set<Socket>();
  const hanging = createTcpServer((socket) => {
    open.add(socket.on('error', () => undefined).once('close', () => open.delete(socket)));
    socket.resume();
  });
  const port = await listenOn(t, hanging as Server);
  const { send, close } = createHttpSender({ ...LIMITS, connectTimeoutMs: 50 }, undefined, {
    https_proxy: `http://127.0.0.1:${port}`,
  });
  const get = { url: 'https://ca.example.test/', method: 'GET', headers: {} } as const;
  const { message } = await rejection(send(get, NEVER), 'connection-failed');
  assert.match(message, new RegExp(`proxy 127\\.0\\.0\\.1:${port}`));
  assert.match(message, /within 0\.05 s/);
  const controller = new AbortController();
  const patient = createHttpSender(LIMITS, undefined, { https_proxy: `http://127.0.0.1:${port}` });
  const stopped = patient.send(get, controller.signal);
  setTimeout(() => controller.abort(new TypeError('stop')), 20);
  const began = performance.now();
  await assert.rejects(stopped, /stop/);
  assert.ok(performance.now() - began < 2000, 'at once');
  patient.close();
  close();
  while (open.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
