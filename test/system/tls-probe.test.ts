import 'reflect-metadata';
import assert from 'node:assert/strict';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createSecureContext, createServer as createTlsServer, TLSSocket, type TlsOptions } from 'node:tls';
import type { StartTls } from '../../src/system/starttls.ts';
import { type ProbeQuestion, probeTls } from '../../src/system/tls-probe.ts';
import { freePort } from '../support/rig/ports.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { issueChain, rsaKey } from '../unit-kit/chains.ts';
import { assertPrintable, NEVER, rejection } from '../unit-kit/expect.ts';
import { leafDer } from '../unit-kit/leaf-der.ts';
import { listenOn } from '../unit-kit/listen.ts';

const ec = await issueChain(['www.example.com']);
const rsa = await issueChain(['www.example.com'], rsaKey);
const other = await issueChain(['other.example.com']);
const pair = ({ keyPem, chain }: typeof ec) => ({ key: keyPem, cert: chain });

const probe = (port: number, more: Partial<ProbeQuestion> = {}, timeoutMs = 5000, signal = NEVER) =>
  probeTls(
    {
      address: { host: '127.0.0.1', port },
      serverName: undefined,
      starttls: undefined,
      keyType: 'ecdsa',
      ...more,
    },
    timeoutMs,
    signal,
  );

const serve = (t: TestContext, options: TlsOptions) =>
  listenOn(t, createTlsServer(options).on('tlsClientError', () => undefined) as Server);

test('the leaf by TCP, whoever issued it, and by a Unix-domain socket', async (t) => {
  assert.deepEqual(await probe(await serve(t, pair(ec))), leafDer(ec.leafPem));
  const { directory, remove } = scratchDirectory('probe');
  t.after(remove);
  const path = join(directory, 's.sock');
  await listenOn(t, createTlsServer(pair(ec)) as Server, { path });
  assert.deepEqual(await probe(0, { address: { path } }), leafDer(ec.leafPem));
  const missing = await rejection(probe(0, { address: { path: `${path}x` } }), 'not-served');
  assert.equal(missing.message, 'there is no such socket');
});

test('by IPv6', async (t) => {
  const server = createTlsServer(pair(ec)) as Server;
  const port = await listenOn(t, server, { port: 0, host: '::1' }).catch(() => undefined);
  if (port === undefined) return t.skip('no IPv6 here');
  assert.deepEqual(await probe(port, { address: { host: '::1', port } }), leafDer(ec.leafPem));
});

test('the name asked for chooses the certificate; without one none is sent', async (t) => {
  const names: (string | undefined)[] = [];
  const port = await serve(t, {
    ...pair(ec),
    SNICallback: (name, done) => {
      names.push(name);
      done(null, createSecureContext(pair(other)));
    },
  });
  assert.deepEqual(await probe(port, { serverName: 'other.example.com' }), leafDer(other.leafPem));
  assert.deepEqual(await probe(port), leafDer(ec.leafPem));
  assert.deepEqual(names, ['other.example.com']);
});

for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
  test(`a server with two certificates, ${version}: that of the key wanted`, async (t) => {
    const both = { key: [ec.keyPem, rsa.keyPem], cert: [ec.chain, rsa.chain] };
    const port = await serve(t, { ...both, minVersion: version, maxVersion: version });
    assert.deepEqual(await probe(port, { keyType: 'rsa' }), leafDer(rsa.leafPem));
    assert.deepEqual(await probe(port, { keyType: 'ecdsa' }), leafDer(ec.leafPem));
  });

  test(`a server with the other kind alone, ${version}: then that`, async (t) => {
    const port = await serve(t, { ...pair(rsa), minVersion: version, maxVersion: version });
    assert.deepEqual(await probe(port, { keyType: 'ecdsa' }), leafDer(rsa.leafPem));
  });
}

/** To be heard: a line, or these bytes and not one more. */
type Heard = RegExp | { readonly bytes: string };
type Step = string | Buffer | Heard;

/** Says texts, waits for what matches; then begins TLS, or does what is told. */
function talking(steps: readonly Step[], then: 'tls' | 'hang' | 'close' = 'tls'): Server {
  return createServer((socket) => {
    socket.on('error', () => undefined);
    void talk(socket, steps).then(() => {
      if (then === 'close') socket.end();
      if (then === 'hang') socket.resume();
      if (then !== 'tls') return;
      new TLSSocket(socket, { isServer: true, ...pair(ec) }).on('error', () => undefined);
    });
  });
}

async function talk(socket: Socket, steps: readonly Step[]): Promise<void> {
  for (const step of steps) {
    if (step instanceof RegExp) await hear(socket, (text) => step.test(text.toString('latin1')));
    else if (typeof step === 'object' && 'bytes' in step)
      await hear(socket, (text) => text.toString('hex') === step.bytes, step.bytes.length / 2);
    else socket.write(step);
  }
}

