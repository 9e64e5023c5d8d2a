import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatVerifyTarget, parseVerifyTarget, serverNameOf } from '../../src/deploy/verify.ts';
import { assertPrintable, attempt, failure } from '../unit-kit/expect.ts';

/** As written, and as kept where that is another text. */
const GOOD: readonly (readonly [written: string, kept?: string])[] = [
  ['www.example.com:443'],
  ['WWW.Example.COM.:443', 'www.example.com:443'],
  ['bücher.example:443', 'xn--bcher-kva.example:443'],
  ['localhost:8443'],
  ['127.0.0.1:1'],
  ['[::1]:65535'],
  ['[0:0::1]:443', '[::1]:443'],
  ['h:00443', 'h:443'],
  ['unix:/run/x.sock'],
  ['unix:/run/a b=c.sock,starttls=smtp'],
  ['mail.example.com:25,starttls=smtp'],
  ['h:443,within=60s', 'h:443'],
  ['h:443,within=1m', 'h:443'],
  ['h:443,within=10m', 'h:443,within=600s'],
  ['h:443,within=1s'],
  ['h:443,within=5s,starttls=ldap,sni=X.example', 'h:443,sni=x.example,starttls=ldap,within=5s'],
];

for (const [written, kept = written] of GOOD) {
  test(`a target: ${written}`, () => {
    assert.equal(formatVerifyTarget(parseVerifyTarget(written)), kept);
    assert.equal(formatVerifyTarget(parseVerifyTarget(kept)), kept);
  });
}

test('what a target means', () => {
  assert.deepEqual(parseVerifyTarget('[::1]:25,sni=m.example,starttls=smtp,within=2m'), {
    address: { host: '::1', port: 25 },
    serverName: 'm.example',
    starttls: 'smtp',
    withinMs: 120_000,
  });
  assert.deepEqual(parseVerifyTarget('unix:/x'), {
    address: { path: '/x' },
    serverName: undefined,
    starttls: undefined,
    withinMs: 60_000,
  });
});

const BAD: readonly (readonly [text: string, why: RegExp])[] = [
  ['', /no port/],
  ['example.com', /no port/],
  ['example.com:', /no port/],
  ['example.com:0', /no port/],
  ['example.com:65536', /no port/],
  ['example.com:443x', /no port/],
  [':443', /no port/],
  ['::1:443', /stands in brackets/],
  ['[127.0.0.1]:443', /no name of a host/],
  ['[::g]:443', /no IP address/],
  ['[fe80::1%eth0]:443', /no IP address/],
  ['1.2.3:443', /no IP address/],
  ['256.1.1.1:443', /no IP address/],
  ['a..b:443', /no name of a host/],
  ['-a:443', /no name of a host/],
  ['https://a:443', /stands in brackets/],
  ['a b:443', /no name of a host/],
  ['a\r\nRCPT:443', /no port/],
  ['h:443,sni=*.example.com', /no name of a host/],
  ['h:443,sni=127.0.0.1', /no name of a host/],
  ['h:443,sni=', /none of sni=NAME/],
  ['h:443,sni=a,sni=b', /twice/],
  ['h:443,', /none of/],
  ['h:443,SNI=a', /none of/],
  ['h:443,starttls=ftp', /one of smtp, imap/],
  ['h:443,within=0s', /from 1s to 600s/],
  ['h:443,within=601s', /from 1s to 600s/],
  ['h:443,within=11m', /from 1s to 600s/],
  ['h:443,within=5', /from 1s to 600s/],
  ['h:443,within=1.5s', /from 1s to 600s/],
  ['unix:x.sock', /does not begin/],
  ['unix:', /does not begin/],
  ['unix:/a\0b', /no such path/],
  [`unix:/${'x'.repeat(103)}`, /no such path/],
  [`${'x.'.repeat(600)}:443`, /too long/],
];

for (const [text, why] of BAD) {
  test(`no target: ${JSON.stringify(text.slice(0, 60))}`, () => {
    const { message, hint } = failure(() => parseVerifyTarget(text), 'usage');
    assert.match(message, why);
    assert.match(hint, /such as --verify www\.example\.com:443/);
    assertPrintable(message);
  });
}

test('any text is refused, or has one form that stays as it is', () => {
  const piece = fc.constantFrom(
    '[',
    ']',
    ':',
    '::1',
    '443',
    ',',
    'sni=',
    'starttls=',
    'smtp',
    'within=',
    '9s',
  );
  const text = fc.array(fc.oneof(piece, fc.string({ maxLength: 5 }), fc.domain()), { maxLength: 9 });
  fc.assert(
    fc.property(
      text.map((pieces) => pieces.join('')),
      (written) => {
        const target = attempt(() => parseVerifyTarget(written), 'usage');
        if (target === undefined) return;
        const kept = formatVerifyTarget(target);
        assertPrintable(kept);
        assert.deepEqual(parseVerifyTarget(kept), target);
      },
    ),
    { numRuns: 2000 },
  );
});

test('every target that is well made can be printed and read again', () => {
  const host = fc.oneof(fc.domain(), fc.ipV4(), fc.constantFrom('::1', 'fd00::1:2', 'localhost'));
  const PLAIN = { noNullPrototype: true };
  const target = fc.record(
    {
      address: fc.oneof(
        fc.record(
          { host: host.map((each) => each.toLowerCase()), port: fc.integer({ min: 1, max: 65_535 }) },
          PLAIN,
        ),
        fc.stringMatching(/^\/[a-z/. _-]{1,90}$/).map((path) => ({ path })),
      ),
      serverName: fc.option(fc.constantFrom('a.example', 'localhost'), { nil: undefined }),
      starttls: fc.option(fc.constantFrom('smtp' as const, 'mysql' as const), { nil: undefined }),
      withinMs: fc.integer({ min: 1, max: 600 }).map((seconds) => seconds * 1000),
    },
    PLAIN,
  );
  fc.assert(
    fc.property(target, (each) => assert.deepEqual(parseVerifyTarget(formatVerifyTarget(each)), each)),
  );
});

const ASKED: readonly (readonly [target: string, names: readonly string[], name: string | undefined])[] = [
  ['h:1,sni=own.example', ['www.example.com'], 'own.example'],
  ['h:1', ['www.example.com', 'b.example.com'], 'www.example.com'],
  ['h:1', ['*.example.com', 'b.example.com'], 'b.example.com'],
  ['h:1', ['*.example.com'], 'evercert-check.example.com'],
  ['h:1', ['192.0.2.1', 'b.example.com'], 'b.example.com'],
  ['h:1', ['192.0.2.1', '2001:db8::1'], undefined],
];

for (const [target, names, name] of ASKED) {
  test(`the name asked for: ${target} of ${names.join(', ')}`, () =>
    assert.equal(serverNameOf(parseVerifyTarget(target), names), name));
}
