import assert from 'node:assert/strict';
import { connect as connectTcp } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type ConnectionOptions, connect, type SecureVersion } from 'node:tls';
import { listenTls } from '../../src/system/tls-alpn-server.ts';
import { createAlpnCertificate } from '../../src/x509/alpn-certificate.ts';
import { freePort, WITHOUT_IPV6 } from '../support/rig/ports.ts';
import { rejection } from '../unit-kit/expect.ts';

const NAMES = ['a.example', 'b.example'];
const certificateOf = (value: string) => createAlpnCertificate({ type: 'dns', value }, value, Date.now());
const files = new Map(
  await Promise.all(NAMES.map(async (name) => [name, await certificateOf(name)] as const)),
);
const placeholder = await certificateOf('acme.invalid');

async function listen(t: TestContext, address = ''): Promise<number> {
  const port = await freePort();
  const server = await listenTls(address, port, { of: (name) => files.get(name), placeholder });
  t.after(() => server.close());
  return port;
}

interface Seen {
  readonly protocol: string | false | null;
  readonly names: string | undefined;
}

/** What a client is shown, or the code of its error. */
function shake(port: number, options: ConnectionOptions): Promise<Seen | string> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port, rejectUnauthorized: false, ...options }, () => {
      const names = socket.getPeerCertificate().subjectaltname;
      resolve({ protocol: socket.alpnProtocol, names });
      socket.destroy();
    });
    socket.once('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
  });
}

const ACME = { ALPNProtocols: ['acme-tls/1'] };

for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] satisfies SecureVersion[]) {
  test(`each name has its certificate, and nothing else has one (${maxVersion})`, async (t) => {
    const port = await listen(t);
    const ask = (options: ConnectionOptions) => shake(port, { maxVersion, ...options });
    for (const name of NAMES) {
      const seen = { protocol: 'acme-tls/1', names: `DNS:${name}` };
      assert.deepEqual(await ask({ servername: name, ...ACME }), seen);
    }
    assert.deepEqual(await ask({ servername: 'B.example', ...ACME }), {
      protocol: 'acme-tls/1',
      names: 'DNS:b.example',
    });
    const refusals = [
      { servername: 'c.example', ...ACME },
      { servername: '', ...ACME },
      { servername: 'a.example', ALPNProtocols: ['h2', 'http/1.1'] },
      { servername: '', ALPNProtocols: ['http/1.1'] },
    ];
    for (const options of refusals)
      assert.match(String(await ask(options)), /^ERR_SSL_.*ALERT/, JSON.stringify(options));
  });
}

test('a client that names no protocol is shown no answer', async (t) => {
  const port = await listen(t);
  const ask = (maxVersion: SecureVersion) => shake(port, { servername: 'a.example', maxVersion });
  assert.match(String(await ask('TLSv1.3')), /^ERR_SSL_.*ALERT/);
  assert.deepEqual(await ask('TLSv1.2'), { protocol: false, names: 'DNS:acme.invalid' });
});

test('on IPv6 as on IPv4; one address means that address', { skip: WITHOUT_IPV6 }, async (t) => {
  const all = await listen(t);
  const seen = { protocol: 'acme-tls/1', names: 'DNS:a.example' };
  for (const host of ['::1', '127.0.0.1', '127.0.0.2'])
    assert.deepEqual(await shake(all, { host, servername: 'a.example', ...ACME }), seen, host);
  const one = await listen(t, '127.0.0.1');
  assert.deepEqual(await shake(one, { servername: 'a.example', ...ACME }), seen);
  for (const host of ['::1', '127.0.0.2'])
    assert.equal(await shake(one, { host, servername: 'a.example' }), 'ECONNREFUSED', host);
});

test('closing ends what hangs, before and after the handshake, and frees the port', async () => {
  const port = await freePort();
  const answers = { of: (name: string) => files.get(name), placeholder };
  const server = await listenTls('', port, answers);
  const silent = connectTcp(port, '127.0.0.1');
  await new Promise((resolve) => silent.once('connect', resolve));
  const ready = connect({ port, servername: 'a.example', rejectUnauthorized: false, ...ACME });
  await new Promise((resolve) => ready.once('secureConnect', resolve));
  const gone = [silent, ready].map(
    (socket) => new Promise((resolve) => socket.on('error', () => undefined).once('close', resolve)),
  );
  await server.close();
  await Promise.all(gone);
  await (await listenTls('', port, answers)).close();
});

test('what is no TLS does no harm', async (t) => {
  const port = await listen(t);
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', '\x16\x03\x01\xff\xff', '']) {
    const socket = connectTcp(port, '127.0.0.1').on('error', () => undefined);
    socket.end(bytes);
    await new Promise((resolve) => socket.resume().once('close', resolve));
  }
  const seen = { protocol: 'acme-tls/1', names: 'DNS:a.example' };
  assert.deepEqual(await shake(port, { servername: 'a.example', ...ACME }), seen);
});

test('a port that is taken: by whom, and what to do', async (t) => {
  const port = await listen(t);
  const answers = { of: () => undefined, placeholder };
  const taken = await rejection(listenTls('', port, answers), 'port-in-use');
  assert.match(
    taken.message,
    new RegExp(`^cannot listen on port ${port}: .+ \\(pid ${process.pid}\\) does$`),
  );
  assert.match(taken.hint, /--tls-alpn-01-port/);
  const strange = await rejection(listenTls('192.0.2.1', port, answers), 'port-in-use');
  assert.match(strange.hint, /--tls-alpn-01-address/);
});
