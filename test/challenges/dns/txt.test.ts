import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { labelsBelow, quoteTxt, unquoteTxt } from '../../../src/challenges/dns/txt.ts';
import { failure } from '../../unit-kit/expect.ts';

test('quoting and back, whatever the value', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme-ascii' }), (value) => unquoteTxt(quoteTxt(value)) === value),
  );
});

const READ: readonly (readonly [string, string])[] = [
  ['plain', 'plain'],
  ['"quoted"', 'quoted'],
  ['"two" "strings"', 'twostrings'],
  ['"a\\"b\\\\c\\059"', 'a"b\\c;'],
  ['"open', '"open'],
  ['a "b" c', 'a "b" c'],
  ['""', ''],
];

for (const [text, value] of READ) test(`${text} is ${value}`, () => assert.equal(unquoteTxt(text), value));

test('labels below a zone', () => {
  assert.equal(labelsBelow('_acme-challenge.www.example.org', 'example.org'), '_acme-challenge.www');
  assert.equal(labelsBelow('example.org', 'example.org'), undefined);
  for (const name of ['anexample.org', 'example.com', 'org'])
    failure(() => labelsBelow(name, 'example.org'), 'dns-provider');
});
