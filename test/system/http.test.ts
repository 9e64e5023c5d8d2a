import 'reflect-metadata';
import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createTcpServer, type Server } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { rootCertificates } from 'node:tls';
import { createHttpSender, type HttpRequest } from '../../src/system/http.ts';
import type { Environment } from '../../src/system/proxy.ts';
import { rootsBeside } from '../../src/system/trust.ts';
import { startAcmeServer } from '../support/acme-server/index.ts';
import { freePort } from '../support/rig/ports.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { authority } from '../unit-kit/chains.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { listenOn } from '../unit-kit/listen.ts';

const LIMITS = { connectTimeoutMs: 10_000, timeoutMs: 10_000, maxBytes: 1000, maxSockets: 2 };

const listen = async (t: TestContext, server: Server) => `http://127.0.0.1:${await listenOn(t, server)}/`;
const serve = (t: TestContext, answer: RequestListener) => listen(t, createServer(answer));
/** A server that answers with these bytes and, unless told, closes. */
const raw = (t: TestContext, bytes: string, stays = false) =>
  listen(
    t,
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => (stays ? socket.write(bytes) : socket.end(bytes)));
    }),
  );

function sender(
  t: TestContext,
  limits: Partial<typeof LIMITS> = {},
  ca?: string,
  environment: Environment = {},
) {
  const { send, close } = createHttpSender({ ...LIMITS, ...limits }, ca, environment);
  t.after(close);
  return (url: string, request: Partial<HttpRequest> = {}, signal = NEVER) =>
    send({ url, method: 'GET', headers: {}, ...request }, signal);
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) body += chunk;
  return body;
}

test('a request goes out as it is, an answer comes back as it is', async (t) => {
  const url = await serve(t, async (request, response) => {
    response.setHeader('X-Many', ['a', 'b']);
    response.writeHead(201, { 'Content-Type': 'text/plain; charset=utf-8', Location: '/x' });
    response.end(`${request.method} ${request.headers['x-one']} ${await bodyOf(request)} ü`);
  });
  const reply = await sender(t)(url, { method: 'POST', headers: { 'X-One': '1' }, body: '{"a":1}' });
  assert.deepEqual([reply.status, reply.body], [201, 'POST 1 {"a":1} ü']);
  assert.deepEqual([reply.headers.location, reply.headers['x-many']], ['/x', 'a, b']);
});

test('bodies of bytes go out and come back as they are', async (t) => {
  const sent = Buffer.from([0, 0xff, 0x80, 0x0a]);
  const url = await serve(t, (request, response) => request.pipe(response));
  const { bytes, body } = await sender(t)(url, { method: 'POST', body: sent });
  assert.deepEqual(bytes, sent);
  assert.equal(body, sent.toString('utf8'));
});

test('a body is one whatever the method, and the next request is another', async (t) => {
  const url = await serve(t, async (request, response) =>
    response.end(`${request.method} ${await bodyOf(request)}`),
  );
  const send = sender(t, { maxSockets: 1 });
  for (const method of ['DELETE', 'PUT', 'PATCH', 'GET'] as const)
    assert.equal((await send(url, { method, body: 'ü' })).body, `${method} ü`);
});

test('HEAD has no body, and no status is an exception', async (t) => {
  const url = await serve(t, (request, response) =>
    response.writeHead(request.method === 'HEAD' ? 204 : 500).end(),
  );
  const send = sender(t);
  assert.equal((await send(url, { method: 'HEAD' })).status, 204);
  assert.equal((await send(url)).status, 500);
});

test('redirects are not followed', async (t) => {
  const url = await serve(t, (_, response) =>
    response.writeHead(302, { Location: 'http://127.0.0.1:1/' }).end(),
  );
  assert.equal((await sender(t)(url)).status, 302);
});

test('connections are kept, and no more are made than allowed', async (t) => {
  const sockets = new Set<unknown>();
  const url = await serve(t, ({ socket }, response) => {
    sockets.add(socket);
    response.end('x');
  });
  const send = sender(t);
  await Promise.all(Array.from({ length: 10 }, () => send(url)));
  assert.ok(sockets.size <= 2, `${sockets.size} connections`);
});

const hang = () => undefined;
const trickle = (_: unknown, response: ServerResponse) => void response.writeHead(200).write('x');

for (const [name, answer] of Object.entries({ 'no answer': hang, 'half an answer': trickle })) {
  test(`time is up: ${name}`, async (t) => {
    const url = await serve(t, answer);
    const { message } = await rejection(sender(t, { timeoutMs: 50 })(url), 'connection-failed');
    assert.match(message, /^127\.0\.0\.1:\d+ did not answer within 0\.05 s$/);
  });

  test(`interrupted: ${name}`, async (t) => {
    const reason = new TypeError('stop');
    const controller = new AbortController();
    const url = await serve(t, (request, response) => {
      answer(request, response);
      controller.abort(reason);
    });
    await assert.rejects(sender(t)(url, {}, controller.signal), reason);
  });
}

test('bytes come back as they are, and go out as they are', async (t) => {
  const bytes = Buffer.from([0x30, 0x80, 0xff, 0x00, 0xc3]);
  const url = await serve(t, (request, response) => void request.pipe(response));
  const reply = await sender(t)(url, { method: 'POST', body: bytes });
  assert.deepEqual(reply.bytes, bytes);
  assert.equal(reply.body, bytes.toString('utf8'));
});

test('waiting for a free socket is not counted', async (t) => {
  const url = await serve(t, (_, response) => void setTimeout(() => response.end('x'), 100));
  const send = sender(t, { maxSockets: 1, timeoutMs: 250 });
  const replies = await Promise.all(Array.from({ length: 4 }, () => send(url)));
  assert.equal(replies.length, 4);
});

