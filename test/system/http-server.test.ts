import assert from 'node:assert/strict';
import { request } from 'node:http';
import { connect } from 'node:net';
import { test } from 'node:test';
import { listenHttp } from '../../src/system/http-server.ts';
import { freePort, WITHOUT_IPV6 } from '../support/rig/ports.ts';
import { rejection } from '../unit-kit/expect.ts';

const respond = (path: string) => (path === '/here' ? 'answer' : undefined);

function ask(port: number, path: string, method = 'GET', host = '127.0.0.1'): Promise<string> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ host, port, path, method, agent: false }, (incoming) => {
      let body = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        body += chunk;
      });
      incoming.once('end', () => resolve(`${incoming.statusCode} ${body}`));
    });
    outgoing.once('error', reject);
    outgoing.end();
  });
}

test('what there is an answer to is answered, the rest is 404', async (t) => {
  const port = await freePort();
  const server = await listenHttp('', port, respond);
  t.after(() => server.close());
  assert.equal(await ask(port, '/here'), '200 answer');
  for (const path of ['/', '/here/', '/here?x', '/../here'])
    assert.equal(await ask(port, path), '404 ', path);
  assert.equal(await ask(port, '/here', 'HEAD'), '200 ');
  assert.equal(await ask(port, '/', 'HEAD'), '404 ');
  for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS'])
    assert.equal(await ask(port, '/here', method), '405 ', method);
});

test('no address means all of IPv6 and of IPv4', { skip: WITHOUT_IPV6 }, async (t) => {
  const port = await freePort();
  const server = await listenHttp('', port, respond);
  t.after(() => server.close());
  for (const host of ['::1', '127.0.0.1', '127.0.0.2'])
    assert.equal(await ask(port, '/here', 'GET', host), '200 answer', host);
});

test('one address means that address', async (t) => {
  const port = await freePort();
  const server = await listenHttp('127.0.0.1', port, respond);
  t.after(() => server.close());
  assert.equal(await ask(port, '/here'), '200 answer');
  await assert.rejects(ask(port, '/here', 'GET', '127.0.0.2'), { code: 'ECONNREFUSED' });
});

test('closing ends what hangs, and frees the port', async () => {
  const port = await freePort();
  const first = await listenHttp('127.0.0.1', port, respond);
  const hanging = ['', 'GET /he', 'GET /here HTTP/1.1\r\nHost: a\r\n'].map((bytes) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(bytes)).on('error', () => undefined);
    return new Promise((resolve) => socket.once('close', resolve));
  });
  assert.equal(await ask(port, '/here'), '200 answer');
  await first.close();
  await Promise.all(hanging);
  await (await listenHttp('127.0.0.1', port, respond)).close();
});

test('a port that is taken, an address that is not ours', async (t) => {
  const port = await freePort();
  const server = await listenHttp('127.0.0.1', port, respond);
  t.after(() => server.close());
  const taken = await rejection(listenHttp('127.0.0.1', port, respond), 'port-in-use');
  assert.match(
    taken.message,
    new RegExp(`^cannot listen on 127\\.0\\.0\\.1, port ${port}: .+ \\(pid ${process.pid}\\) does$`),
  );
  const strange = await rejection(listenHttp('192.0.2.1', port, respond), 'port-in-use');
  assert.match(strange.hint, /--http-01-address/);
});
