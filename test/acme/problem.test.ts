import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type Problem, problemError, problemOf, readProblem } from '../../src/acme/problem.ts';
import { EvercertError } from '../../src/errors.ts';
import { assertPrintable } from '../unit-kit/expect.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const none = { type: 'about:blank', detail: '', instance: undefined, subproblems: [] };
const URN = 'urn:ietf:params:acme:error:';

const READ: readonly (readonly [string, unknown, Partial<Problem>])[] = [
  [
    'a problem of ACME',
    { type: `${URN}rateLimited`, detail: 'too many' },
    { type: 'rateLimited', detail: 'too many' },
  ],
  [
    'a problem of another kind',
    { type: 'https://x.example/e', detail: 'd' },
    { type: 'https://x.example/e', detail: 'd' },
  ],
  ['no type', { detail: 'd' }, { detail: 'd' }],
  ['a type that is no text', { type: 7, detail: 'd' }, { detail: 'd' }],
  ['a type that is too long', { type: 'x'.repeat(201), detail: 'd' }, { detail: 'd' }],
  ['a detail that is no text', { type: 't', detail: {} }, { type: 't' }],
  [
    'control characters',
    { type: 't', detail: 'a\u001b[31mb\nc\u202ed\u2028e' },
    { type: 't', detail: 'a [31mb c d e' },
  ],
  ['a long detail', { detail: 'x'.repeat(10_000) }, { detail: 'x'.repeat(2000) }],
  ['text', '<html>', {}],
  ['null', null, {}],
  ['a list', [], {}],
  [
    'subproblems',
    {
      type: `${URN}malformed`,
      subproblems: [
        { type: `${URN}caa`, detail: 'no', identifier: { type: 'dns', value: 'a\u0007.example' } },
        {},
      ],
    },
    {
      type: 'malformed',
      subproblems: [
        { type: 'caa', detail: 'no', identifier: 'a .example' },
        { type: '', detail: '', identifier: undefined },
      ],
    },
  ],
  [
    'a page to visit',
    { type: 't', instance: 'https://ca.example/terms?x=1' },
    { type: 't', instance: 'https://ca.example/terms?x=1' },
  ],
  ['a page of another scheme', { type: 't', instance: 'javascript:alert(1)' }, { type: 't' }],
  ['a page that drives a terminal', { type: 't', instance: 'https://ca.example/\u001b[2J' }, { type: 't' }],
  ['a page that is too long', { type: 't', instance: `https://ca/${'x'.repeat(2048)}` }, { type: 't' }],
  ['a page that is no text', { type: 't', instance: 7 }, { type: 't' }],
  ['subproblems that are none', { type: 't', subproblems: 'x' }, { type: 't' }],
  ['too many subproblems', { type: 't', subproblems: Array(201).fill({}) }, { type: 't' }],
];

for (const [name, body, problem] of READ) {
  test(`read: ${name}`, () => {
    assert.deepEqual(readProblem(400, body, 5), { ...none, status: 400, retryAfterMs: 5, ...problem });
  });
}

test('an error tells type, detail and subproblems, and keeps the problem', () => {
  const problem = readProblem(403, {
    type: `${URN}caa`,
    detail: 'no',
    subproblems: [{ type: 'x', detail: 'y', identifier: { type: 'dns', value: 'a' } }, { detail: 'z' }],
  });
  const error = problemError(problem, 'ca.example', 'newOrder');
  assert.equal(error.message, 'ca.example refused newOrder: caa: no');
  assert.deepEqual(error.details, ['a: x: y', ': z']);
  assert.match(error.hint, /CAA record/);
  assert.equal(problemOf(error), problem);
});

const HINTS: readonly (readonly [unknown, number, RegExp, RegExp])[] = [
  [{}, 503, /status 503$/, /An error at the CA/],
  [{}, 404, /status 404$/, /what it says above/],
  [{ type: 'constructor' }, 400, /constructor$/, /what it says above/],
  [{ type: '__proto__' }, 400, /__proto__$/, /what it says above/],
  [{ type: `${URN}toString` }, 500, /toString$/, /An error at the CA/],
];

for (const [body, status, message, hint] of HINTS) {
  test(`the hint for ${JSON.stringify(body)}, status ${status}`, () => {
    const error = problemError(readProblem(status, body), 'ca', 'order');
    assert.match(error.message, message);
    assert.match(error.hint, hint);
  });
}

/** RFC 8555 section 6.7, RFC 9773 section 7.4, draft-ietf-acme-profiles, and Boulder's own. */
const TYPES =
  'accountDoesNotExist alreadyReplaced alreadyRevoked badCSR badNonce badPublicKey badRevocationReason badSignatureAlgorithm caa compound conflict connection dns externalAccountRequired incorrectResponse invalidContact invalidProfile malformed orderNotReady rateLimited rejectedIdentifier serverInternal tls unauthorized unsupportedContact unsupportedIdentifier userActionRequired';

test('every known type has a hint of its own', () => {
  const hints = TYPES.split(' ').map(
    (type) => problemError(readProblem(400, { type: URN + type }), 'ca', 'order').hint,
  );
  for (const hint of hints) assert.match(hint, /^[A-Z].{20,}\.$/);
  assert.ok(hints.filter((hint) => hint.includes('what it says above')).length === 0);
  assert.ok(new Set(hints).size >= hints.length - 1);
});

test('userActionRequired names the page to visit', () => {
  const document = {
    type: `${URN}userActionRequired`,
    detail: 'new terms',
    instance: 'https://ca.example/tos',
  };
  assert.match(
    problemError(readProblem(403, document), 'ca', 'newOrder').hint,
    /^Visit https:\/\/ca\.example\/tos /,
  );
});

test('a hint says how long the CA asks to wait', () => {
  const { hint } = problemError(readProblem(429, { type: `${URN}rateLimited` }, 90_500), 'ca', 'newOrder');
  assert.match(hint, /Wait as long as the CA says.* \(Retry-After: 91 s\)$/);
});

test('other errors are made of no problem', () => {
  assert.equal(problemOf(new EvercertError('order-failed', '', '', readProblem(400, {}))), undefined);
  assert.equal(problemOf(new TypeError('x')), undefined);
});

test('property: whatever a CA sends becomes bounded text that drives no terminal', () => {
  const text = hostileText(3000);
  const problem = fc.record(
    {
      type: fc.oneof(text, fc.anything()),
      detail: fc.oneof(text, fc.anything()),
      subproblems: fc.oneof(
        fc.array(
          fc.record({ type: text, detail: text, identifier: fc.record({ type: text, value: text }) }),
          { maxLength: 3 },
        ),
        fc.anything(),
      ),
    },
    { requiredKeys: [] },
  );
  fc.assert(
    fc.property(fc.oneof(problem, fc.jsonValue(), fc.anything()), fc.nat(999), (body, status) => {
      const { message, hint, details } = problemError(readProblem(status, body), 'ca.example', 'newOrder');
      for (const line of [message, hint, ...details]) {
        assertPrintable(line);
        assert.ok(line.length <= 6100 && !line.includes('\n'));
      }
    }),
    { numRuns: 300 },
  );
});