test('interrupted while waiting for a free socket', async (t) => {
  const url = await serve(t, hang);
  const send = sender(t, { maxSockets: 1 });
  const outer = new AbortController();
  const first = send(url, {}, outer.signal);
  const controller = new AbortController();
  const second = send(url, {}, controller.signal);
  controller.abort(new TypeError('second'));
  await assert.rejects(second, /second/);
  outer.abort(new TypeError('first'));
  await assert.rejects(first, /first/);
});

test('no connection in time: a server that takes none', async (t) => {
  const url = await raw(t, '', true);
  const send = sender(t, { connectTimeoutMs: 50 });
  const { message } = await rejection(send(url.replace('http:', 'https:')), 'connection-failed');
  assert.match(message, /^there was no connection to 127\.0\.0\.1:\d+ within 0\.05 s$/);
});

test('the time for connecting is over once there is a connection', async (t) => {
  const url = await serve(t, (_, response) => void setTimeout(() => response.end('late'), 120));
  const send = sender(t, { connectTimeoutMs: 60 });
  assert.equal((await send(url)).body, 'late');
  assert.equal((await send(url)).body, 'late');
});

test('after an answer there are no timers left', async (t) => {
  const url = await serve(t, (_, response) => void response.end('x'));
  const outer = new AbortController();
  const send = sender(t, { connectTimeoutMs: 61_000, timeoutMs: 62_000 });
  await send(url, {}, outer.signal);
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0);
});

test('interrupted before it began', async (t) => {
  const reason = new TypeError('stop');
  await assert.rejects(sender(t)('http://127.0.0.1:1/', {}, AbortSignal.abort(reason)), reason);
});

test('an answer of the allowed size is read, a larger one is not, nor is one without end', async (t) => {
  const url = await serve(t, ({ url: path }, response) => {
    if (path !== '/endless') return void response.end('x'.repeat(Number(path?.slice(1))));
    const more = () => void (response.writable && response.write('x'.repeat(100), () => setImmediate(more)));
    more();
  });
  const send = sender(t);
  assert.equal((await send(`${url}1000`)).body.length, 1000);
  assert.match((await rejection(send(`${url}1001`), 'bad-answer')).message, /more than 1000 bytes/);
  await rejection(send(`${url}endless`), 'bad-answer');
  assert.equal((await send(`${url}7`)).body, 'xxxxxxx');
});

const RAW: readonly (readonly [string, string])[] = [
  ['closed without an answer', ''],
  ['cut off in the headers', 'HTTP/1.1 200 OK\r\nContent-Le'],
  ['cut off in the body', 'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf'],
  ['cut off in a chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhal'],
  ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ['two lengths', 'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx'],
  ['headers without end', `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`],
];

for (const [name, bytes] of RAW) {
  test(`failed: ${name}`, async (t) => {
    await rejection(sender(t)(await raw(t, bytes)), 'connection-failed');
  });
}

test('failed: nobody listens, no such name', async (t) => {
  const send = sender(t);
  assert.match(
    (await rejection(send(`http://127.0.0.1:${await freePort()}/`), 'connection-failed')).message,
    /connection refused/,
  );
  assert.match(
    (await rejection(send('http://nobody.invalid/'), 'connection-failed')).message,
    /^cannot reach nobody\.invalid: /,
  );
});

test('failed: TLS where there is none', async (t) => {
  const url = await raw(t, 'HTTP/1.1 400 Bad Request\r\n\r\n');
  const error = await sender(t)(url.replace('http:', 'https:')).catch((thrown: { code: string }) => thrown);
  assert.match(String('code' in error && error.code), /connection-failed|tls-failed/);
});

test('TLS: trusted by the CA bundle, for the names of the certificate', async (t) => {
  const ca = await startAcmeServer({ tls: true, authority });
  t.after(() => ca.close());
  const trusted = sender(t, { maxBytes: 100_000 }, ca.tlsRootPem);
  assert.equal((await trusted(ca.directoryUrl)).status, 200);
  const other = ca.directoryUrl.replace('127.0.0.1', '127.0.0.2');
  await rejection(trusted(other), 'tls-failed').catch(() => rejection(trusted(other), 'connection-failed'));
  const { message, hint } = await rejection(sender(t)(ca.directoryUrl), 'tls-failed');
  assert.match(message, /^the TLS certificate of 127\.0\.0\.1:\d+ was refused: /);
  assert.match(hint, /--ca-bundle/);
  await rejection(sender(t, {}, ca.otherRootPem)(ca.directoryUrl), 'tls-failed');
});

test('TLS: the bundle is trusted beside what NODE_EXTRA_CA_CERTS names', async (t) => {
  const ca = await startAcmeServer({ tls: true, authority });
  t.after(() => ca.close());
  const { directory, remove } = scratchDirectory('trust');
  t.after(remove);
  const extra = join(directory, 'extra.pem');
  writeFileSync(extra, ca.tlsRootPem);
  const big = { maxBytes: 100_000 };
  const send = sender(t, big, ca.otherRootPem, { NODE_EXTRA_CA_CERTS: extra });
  assert.equal((await send(ca.directoryUrl)).status, 200);
  const missing = sender(t, big, ca.tlsRootPem, { NODE_EXTRA_CA_CERTS: `${extra}.missing` });
  assert.equal((await missing(ca.directoryUrl)).status, 200);
});

test('TLS: the roots of Node are trusted beside the bundle', () => {
  assert.deepEqual(rootsBeside('bundle', {}), [...rootCertificates, 'bundle']);
});
