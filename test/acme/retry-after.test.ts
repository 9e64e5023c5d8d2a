import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseRetryAfter } from '../../src/acme/retry-after.ts';
import { NOW } from '../unit-kit/clock.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const READ: readonly (readonly [string | undefined, number | undefined])[] = [
  [undefined, undefined],
  ['0', 0],
  ['120', 120_000],
  [' 7 ', 7000],
  ['999999999', 999_999_999_000],
  ['9999999999', undefined],
  ['Mon, 01 Jun 2026 12:01:00 GMT', 60_000],
  ['Mon, 01 Jun 2026 11:00:00 GMT', 0],
  ['Mon, 01 Jun 2026 12:01:00 CEST', undefined],
  ['2026-06-01T12:01:00Z', undefined],
  ['Mon, 99 Jun 2026 12:01:00 GMT', undefined],
  ['', undefined],
  ['-5', undefined],
  ['1.5', undefined],
  ['1e3', undefined],
  ['0x10', undefined],
  ['garbage 1', undefined],
  ['soon', undefined],
];

for (const [value, ms] of READ) {
  test(`Retry-After ${JSON.stringify(value)} is ${ms}`, () => assert.equal(parseRetryAfter(value, NOW), ms));
}

test('property: a wait that can be waited, or none', () => {
  const value = fc.oneof(
    hostileText(40),
    fc.integer().map(String),
    fc.date().map(String),
    fc.date({ noInvalidDate: true }).map((date) => date.toUTCString()),
  );
  fc.assert(
    fc.property(value, (text) => {
      const ms = parseRetryAfter(text, NOW);
      assert.ok(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0), text);
    }),
  );
});

test('property: seconds and dates agree', () => {
  fc.assert(
    fc.property(fc.nat(99_999_999), (seconds) => {
      const date = new Date(NOW + seconds * 1000).toUTCString();
      assert.equal(parseRetryAfter(date, NOW), parseRetryAfter(String(seconds), NOW));
    }),
  );
});
