import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  bitStringOf,
  booleanOf,
  childrenOf,
  contentsOf,
  type DerElement,
  oidOf,
  readDer,
  TAG,
  timeOf,
} from '../../src/x509/der.ts';
import { generalizedTime, oid, sequence, tlv } from '../unit-kit/der-writer.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

test('an element, its children, their contents', () => {
  const list = readDer(hex('30 06 02 01 05 04 01 aa'));
  assert.deepEqual(
    [...childrenOf(list)].map((child) => [child.tag, contentsOf(child).toString('hex')]),
    [
      [TAG.integer, '05'],
      [TAG.octetString, 'aa'],
    ],
  );
});

test('lengths of one, two and three bytes', () => {
  for (const length of [0, 127, 128, 255, 256, 65_536]) {
    const element = readDer(tlv(TAG.octetString, Buffer.alloc(length, 7)), TAG.octetString);
    assert.equal(contentsOf(element).length, length);
  }
});

const MALFORMED: Record<string, string> = {
  nothing: '',
  'a tag alone': '30',
  'a length cut off': '30 82 01',
  'contents cut off': '30 03 02 01',
  'bytes after the end': '30 00 00',
  'an indefinite length': '30 80 00 00',
  'a length not in its shortest form': '30 81 01 00',
  'a length with a leading 00': `30 82 00 80 ${'00'.repeat(128)}`,
  'a length of five bytes': '30 85 00 00 00 00 00',
  'a tag of several bytes': '3f 81 00 00',
  'another tag': '31 00',
  'a child longer than its parent': '30 02 02 01',
  'a child cut off': '30 01 02',
};

for (const [name, bytes] of Object.entries(MALFORMED)) {
  test(`refused: ${name}`, () => assert.throws(() => [...childrenOf(readDer(hex(bytes)))], SyntaxError));
}

test('object identifiers', () => {
  for (const dotted of ['2.5.29.35', '1.3.6.1.5.5.7.1.1', '2.999.3', '0.9', '1.2.840.113549.1.1.11'])
    assert.equal(oidOf(readDer(oid(dotted), TAG.oid)), dotted);
  for (const bad of ['', '80 01', '2a 86', `2a ${'ff'.repeat(9)} 7f`])
    assert.throws(() => oidOf(readDer(tlv(TAG.oid, hex(bad)), TAG.oid)), SyntaxError);
});

test('booleans and bit strings', () => {
  const of = (tag: number, bytes: string) => readDer(tlv(tag, hex(bytes)), tag);
  assert.deepEqual([booleanOf(of(TAG.boolean, 'ff')), booleanOf(of(TAG.boolean, '00'))], [true, false]);
  for (const bad of ['', '01', 'ff ff']) assert.throws(() => booleanOf(of(TAG.boolean, bad)), SyntaxError);
  assert.deepEqual(bitStringOf(of(TAG.bitString, '00 aa')), hex('aa'));
  for (const bad of ['', '01 aa']) assert.throws(() => bitStringOf(of(TAG.bitString, bad)), SyntaxError);
});

const timed = (tag: number, text: string) => timeOf(readDer(tlv(tag, Buffer.from(text)), tag));

test('times of both kinds', () => {
  assert.equal(timed(TAG.utcTime, '491231235959Z'), Date.parse('2049-12-31T23:59:59Z'));
  assert.equal(timed(TAG.utcTime, '500101000000Z'), Date.parse('1950-01-01T00:00:00Z'));
  const leapDay = Date.parse('2028-02-29T01:02:03Z');
  assert.equal(timeOf(readDer(generalizedTime(leapDay), TAG.generalizedTime)), leapDay);
});

for (const text of [
  '20260229000000Z',
  '20260101000060Z',
  '20260101000000',
  '20260101000000.5Z',
  '2026010100Z',
  '',
]) {
  test(`no time: "${text}"`, () => assert.throws(() => timed(TAG.generalizedTime, text), SyntaxError));
}

test('no time: another type, or none', () => {
  assert.throws(() => timed(TAG.octetString, '20260101000000Z'), SyntaxError);
  assert.throws(() => timeOf(undefined), SyntaxError);
});

function walk(element: DerElement): number {
  if ((element.tag & 0x20) === 0) return 1;
  return [...childrenOf(element)].reduce((sum, child) => sum + walk(child), 1);
}

test('property: any bytes are read or refused, and nothing outside of them is', () => {
  const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
  fc.assert(
    fc.property(bytes, (contents) => {
      const outer = sequence(contents);
      try {
        assert.ok(walk(readDer(Buffer.concat([outer, Buffer.from('after')]).subarray(0, outer.length))) >= 1);
      } catch (error) {
        assert.ok(error instanceof SyntaxError);
      }
    }),
    { numRuns: 2000 },
  );
});
