import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dueAt } from '../../src/renewal/due.ts';

const DAY = 86_400_000;

const RULES: readonly (readonly [string, number, number])[] = [
  ['a third of its life before the end', 90, 60],
  ['a third of its life before the end: a year', 360, 240],
  ['a third of its life before the end: exactly ten days', 10, 10 - 10 / 3],
  ['half of its life if it lives less than ten days', 9.99, 9.99 / 2],
  ['half of its life if it lives less than ten days: six', 6, 3],
  ['a life of no length is due at its end', 0, 0],
];

for (const [rule, lifetime, due] of RULES) {
  test(`rule: ${rule}`, () => {
    assert.ok(Math.abs(dueAt(1000 * DAY, (1000 + lifetime) * DAY) - (1000 + due) * DAY) < 1);
  });
}

test('property: due within the life, and later for one that ends later', () => {
  const time = fc.nat(4e12);
  fc.assert(
    fc.property(time, fc.nat(1e11), (notBefore, lifetime) => {
      const due = dueAt(notBefore, notBefore + lifetime);
      assert.ok(due >= notBefore && due <= notBefore + lifetime);
    }),
  );
});
