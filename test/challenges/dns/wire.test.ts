import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { readSignedAnswer, signMessage, TSIG_ERROR, type TsigKey } from '../../../src/challenges/dns/tsig.ts';
import {
  CLASS,
  decodeMessage,
  encodeName,
  encodeRecord,
  encodeTxtUpdate,
  readName,
  TYPE,
  uint16,
} from '../../../src/challenges/dns/wire.ts';
import { NOW } from '../../unit-kit/clock.ts';
import { attempt, failure } from '../../unit-kit/expect.ts';

const KEY: TsigKey = { name: 'Key.Test', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 7) };
const REQUEST = signMessage(encodeTxtUpdate(4711, 'example.test', 'a.example.test', 'value', 60), KEY, NOW);

/** A server's answer to REQUEST, not signed. */
function answer(
  rcode: number,
  more: Buffer = Buffer.alloc(0),
  counts: readonly number[] = [0, 0, 0],
): Buffer {
  return Buffer.concat([uint16(4711, 0xa800 | rcode, 0, ...counts), more]);
}

const read = (bytes: Buffer) => readSignedAnswer(bytes, REQUEST, KEY, NOW);

test('a name is encoded in lower case, and read back', () => {
  assert.deepEqual(encodeName('_A.Example.'), Buffer.from('\x02_a\x07example\0', 'latin1'));
  for (const name of [
    '',
    '.',
    'a..b',
    'a b',
    `${'x'.repeat(64)}.test`,
    `${'x.'.repeat(127)}test`,
    'ü.test',
    'a\0b',
  ])
    failure(() => encodeName(name), 'dns-failed');
  const name = fc.array(fc.stringMatching(/^[a-z0-9_-]{1,20}$/), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(name, (labels) => {
      assert.deepEqual(readName(encodeName(labels.join('.')), 0).name, labels.join('.'));
    }),
  );
});

test('compressed names: pointers lead back only', () => {
  const bytes = Buffer.from('\x04test\0\x01a\xc0\x00\x01b\xc0\x06', 'latin1');
  assert.deepEqual(readName(bytes, 10), { name: 'b.a.test', end: 14 });
  for (const text of [
    '\xc0\x00',
    '\x01a\xc0\x00',
    '\xc0\x02\xc0\x00',
    '\xc0',
    '\x40',
    '\x05abc',
    '\x01.\0',
    '\x01\x1b\0',
  ])
    failure(() => readName(Buffer.from(text, 'latin1'), 0), 'dns-failed');
});

test('an update has the layout of RFC 2136: add in IN with a TTL, take away in NONE without', () => {
  const zone = '0465786d7000000600 01'.replaceAll(' ', '');
  const name = '0161 0465786d7000'.replaceAll(' ', '');
  const data = '0010';
  const add = encodeTxtUpdate(1, 'exmp', 'a.exmp', 'v', 60).toString('hex');
  assert.equal(add, `000128000001000000010000${zone}${name}${data}00010000003c00020176`);
  const remove = encodeTxtUpdate(1, 'exmp', 'a.exmp', 'v', undefined).toString('hex');
  assert.equal(remove, `000128000001000000010000${zone}${name}${data}00fe0000000000020176`);
});

test('a message is read whole or not at all', () => {
  const record = encodeRecord({
    name: 'a.test',
    type: TYPE.TXT,
    class: CLASS.IN,
    ttl: 5,
    data: Buffer.from('\x01x'),
  });
  const whole = answer(3, record, [1, 0, 0]);
  const { rcode, isResponse, answers } = decodeMessage(whole);
  assert.deepEqual(
    [rcode, isResponse, answers.map(({ name, ttl }) => [name, ttl])],
    [3, true, [['a.test', 5]]],
  );
  for (let length = 0; length < whole.length; length += 1)
    failure(() => decodeMessage(whole.subarray(0, length)), 'dns-failed');
  failure(() => decodeMessage(Buffer.concat([whole, Buffer.alloc(1)])), 'dns-failed');
  failure(() => decodeMessage(answer(0, record, [65_535, 65_535, 65_535])), 'dns-failed');
});

test('any bytes are read or refused, soon', () => {
  const bytes = fc.uint8Array({ maxLength: 300 });
  fc.assert(
    fc.property(bytes, (any) => void attempt(() => decodeMessage(Buffer.from(any)), 'dns-failed')),
    { numRuns: 2000 },
  );
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(3), { minLength: 3, maxLength: 3 }), (any, counts) => {
      attempt(() => read(answer(0, Buffer.from(any), counts)), 'dns-failed');
    }),
    { numRuns: 2000 },
  );
});

