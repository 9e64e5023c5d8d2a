import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import * as v from 'valibot';
import { decodeJson, encodeJson } from '../../src/lineage/decode.ts';
import { assertPrintable, failure } from '../unit-kit/expect.ts';

const Schema = v.strictObject({ a: v.strictObject({ b: v.number() }) });

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['', /^f\.json is not usable: /],
  ['{"a":', /is not usable/],
  ['{"a":{"b":1}} x', /is not usable/],
  ['[]', /is not usable/],
  ['{"a":{"b":"1"}}', /a\.b: /],
  ['{"a":{}}', /a\.b is missing$/],
  ['{"a":{"b":1,"c":2}}', /there is no setting "a\.c"$/],
  ['\ufeff{"a":{"b":1}}', /is not usable/],
];

for (const [text, message] of REFUSED) {
  test(`${JSON.stringify(text)} is refused, with the place`, () => {
    const error = failure(() => decodeJson(Schema, text, 'f.json'), 'bad-settings');
    assert.match(error.message, message);
  });
}

for (const text of [`{"a":"${'\\u001b[31m'.repeat(500)}"}`, '\u001b]0;title\u0007']) {
  test(`the message is printable and short: ${JSON.stringify(text.slice(0, 12))}`, () => {
    const { message } = failure(() => decodeJson(Schema, text, 'f.json'), 'bad-settings');
    assertPrintable(message);
    assert.ok(message.length < 600);
  });
}

test('JSON as we write it', () => {
  assert.equal(encodeJson({ a: { b: 1 } }), '{\n  "a": {\n    "b": 1\n  }\n}\n');
});

test('property: round trip', () => {
  fc.assert(
    fc.property(fc.integer(), (b) => {
      assert.deepEqual(decodeJson(Schema, encodeJson({ a: { b } }), 'f'), { a: { b } });
    }),
  );
});
