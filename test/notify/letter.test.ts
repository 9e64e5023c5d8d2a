import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Notice } from '../../src/health/causes.ts';
import { letterOf, payloadOf } from '../../src/notify/letter.ts';
import { assertPrintable } from '../unit-kit/expect.ts';
import { FAILED, RECOVERED } from '../unit-kit/notices.ts';

test('a letter about several things', () => {
  assert.deepEqual(letterOf([FAILED, RECOVERED], 'web1'), {
    title: 'evercert on web1: a.example cannot be renewed (order-failed) (and 1 more)',
    text: [
      'a.example cannot be renewed (order-failed)',
      '  the CA said no',
      '  hint: Ask again.',
      '  valid until 2026-06-04 12:00 UTC',
      '',
      '5 certificates are in order again',
      '  - b.example',
      '  - c.example',
      '  - and 3 more',
      '',
    ].join('\n'),
    urgent: true,
  });
  assert.equal(letterOf([RECOVERED], 'web1').urgent, false);
});

const expiry = { ...FAILED, kind: 'expiry', reasons: [], hint: undefined } as const;
const undeployed = { ...FAILED, kind: 'not-deployed', code: 'not-deployed' } as const;
const many = { lineages: ['a.example', 'b.example'] };

const HEADLINES: readonly (readonly [Notice, string])[] = [
  [FAILED, 'a.example cannot be renewed (order-failed)'],
  [{ ...FAILED, ...many }, '2 certificates cannot be renewed (order-failed)'],
  [undeployed, 'a.example is renewed but not deployed'],
  [{ ...undeployed, code: 'not-served' }, 'a.example is renewed but not served'],
  [{ ...undeployed, ...many }, '2 certificates are renewed but not deployed'],
  [{ ...expiry, code: 'expires' }, 'a.example will expire on 2026-06-04 12:00 UTC'],
  [{ ...expiry, ...many, code: 'expires' }, '2 certificates will expire from 2026-06-04 12:00 UTC'],
  [{ ...expiry, code: 'expired' }, 'a.example has expired'],
  [{ ...expiry, ...many, code: 'expired' }, '2 certificates have expired'],
  [{ ...RECOVERED, lineages: ['a.example'], more: 0 }, 'a.example is in order again'],
  [{ ...RECOVERED, kind: 'test', lineages: [], more: 0 }, 'this is a test: notices arrive'],
];

for (const [notice, headline] of HEADLINES) {
  test(headline, () => assert.equal(letterOf([notice], 'h').title, `evercert on h: ${headline}`));
}

test('the JSON of webhooks', () => {
  assert.deepEqual(payloadOf([FAILED, RECOVERED], 'web1'), {
    source: 'evercert',
    host: 'web1',
    notices: [
      {
        kind: 'failed',
        code: 'order-failed',
        lineages: ['a.example'],
        more: 0,
        message: 'a.example cannot be renewed (order-failed): the CA said no',
        hint: 'Ask again.',
        notAfter: '2026-06-04T12:00:00.000Z',
      },
      {
        kind: 'recovered',
        code: 'recovered',
        lineages: ['b.example', 'c.example'],
        more: 3,
        message: '5 certificates are in order again',
      },
    ],
  });
});

test("a CA's words are bounded, and steer nothing", () => {
  const hostile = '\u001b[2J\r\nSubject: x\u202e\u2028\ud800'.concat('ü'.repeat(5000));
  const notice = { ...FAILED, reasons: [hostile], hint: hostile, code: hostile.slice(0, 30) };
  const { title, text } = letterOf([notice], 'web1');
  assertPrintable(text);
  assertPrintable(title);
  assert.ok(title.length < 250 && !title.includes('\n'), title);
  assert.equal(text.split('\n').filter((line) => /^\s*Subject/.test(line)).length, 0);
  const json = JSON.stringify(payloadOf([notice], 'web1').notices);
  assert.ok(!/\\[un]/.test(json), json.slice(0, 200));
});
