import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  asEvercertError,
  ERROR_CODES,
  EvercertError,
  exitStatusOf,
  systemCode,
  unreachable,
} from '../src/errors.ts';

const error = new EvercertError('usage', 'wrong', 'do right', new TypeError('inside'), ['a']);

test('an expected failure', () => {
  assert.deepEqual(
    [error.code, error.message, error.hint, error.details],
    ['usage', 'wrong', 'do right', ['a']],
  );
  assert.ok(error instanceof Error && error.cause instanceof TypeError);
  assert.deepEqual(new EvercertError('usage', '', '').details, []);
});

test('exit statuses are those of docs and help: 1, 2, 4', () => {
  const statuses = ERROR_CODES.map((code) => exitStatusOf(new EvercertError(code, '', '')));
  assert.deepEqual([...new Set(statuses)].sort(), [1, 2, 4]);
  assert.equal(exitStatusOf(error), 2);
  assert.equal(exitStatusOf(new EvercertError('lock-held', '', '')), 4);
});

const DOCS = 'docs/errors.md';
const docs = existsSync(DOCS) ? readFileSync(DOCS, 'utf8') : '';

for (const code of ERROR_CODES) {
  test(`${code} is explained in ${DOCS}`, () => assert.ok(docs.includes(`\`${code}\``)));
}

test('what is not expected goes on up', () => {
  const bug = new TypeError('bug');
  assert.equal(asEvercertError(error), error);
  assert.throws(() => asEvercertError(bug), bug);
  assert.throws(
    () => asEvercertError(undefined),
    (thrown) => thrown === undefined,
  );
});

test('system codes are those of errors, as text', () => {
  assert.equal(systemCode(Object.assign(new Error(), { code: 'ENOENT' })), 'ENOENT');
  assert.equal(systemCode(Object.assign(new Error(), { code: 7 })), undefined);
  for (const value of [new Error(), { code: 'ENOENT' }, 'ENOENT', undefined, null])
    assert.equal(systemCode(value), undefined);
});

test('a union that was not exhausted is a bug', () => {
  assert.throws(() => unreachable('x' as never), TypeError);
});
