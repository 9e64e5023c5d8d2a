import assert from 'node:assert/strict';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { CLASS, encodeRecord, readName, TYPE, uint16 } from '../../src/challenges/dns/wire.ts';
import { EvercertError } from '../../src/errors.ts';
import { createDns } from '../../src/system/dns.ts';
import { parseServer, sendDns } from '../../src/system/dns-exchange.ts';
import { freePort } from '../support/rig/ports.ts';
import { assertPrintable, failure, NEVER, rejection } from '../unit-kit/expect.ts';

const RCODES: Readonly<Record<string, number>> = { servfail: 2, nowhere: 3, notimp: 4, refused: 5 };
const QUESTION_AT = 12;

/** What a name's first label says; undefined: nothing at all. */
function answerTo(question: Buffer, isTcp: boolean): Buffer | undefined {
  const { name, end } = readName(question, QUESTION_AT);
  const [how = ''] = name.split('.');
  if (how === 'silent') return undefined;
  const asked = question.subarray(QUESTION_AT, end + 4);
  const type = question.readUInt16BE(end);
  const head = (flags: number, answers: number) =>
    Buffer.concat([question.subarray(0, 2), uint16(flags, 1, answers, 0, 0), asked]);
  if (how === 'long' && !isTcp) return head(0x8600, 0);
  const data = dataOf(how, type);
  if (data === undefined) return head(0x8400 | (RCODES[how] ?? 0), 0);
  return Buffer.concat([head(0x8400, 1), encodeRecord({ name, type, class: CLASS.IN, ttl: 1, data })]);
}

function dataOf(how: string, type: number): Buffer | undefined {
  if (type === TYPE.TXT && how === 'long') return Buffer.from('\x03abc\x02de', 'latin1');
  if (type === TYPE.CNAME && how === 'alias') return Buffer.from('\x05Other\x04TEST\0', 'latin1');
  if (type === TYPE.CNAME && how === 'evil') return Buffer.from('\x03a\x1b[\x04test\0', 'latin1');
  if (type === 1 && how === 'onlyv4') return Buffer.from([192, 0, 2, 1]);
  return undefined;
}