async function hear(socket: Socket, isWanted: (text: Buffer) => boolean, size?: number): Promise<void> {
  let text = Buffer.alloc(0);
  while (!isWanted(text)) {
    if (socket.readableLength === 0) await new Promise((resolve) => socket.once('readable', resolve));
    const part: Buffer | null = socket.read(
      Math.min(socket.readableLength, (size ?? Infinity) - text.length),
    );
    text = Buffer.concat([text, part ?? Buffer.alloc(0)]);
  }
}

const EHLO = /^EHLO [a-z.-]+\r\n$/;
const SMTP = [
  '220-first\r\n220 ready\r\n',
  EHLO,
  '250-m\r\n250-PIPELINING\r\n250 STARTTLS\r\n',
  /^STARTTLS\r\n$/,
];
const LDAP_REQUEST = { bytes: `301d02010177188016${Buffer.from('1.3.6.1.4.1.1466.20037').toString('hex')}` };
const LDAP_OK = Buffer.from('300c02010178070a010004000400', 'hex');
/** Active Directory writes lengths in four bytes. */
const LDAP_OK_LONG = Buffer.from('3084000000100201017884000000070a010004000400', 'hex');
const POSTGRES = { bytes: '0000000804d2162f' };
/** 32 bytes, the second packet: flags, 16 MiB, utf8, zeros. */
const MYSQL_REQUEST = { bytes: `20000001008a08000000000121${'00'.repeat(23)}` };
const HANDSHAKE = { bytes: '16' };

function mysqlGreeting(capabilities: number): Buffer {
  const body = Buffer.concat([
    Buffer.from('\x0a8.0.36\0', 'latin1'),
    Buffer.alloc(4 + 8 + 1),
    Buffer.from([capabilities & 0xff, capabilities >> 8]),
    Buffer.alloc(40),
  ]);
  return Buffer.concat([Buffer.from([body.length, 0, 0, 0]), body]);
}

/** Of these, Postfix alone is also there for real (test/servers/verify.test.ts); the others are as their documents say. */
const DIALOGUES: readonly (readonly [name: string, protocol: StartTls, steps: readonly Step[]])[] = [
  ['smtp', 'smtp', [...SMTP, '220 go\r\n']],
  ['imap', 'imap', ['* OK hi\r\n', /^a1 STARTTLS\r\n$/, '* CAPABILITY x\r\na1 OK go\r\n']],
  ['pop3', 'pop3', ['+OK hi\r\n', /^STLS\r\n$/, '+OK go\r\n']],
  ['ldap', 'ldap', [LDAP_REQUEST, LDAP_OK]],
  ['ldap, long lengths', 'ldap', [LDAP_REQUEST, LDAP_OK_LONG]],
  ['postgres', 'postgres', [POSTGRES, 'S']],
  ['mysql', 'mysql', [mysqlGreeting(0xffff), MYSQL_REQUEST]],
];

for (const [name, starttls, steps] of DIALOGUES) {
  test(`STARTTLS: ${name}`, async (t) => {
    const port = await listenOn(t, talking(steps));
    assert.deepEqual(await probe(port, { starttls }), leafDer(ec.leafPem));
  });
}

const LDAP_REFUSED = Buffer.from('300c02010178070a013504000400', 'hex');
const REFUSED: readonly (readonly [name: string, protocol: StartTls, steps: readonly Step[], why: RegExp])[] =
  [
    ['greeting', 'smtp', ['554 \x1b[31mno\r\n'], /answered its greeting with "554 {2}?\[31mno"/],
    ['not offered', 'smtp', ['220 x\r\n', EHLO, '250 SIZE\r\n'], /offers no STARTTLS/],
    ['code', 'smtp', [...SMTP, '454 later\r\n'], /answered STARTTLS with "454 later"/],
    ['mixed codes', 'smtp', ['220-x\r\n250 y\r\n'], /answered its greeting with "250 y"/],
    ['no code', 'smtp', ['hello\r\n'], /its greeting with "hello"/],
    ['speaks too early', 'smtp', ['220 x\r\n250 STARTTLS\r\n'], /goes on speaking/],
    ['pipelined', 'smtp', [...SMTP, '220 go\r\n250 injected\r\n'], /goes on speaking/],
    ['preauth', 'imap', ['* PREAUTH x\r\n'], /its greeting with "\* PREAUTH x"/],
    ['no', 'imap', ['* OK\r\n', /STARTTLS/, 'a1 NO off\r\n'], /"a1 NO off"/],
    ['bye', 'imap', ['* OK\r\n', /STARTTLS/, '* BYE off\r\n'], /"\* BYE off"/],
    ['another tag', 'imap', ['* OK\r\n', /STARTTLS/, 'a2 OK\r\n'], /"a2 OK"/],
    ['pipelined', 'imap', ['* OK\r\n', /STARTTLS/, 'a1 OK\r\n* OK\r\n'], /goes on speaking/],
    ['no', 'pop3', ['+OK\r\n', /STLS/, '-ERR no\r\n'], /"-ERR no"/],
    ['greeting', 'pop3', ['-ERR no\r\n'], /its greeting/],
    ['code 53', 'ldap', [LDAP_REQUEST, LDAP_REFUSED], /LDAP result code 53/],
    [
      'another message',
      'ldap',
      [LDAP_REQUEST, Buffer.from('300c02010278070a010004000400', 'hex')],
      /as LDAP does/,
    ],
    ['no LDAP', 'ldap', [LDAP_REQUEST, 'HTTP/1.1 400\r\n'], /does not speak LDAP/],
    ['huge', 'ldap', [LDAP_REQUEST, Buffer.from('3084ffffffff', 'hex')], /too long/],
    ['empty', 'ldap', [LDAP_REQUEST, Buffer.from('3000', 'hex')], /as LDAP does/],
    ['N', 'postgres', [POSTGRES, 'N'], /switched off/],
    ['E', 'postgres', [POSTGRES, 'Eerror'], /does not speak/],
    ['injected', 'postgres', [POSTGRES, 'SX'], /goes on speaking/],
    ['without TLS', 'mysql', [mysqlGreeting(0xf7ff)], /offers no TLS/],
    [
      'error',
      'mysql',
      [Buffer.from('\x0f\0\0\0\xff\x15\x04Host blocked', 'latin1')],
      /refuses: "Host blocked"/,
    ],
    ['no MySQL', 'mysql', ['SSH-2.0-x\r\n'], /does not speak/],
    ['never ends', 'mysql', [Buffer.from([6, 0, 0, 0, 10, 65, 65, 65, 65, 65])], /does not speak/],
  ];

