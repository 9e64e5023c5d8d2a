import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createReader } from '../../src/cli/reader.ts';
import { failure } from '../unit-kit/expect.ts';

const read = (words: Record<string, string[]>) => createReader('renew', new Map(Object.entries(words)));

test('switches: given, negated, absent, both', () => {
  const table = ['x', 'no-x', 'y'].map((name) => {
    const reader = read({ [name]: [''] });
    return [reader.on('x'), reader.maybeOn('x')];
  });
  assert.deepEqual(table, [
    [true, true],
    [false, false],
    [false, undefined],
  ]);
  failure(() => read({ x: [''], 'no-x': [''] }).maybeOn('x'), 'usage');
});

test('text and lists', () => {
  const reader = read({ d: ['a, b', 'c'] });
  assert.deepEqual([reader.text('d'), reader.text('x')], ['a, b', undefined]);
  assert.deepEqual([reader.list('d'), reader.list('x')], [['a', 'b', 'c'], []]);
});

for (const [text, number] of Object.entries({ '1': 1, '10': 10, '007': 7 })) {
  test(`${text} is the number ${number}`, () => assert.equal(read({ n: [text] }).number('n', 1, 10), number));
}

for (const text of [
  '',
  '0',
  '11',
  '-1',
  '1.5',
  '1e1',
  '0x1',
  ' 1',
  '1 ',
  'x',
  'Infinity',
  '٣',
  '1111111111',
]) {
  test(`${JSON.stringify(text)} is no whole number from 1 to 10`, () => {
    assert.match(
      failure(() => read({ n: [text] }).number('n', 1, 10), 'usage').message,
      /is no whole number from 1 to 10/,
    );
  });
}

test('an absent number or choice is undefined', () => {
  assert.deepEqual([read({}).number('n', 1, 2), read({}).choice('c', { a: 1 })], [undefined, undefined]);
});

test('choices: one of them in any case', () => {
  const choices = { 'p-256': 'P-256', rsa: 'RSA' };
  assert.equal(read({ c: ['P-256'] }).choice('c', choices), 'P-256');
  for (const value of ['dsa', '', 'constructor', '__proto__', 'toString']) {
    assert.match(
      failure(() => read({ c: [value] }).choice('c', choices), 'usage').message,
      /is none of: p-256, rsa/,
    );
  }
});

test('usage leads to the help of the verb', () => {
  assert.equal(read({}).usage('no').hint, 'See: evercert renew --help');
});
