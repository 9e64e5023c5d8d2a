import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findingText, presentedText, selfCheckText } from '../../src/cli/self-check-text.ts';
import { failedText } from '../../src/cli/text.ts';
import { EvercertError } from '../../src/errors.ts';
import type { Fault, Finding } from '../../src/events.ts';
import { assertPrintable } from '../unit-kit/expect.ts';

const AT = { address: '192.0.2.1', port: 80 };
const AT6 = { address: '2001:db8::1', port: 80, otherFamilyIsFine: true } as const;
const CAA = { owner: 'example.org', tag: 'issue', isCertain: false } as const;

const FAULTS: readonly (readonly [Fault, RegExp])[] = [
  [{ code: 'no-address' }, /no address .*dns-01/],
  [{ code: 'dns-unanswered', why: 'cannot look up A' }, /^cannot look up A: check the name servers/],
  [{ code: 'no-answer', how: 'refused', ...AT }, /^192\.0\.2\.1:80 refuses connections/],
  [{ code: 'no-answer', how: 'timed-out', ...AT }, /firewall drops/],
  [{ code: 'no-answer', how: 'silent', ...AT }, /sends nothing/],
  [{ code: 'no-answer', how: 'cut-off', ...AT }, /cuts them off/],
  [{ code: 'no-answer', how: 'no-http', ...AT }, /not by HTTP/],
  [{ code: 'no-answer', how: 'no-tls', ...AT }, /does not speak TLS/],
  [{ code: 'no-answer', how: 'unreachable', ...AT }, /cannot be reached/],
  [{ code: 'not-found', ...AT6 }, /^its AAAA record leads elsewhere.*\[2001:db8::1\]:80 answers 404/],
  [{ code: 'not-found', ...AT, otherFamilyIsFine: true }, /^its A record leads elsewhere/],
  [{ code: 'wrong-answer', status: 200, shown: '<html>', ...AT }, /status 200, which begins with "<html>"/],
  [{ code: 'wrong-answer', status: 200, shown: '', ...AT }, /status 200, nothing in it/],
  [
    { code: 'redirect-loop', ...AT, redirectedTo: 'http://b/' },
    /\(redirected to http:\/\/b\/\) redirects in a circle/,
  ],
  [{ code: 'too-many-redirects', ...AT }, /more than ten times/],
  [{ code: 'bad-redirect', target: 'http://a:81/', why: 'port', ...AT }, /only to ports 80 and 443/],
  [{ code: 'bad-redirect', target: 'x:', why: 'scheme', ...AT }, /only to http and https/],
  [{ code: 'bad-redirect', target: 'http://[', why: 'no-url', ...AT }, /no URL/],
  [{ code: 'bad-redirect', target: 'http://b/', why: 'no-address', ...AT }, /a name without an address/],
  [{ code: 'alpn-refused', ...AT }, /does not speak acme-tls\/1/],
  [{ code: 'alpn-wrong-certificate', ...AT }, /another certificate than ours/],
  [
    { code: 'caa-forbids', ...CAA, allowed: ['b'], identities: ['us'] },
    /\(issue\) allow only b: add one with "us"/,
  ],
  [{ code: 'caa-forbids', ...CAA, allowed: [], identities: [] }, /forbid every CA: add one for this CA/],
  [{ code: 'caa-account', ...CAA, accounts: ['https://x/1'] }, /only the account https:\/\/x\/1/],
  [{ code: 'caa-method', ...CAA, methods: ['dns-01'], type: 'http-01' }, /only dns-01, not http-01/],
  [{ code: 'caa-unknown', ...CAA, unknown: 'tbs' }, /critical tag .*: tbs/],
];

for (const [fault, text] of FAULTS) {
  test(`${fault.code}: ${text.source}`, () => {
    const told = findingText({ ...fault, names: ['a.example'] });
    assert.ok(told.startsWith('a.example: '));
    assert.match(told.slice('a.example: '.length), text);
    assert.doesNotMatch(told, /undefined|\.$/);
    assertPrintable(told);
  });
}

test('many names are five and a number; all of it only may be wrong', () => {
  const finding: Finding = { code: 'no-address', names: ['a', 'b', 'c', 'd', 'e', 'f', 'g'] };
  const event = { type: 'self-check', lineage: 'x', finding } as const;
  assert.match(selfCheckText(event), /^may be wrong: a, b, c, d, e and 2 more: it has no address/);
});

test('beside what the CA says stands what was found, but not twice', () => {
  const error = new EvercertError('challenge-failed', 'it failed', 'mend it', undefined, ['a: dns: no']);
  const failed = { type: 'failed', lineage: 'x', error } as const;
  const findings: Finding[] = [{ code: 'no-address', names: ['a'] }];
  const lines = (isNews: boolean) => failedText({ ...failed, findings }, isNews).split('\n');
  assert.match(lines(true)[2] ?? '', /^ {4}a: it has no address/);
  assert.equal(lines(false)[2], '    what the self-check had found is above');
  assert.equal(lines(false)[3], '    hint: mend it');
  assert.equal(failedText(failed, true).split('\n').length, 3);
});

test('what is presented', () => {
  const shown = [{ name: 'a', type: 'http-01', where: 'http://a/x', content: 'x.y' }];
  const text = presentedText({ type: 'presented', lineage: 'l', shown });
  assert.equal(
    text,
    'l: presented, and the CA not told yet:\n    a by http-01\n        http://a/x\n        x.y',
  );
});