for (const [name, starttls, steps, why] of REFUSED) {
  test(`no STARTTLS: ${starttls}, ${name}`, async (t) => {
    const port = await listenOn(t, talking(steps, 'hang'));
    const { message } = await rejection(probe(port, { starttls }), 'not-served');
    assert.match(message, why);
    assertPrintable(message);
  });
}

const endless = (line: string) =>
  createServer((socket) => {
    const more = () => void (socket.writable && socket.write(line, () => setImmediate(more)));
    socket.on('error', () => undefined);
    more();
  });

for (const starttls of ['smtp', 'imap', 'pop3', 'ldap', 'postgres', 'mysql'] as const) {
  test(`liars: ${starttls}`, async (t) => {
    const closing = await listenOn(t, talking([], 'close'));
    assert.match(
      (await rejection(probe(closing, { starttls }), 'not-served')).message,
      /closed the connection|cut off/,
    );
    const hanging = await listenOn(t, talking([], 'hang'));
    const { message } = await rejection(probe(hanging, { starttls }, 60), 'not-served');
    assert.equal(message, 'it did not answer within 0.06 s');
    for (const line of ['x'.repeat(1000), '220-more\r\n', '* OK\r\n', '\0\0'])
      await rejection(probe(await listenOn(t, endless(line)), { starttls }), 'not-served');
  });
}

const PLAIN: readonly (readonly [name: string, server: () => Server, why: RegExp])[] = [
  ['closes at once', () => talking([], 'close'), /closed the connection|cut off/],
  ['speaks something else', () => talking(['220 mail\r\n'], 'hang'), /does not speak TLS/],
  ['closes in the handshake', () => talking([HANDSHAKE], 'close'), /closed the connection|cut off/],
  ['an alert', () => talking([HANDSHAKE, Buffer.from('15030300020270', 'hex')], 'hang'), /unrecognized name/],
  ['no certificate for anybody', () => createTlsServer({}) as Server, /handshake failure/],
];

for (const [name, server, why] of PLAIN) {
  test(`no TLS: ${name}`, async (t) => {
    const { message, hint } = await rejection(probe(await listenOn(t, server())), 'not-served');
    assert.match(message, why);
    assert.match(hint, /--verify/);
  });
}

test('nobody there, no such name', async () => {
  assert.equal((await rejection(probe(await freePort()), 'not-served')).message, 'connection refused');
  const nowhere = probe(0, { address: { host: 'nobody.invalid', port: 443 } });
  assert.match((await rejection(nowhere, 'not-served')).message, /does not resolve/);
});

test('a handshake that hangs, and an interruption', async (t) => {
  const sockets = new Set<Socket>();
  const port = await listenOn(
    t,
    talking([], 'hang').on('connection', (socket: Socket) => {
      sockets.add(socket);
      socket.once('close', () => sockets.delete(socket));
    }),
  );
  assert.match((await rejection(probe(port, {}, 50), 'not-served')).message, /within 0\.05 s/);
  const controller = new AbortController();
  const interrupted = probe(port, {}, 5000, controller.signal);
  setTimeout(() => controller.abort(new TypeError('stop')), 20);
  await assert.rejects(interrupted, /stop/);
  while (sockets.size > 0) await new Promise((resolve) => setTimeout(resolve, 5));
});