async function dnsServer(t: TestContext): Promise<string> {
  const port = await freePort();
  const udp = createSocket('udp4', (question, from) => {
    const answer = answerTo(question, false);
    if (answer !== undefined) udp.send(answer, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  const tcp = createServer((client) => {
    client.on('data', (bytes: Buffer) => {
      const answer = answerTo(bytes.subarray(2), true);
      if (answer !== undefined) client.write(Buffer.concat([uint16(answer.length), answer]));
    });
  }).listen(port, '127.0.0.1');
  t.after(() => {
    udp.close();
    tcp.close();
  });
  return `127.0.0.1:${port}`;
}

test('what does not exist is an empty answer', async (t) => {
  const dns = createDns([await dnsServer(t)]);
  assert.deepEqual(await dns.txt('nowhere.test'), []);
  assert.deepEqual(await dns.txt('nodata.test'), []);
  assert.deepEqual(await dns.ns('nodata.test'), []);
  const exist = ['nowhere', 'nodata', 'alias'].map((how) => dns.exists(`${how}.test`));
  assert.deepEqual(await Promise.all(exist), [false, true, true]);
  await rejection(dns.exists('refused.test'), 'dns-failed');
  assert.deepEqual([await dns.cname('nodata.test'), await dns.isZone('nodata.test')], [undefined, false]);
});

test('an answer that is cut is asked for by TCP; its strings are joined', async (t) => {
  assert.deepEqual(await createDns([await dnsServer(t)]).txt('long.test'), ['abcde']);
});

test('what is no answer is told with the server', async (t) => {
  const server = await dnsServer(t);
  const dns = createDns([server]);
  for (const how of ['servfail', 'refused', 'notimp']) {
    const { message } = await rejection(dns.txt(`${how}.test`), 'dns-failed');
    assert.match(message, new RegExp(`TXT of ${how}.test at ${server}: .*\\(${how.toUpperCase()}\\)$`));
  }
  const nobody = `127.0.0.1:${await freePort()}`;
  assert.match(
    (await rejection(createDns([nobody]).txt('a.test'), 'dns-failed')).message,
    /nobody answers|no answer/,
  );
});

test('names come out in lower case; one that could drive a terminal is refused', async (t) => {
  const dns = createDns([await dnsServer(t)]);
  assert.equal(await dns.cname('alias.test'), 'other.test');
  const { message } = await rejection(dns.cname('evil.test'), 'dns-failed');
  assertPrintable(message);
  assertPrintable((await rejection(dns.txt('a\x1b..test'), 'dns-failed')).message);
});

test('addresses of one kind are enough; an address is one', async (t) => {
  const dns = createDns([await dnsServer(t)]);
  assert.deepEqual(await dns.addresses('onlyv4.test'), ['192.0.2.1']);
  assert.deepEqual(await dns.addresses('2001:db8::1'), ['2001:db8::1']);
  await rejection(dns.addresses('refused.test'), 'dns-failed');
});

test('an interruption ends a question that nobody answers', async (t) => {
  const controller = new AbortController();
  const dns = createDns([await dnsServer(t)], controller.signal);
  const asked = rejection(dns.txt('silent.test'), 'interrupted');
  setTimeout(() => controller.abort(new EvercertError('interrupted', 'stop', 'now')), 20);
  await asked;
  await rejection(dns.txt('alias.test'), 'interrupted');
});

test('addresses of servers', async () => {
  await rejection(createDns(['resolver']).txt('a.test'), 'bad-settings');
  assert.deepEqual(parseServer('192.0.2.1'), { host: '192.0.2.1', port: 53 });
  assert.deepEqual(parseServer('192.0.2.1:5353'), { host: '192.0.2.1', port: 5353 });
  assert.deepEqual(parseServer('ns1.example.org:54'), { host: 'ns1.example.org', port: 54 });
  assert.deepEqual(parseServer('2001:db8::1'), { host: '2001:db8::1', port: 53 });
  assert.deepEqual(parseServer('[2001:db8::1]:54'), { host: '2001:db8::1', port: 54 });
  for (const bad of ['', ':53', 'a b', '192.0.2.1:0', '192.0.2.1:65536', '[::1', 'a\x1b'])
    assertPrintable(failure(() => parseServer(bad), 'dns-failed').message);
});

/** Where this answers each connection. */
async function tcpServer(t: TestContext, host: string, talk: (client: Socket) => void): Promise<string> {
  const server = createServer((client) =>
    client.on('error', () => undefined).once('data', () => talk(client)),
  );
  server.listen(0, host);
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

const QUESTION = Buffer.from('question');

test('one message and its answer, in whatever pieces it comes; what follows is not read', async (t) => {
  for (const host of ['127.0.0.1', '::1']) {
    const server = await tcpServer(t, host, async (client) => {
      for (const piece of ['\0', '\x03', 'a', 'bcd']) {
        client.write(piece, 'latin1');
        await new Promise(setImmediate);
      }
    });
    assert.equal((await sendDns(server, QUESTION, NEVER)).toString(), 'abc');
  }
});

test('a connection that is refused, or cut off', async (t) => {
  const cut = await tcpServer(t, '127.0.0.1', (client) => client.end('\0'));
  assert.match((await rejection(sendDns(cut, QUESTION, NEVER), 'dns-failed')).message, /cut off/);
  const nobody = `127.0.0.1:${await freePort()}`;
  assert.match((await rejection(sendDns(nobody, QUESTION, NEVER), 'dns-failed')).message, /ECONNREFUSED/);
});

test('an interruption ends an exchange', async (t) => {
  const controller = new AbortController();
  const reason = new EvercertError('interrupted', 'stop', 'now');
  const silent = await tcpServer(t, '127.0.0.1', (client) => {
    controller.abort(reason);
    client.once('close', () => client.destroy());
  });
  await rejection(sendDns(silent, QUESTION, controller.signal), 'interrupted');
  await rejection(sendDns(silent, QUESTION, controller.signal), 'interrupted');
});
