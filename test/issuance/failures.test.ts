import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemError, readProblem } from '../../src/acme/problem.ts';
import { EvercertError } from '../../src/errors.ts';
import {
  challengeFailed,
  challengeFailuresOf,
  failedNamesOf,
  orderProblemOf,
} from '../../src/issuance/failures.ts';

const URN = 'urn:ietf:params:acme:error:';
const asked = ['a.example', '*.a.example', 'b.example'];
const failed = [
  { name: '*.a.example', type: 'dns', detail: 'NXDOMAIN' },
  { name: 'b.example', type: 'caa', detail: 'forbidden' },
];
const refused = (document: object) => problemError(readProblem(400, document), 'ca.example', 'newOrder');
const sub = (value: string) => ({
  type: `${URN}rejectedIdentifier`,
  detail: 'no',
  identifier: { type: 'dns', value },
});

test('each name that could not be validated keeps its reason', () => {
  const error = challengeFailed('ca.example', failed, 'hint');
  assert.deepEqual(challengeFailuresOf(error), failed);
  assert.equal(error.message, 'ca.example could not validate *.a.example, b.example');
  assert.deepEqual(error.details, ['*.a.example: dns: NXDOMAIN', 'b.example: caa: forbidden']);
});

test('what is no such failure has none', () => {
  for (const error of [
    refused({}),
    new EvercertError('order-failed', '', ''),
    new TypeError('bug'),
    undefined,
  ]) {
    assert.deepEqual(challengeFailuresOf(error), []);
    assert.deepEqual(failedNamesOf(error, asked), []);
  }
});

const NAMES: readonly (readonly [string, unknown, string[]])[] = [
  ['validations', challengeFailed('ca', failed, ''), ['*.a.example', 'b.example']],
  ['subproblems', refused({ type: `${URN}compound`, subproblems: [sub('B.example')] }), ['b.example']],
  ['subproblems of other names', refused({ type: `${URN}compound`, subproblems: [sub('c.example')] }), []],
  [
    'a name that is quoted',
    refused({ type: `${URN}rejectedIdentifier`, detail: 'Cannot issue for "b.example": no public suffix' }),
    ['b.example'],
  ],
  [
    'subproblems before quotes',
    refused({ type: `${URN}rejectedIdentifier`, detail: 'not "a.example"', subproblems: [sub('b.example')] }),
    ['b.example'],
  ],
  ['a quote in another problem', refused({ type: `${URN}malformed`, detail: '"b.example"' }), []],
  [
    'an order that became invalid',
    new EvercertError(
      'order-failed',
      '',
      '',
      readProblem(0, { type: `${URN}caa`, subproblems: [sub('a.example')] }),
    ),
    ['a.example'],
  ],
];

for (const [name, error, names] of NAMES) {
  test(`names that failed: ${name}`, () => assert.deepEqual(failedNamesOf(error, asked), names));
}

test('the problem of a refusal and of an invalid order', () => {
  assert.equal(orderProblemOf(refused({ type: `${URN}caa` }))?.type, 'caa');
  const invalid = new EvercertError('order-failed', '', '', readProblem(0, { type: `${URN}caa` }));
  assert.equal(orderProblemOf(invalid)?.type, 'caa');
  assert.equal(orderProblemOf(new EvercertError('order-failed', '', '')), undefined);
  assert.equal(orderProblemOf(new EvercertError('bad-answer', '', '', readProblem(0, {}))), undefined);
});
