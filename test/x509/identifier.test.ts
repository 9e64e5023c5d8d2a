import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseIdentifier, sameNames, serverNameOf } from '../../src/x509/identifier.ts';
import { attempt, failure } from '../unit-kit/expect.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const ONE_FORM: readonly (readonly [string, string])[] = [
  ['www.example.com', 'www.example.com'],
  ['WWW.Example.COM', 'www.example.com'],
  ['  www.example.com\t', 'www.example.com'],
  ['www.example.com.', 'www.example.com'],
  ['*.Example.com', '*.example.com'],
  ['bücher.example', 'xn--bcher-kva.example'],
  ['*.BÜCHER.example', '*.xn--bcher-kva.example'],
  ['xn--bcher-kva.example', 'xn--bcher-kva.example'],
  ['faß.de', 'xn--fa-hia.de'],
  ['ｅｘａｍｐｌｅ．com', 'example.com'],
  ['a。b', 'a.b'],
  ['1.example', '1.example'],
  [`${'a'.repeat(63)}.example`, `${'a'.repeat(63)}.example`],
  ['192.0.2.1', '192.0.2.1'],
  ['2001:DB8::1', '2001:db8::1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::1'],
  ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
  ['::', '::'],
  ['::ffff:192.0.2.1', '::ffff:c000:201'],
];

for (const [text, value] of ONE_FORM) {
  test(`${JSON.stringify(text)} is ${value}`, () => {
    const type = /^[\d.]+$|:/.test(value) ? 'ip' : 'dns';
    assert.deepEqual(parseIdentifier(text), { type, value });
  });
}

const REFUSED = [
  '',
  '.',
  '*',
  '*.',
  'localhost',
  '*.com',
  '*.*.example.com',
  'a.*.example.com',
  '＊.example.com',
  '.example.com',
  'a..example',
  'a.example..',
  '-a.example',
  'a-.example',
  'a_b.example',
  `${'a'.repeat(64)}.example`,
  `${'a.'.repeat(126)}example`,
  'a b.example',
  'a\0.example',
  'a/b.example',
  'a@example.com',
  'https://a.example',
  'a.example:80',
  'a.example?x',
  'a%2eexample.com',
  'xn--a.example',
  '\ud800.example',
  '256.1.1.1',
  '1.2.3',
  '1.2.3.4.',
  '01.2.3.4',
  '0x7f.1',
  '*.192.0.2.1',
  ':',
  ':::',
  'fe80::1%eth0',
  '[::1',
  '2001:db8::1/64',
  '1:2:3:4:5:6:7:8:9',
  '*.2001:db8::1',
];

for (const text of REFUSED) {
  test(`${JSON.stringify(text.slice(0, 40))} is refused`, () => {
    assert.match(failure(() => parseIdentifier(text), 'bad-name').message, /cannot be in a certificate/);
  });
}

const hostile = fc.oneof(
  hostileText(40),
  fc.domain(),
  fc.ipV4(),
  fc.ipV6(),
  fc.string({
    unit: fc.constantFrom('a', '.', '*', '-', 'ü', ':', '[', ']', '%', '1', 'x', '。', '\u200d', ' '),
  }),
  fc.constantFrom('__proto__', 'constructor', 'xn--', '\ud800'),
);

test('property: bad-name or a name in one form, that is its own form', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const parsed = attempt(() => parseIdentifier(text), 'bad-name');
      if (parsed === undefined) return;
      assert.match(parsed.value, parsed.type === 'ip' ? /^[0-9a-f.:]+$/ : /^(\*\.)?[a-z0-9.-]{1,253}$/);
      assert.deepEqual(parseIdentifier(parsed.value), parsed);
    }),
    { numRuns: 1500 },
  );
});

test('property: every IPv4 and IPv6 address is taken', () => {
  fc.assert(
    fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (address) => {
      assert.equal(parseIdentifier(address).type, 'ip');
    }),
  );
});

const SAME: readonly (readonly [string[], string[], boolean])[] = [
  [[], [], true],
  [['a', 'b'], ['b', 'a'], true],
  [['a', 'a'], ['a'], true],
  [['a'], ['a', 'b'], false],
  [['a', 'a'], ['a', 'b'], false],
  [['a', 'b'], ['a'], false],
];

for (const [left, right, same] of SAME) {
  test(`[${left}] and [${right}] are ${same ? 'the same' : 'other'} names`, () => {
    assert.equal(sameNames(left, right), same);
    assert.equal(sameNames(right, left), same);
  });
}

const SERVER_NAMES: readonly (readonly [string, string])[] = [
  ['www.example.com', 'www.example.com'],
  ['192.0.2.10', '10.2.0.192.in-addr.arpa'],
  ['2001:db8::a:1', `1.0.0.0.a.0.0.0.${'0.'.repeat(16)}8.b.d.0.1.0.0.2.ip6.arpa`],
  ['::1', `1.${'0.'.repeat(31)}ip6.arpa`],
  ['::', `${'0.'.repeat(32)}ip6.arpa`],
  ['fe80::', `${'0.'.repeat(28)}0.8.e.f.ip6.arpa`],
  [
    '1:2:3:4:5:6:7:8',
    [...'87654321']
      .map((digit) => `${digit}.0.0.0.`)
      .join('')
      .concat('ip6.arpa'),
  ],
];

for (const [name, serverName] of SERVER_NAMES) {
  test(`TLS calls ${name} by ${serverName}`, () => {
    assert.equal(serverNameOf(parseIdentifier(name)), serverName);
  });
}