test('ten thousand pointers do not take long', () => {
  const bytes = Buffer.alloc(60_000, 0);
  for (let at = 14; at + 1 < 16_000; at += 2) bytes.writeUInt16BE(0xc000 | (at - 2), at);
  bytes.writeUInt16BE(1000, 6);
  const start = performance.now();
  attempt(() => decodeMessage(bytes), 'dns-failed');
  attempt(() => readName(bytes, 15_998), 'dns-failed');
  assert.ok(performance.now() - start < 500);
});

test('what is not signed may only be a refusal', () => {
  assert.deepEqual(
    { ...read(answer(5)), message: 0 },
    { message: 0, isSigned: false, tsigError: 0, serverTime: undefined },
  );
  failure(() => read(answer(0)), 'dns-failed');
});

test('an answer to something else is refused', () => {
  for (const [id, flags] of [
    [4712, 0xa805],
    [4711, 0x2805],
    [4711, 0x8005],
  ] as const)
    failure(() => read(uint16(id, flags, 0, 0, 0, 0)), 'dns-failed');
});

/** As a server signs (RFC 8945 section 5.3): the MAC of the request comes first. */
function signedAnswer(
  rcode: number,
  { error = 0, other = Buffer.alloc(0), time = NOW, mac = true } = {},
): Buffer {
  const message = answer(rcode);
  const seconds = Buffer.alloc(6);
  seconds.writeUIntBE(Math.floor(time / 1000), 0, 6);
  const stamp = Buffer.concat([seconds, uint16(300)]);
  const end = Buffer.concat([uint16(error, other.length), other]);
  const algorithm = encodeName(KEY.algorithm);
  const digest = createHmac('sha256', KEY.secret)
    .update(Buffer.concat([uint16(REQUEST.mac.length), REQUEST.mac, message]))
    .update(Buffer.concat([encodeName(KEY.name), uint16(CLASS.ANY, 0, 0), algorithm, stamp, end]))
    .digest();
  const signature = mac ? digest : Buffer.alloc(0);
  const data = Buffer.concat([algorithm, stamp, uint16(signature.length), signature, uint16(4711), end]);
  const tsig = encodeRecord({ name: KEY.name, type: TYPE.TSIG, class: CLASS.ANY, ttl: 0, data });
  return answer(rcode, tsig, [0, 0, 1]);
}

test('an answer that is signed well', () => {
  const { isSigned, tsigError, message } = read(signedAnswer(0));
  assert.deepEqual([isSigned, tsigError, message.rcode], [true, 0, 0]);
});

test('every changed bit of it is seen; but names may be in capitals', () => {
  const good = signedAnswer(0);
  fc.assert(
    fc.property(fc.nat(good.length * 8 - 1), (bit) => {
      const changed = Buffer.from(good);
      changed.writeUInt8(changed.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
      const found = attempt(() => read(changed), 'dns-failed');
      const isSame = changed.toString('latin1').toLowerCase() === good.toString('latin1').toLowerCase();
      assert.ok(isSame || !found?.isSigned);
      assert.ok(isSame || found?.message.rcode !== 0);
    }),
    { numRuns: 3000 },
  );
});

test('cut short, a signature is none', () => {
  const good = signedAnswer(0);
  for (let length = 0; length < good.length; length += 1)
    failure(() => read(good.subarray(0, length)), 'dns-failed');
});

test('an old answer is refused; a clock that is wrong is told with the time of the server', () => {
  const hour = 3_600_000;
  failure(() => read(signedAnswer(0, { time: NOW - hour })), 'dns-failed');
  const other = Buffer.alloc(6);
  other.writeUIntBE((NOW + hour) / 1000, 0, 6);
  const { tsigError, serverTime } = read(signedAnswer(9, { error: TSIG_ERROR.BADTIME, other }));
  assert.deepEqual([tsigError, serverTime], [TSIG_ERROR.BADTIME, NOW + hour]);
});

test('without a MAC only a refusal is believed', () => {
  const { isSigned, tsigError } = read(signedAnswer(9, { error: TSIG_ERROR.BADKEY, mac: false }));
  assert.deepEqual([isSigned, tsigError], [false, TSIG_ERROR.BADKEY]);
  failure(() => read(signedAnswer(0, { mac: false })), 'dns-failed');
});
