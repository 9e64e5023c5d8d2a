import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Failure } from '../../src/lineage/state.ts';
import { type FailureKind, nextAttemptAt, waitAfter, withFailure } from '../../src/renewal/backoff.ts';
import type { Timing } from '../../src/renewal/due.ts';
import { NOW } from '../unit-kit/clock.ts';
import { rule } from '../unit-kit/rule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const A = 'https://a.example/';
const B = 'https://b.example/';
const LONG = [1, 10, 100, 1440, 1440];

/** Minutes after the first, second … failure in a row. */
const WAITS: Record<FailureKind, readonly number[]> = {
  network: LONG,
  ca: LONG,
  validation: [10, 100, 1440, 1440],
  'rate-limit': [60, 360, 1440, 1440],
  account: [1440, 1440],
  input: [1440, 1440],
  hook: [1, 10, 60, 60],
  local: [1, 10, 60, 60],
};

for (const [kind, minutes] of Object.entries(WAITS) as [FailureKind, readonly number[]][]) {
  rule(`waits after ${kind}: ${minutes.join(', ')} minutes`, () => {
    for (const lifetime of [undefined, 45 * DAY, 90 * DAY]) {
      const waits = minutes.map((_, index) => waitAfter(kind, index + 1, lifetime) / MINUTE);
      assert.deepEqual(waits, minutes);
    }
  });
}

rule('waits are shorter for lives under 45 days, a minute at the least', () => {
  const waits = [1, 2, 3, 4].map((count) => waitAfter('network', count, 160 * HOUR) / MINUTE);
  assert.deepEqual(waits.map(Math.round), [1, 1, 15, 213]);
});

const timing = (lifetime: number, left: number): Timing => ({
  lineage: 'a.example',
  notBefore: NOW + left - lifetime,
  notAfter: NOW + left,
});
const mishap = (server: string, kind: FailureKind = 'network', retryAfterMs?: number) => ({
  server,
  kind,
  code: 'connection-failed',
  message: 'x'.repeat(5000),
  retryAfterMs,
});
const failAt = (kind: FailureKind, lifetime: number | undefined, retryAfterMs?: number): Failure => {
  const [failure] = withFailure([], mishap(A, kind, retryAfterMs), lifetime, NOW);
  return failure ?? assert.fail('no failure');
};

rule('failures count in a row, each CA for itself', () => {
  let failures = withFailure([], mishap(A), undefined, NOW);
  failures = withFailure(failures, mishap(B), undefined, NOW + 1);
  failures = withFailure(failures, mishap(A, 'validation'), undefined, NOW + 2);
  const told = failures.map(({ server, count, firstAt, lastAt }) => [server, count, firstAt, lastAt]);
  assert.deepEqual(told, [
    [B, 1, NOW + 1, NOW + 1],
    [A, 2, NOW, NOW + 2],
  ]);
  assert.equal(failures[0]?.message.length, 1000);
});

const RETRY_AFTER: readonly (readonly [string, number | undefined, number | undefined, number, boolean])[] = [
  ['a Retry-After longer than our wait is obeyed', undefined, 34 * HOUR, 34 * HOUR, true],
  ['a Retry-After shorter than our wait is not needed', undefined, 5 * MINUTE, HOUR, false],
  ['no Retry-After: our wait', undefined, undefined, HOUR, false],
  ['a Retry-After is bounded by a week', 90 * DAY, 400 * DAY, 7 * DAY, true],
  ['a Retry-After is bounded by a quarter of the life', 160 * HOUR, 400 * DAY, 40 * HOUR, true],
];

for (const [text, lifetime, retryAfterMs, wait, told] of RETRY_AFTER) {
  rule(text, () => {
    const { nextAt, retryAfter } = failAt('rate-limit', lifetime, retryAfterMs);
    assert.deepEqual([nextAt - NOW, retryAfter ?? false], [wait, told]);
  });
}

/** What is left of 90 days, and how long a failure just now makes wait at the most. */
const BACKSTOPS: readonly (readonly [string, number, number | undefined, number])[] = [
  ['before the last twentieth waits are as they are', 5 * DAY, undefined, DAY],
  ['in the last twentieth no wait is longer than a two-hundredth', 4.4 * DAY, undefined, 0.45 * DAY],
  ['in the last twentieth what the CA asked for still counts', 4.4 * DAY, 2 * DAY, 2 * DAY],
  ['in the last fiftieth no wait is longer than a thousandth', 1.7 * DAY, undefined, 0.09 * DAY],
  ['in the last fiftieth that goes for what the CA asked for too', 1.7 * DAY, 2 * DAY, 0.09 * DAY],
  ['in the last hour a minute', 0.99 * HOUR, 2 * DAY, MINUTE],
  ['just after the end a minute', -8 * DAY, undefined, MINUTE],
  ['long after the end waits are as they were', -10 * DAY, undefined, DAY],
];

for (const [text, left, retryAfterMs, wait] of BACKSTOPS) {
  rule(text, () => {
    const failure = failAt('input', 90 * DAY, retryAfterMs);
    assert.equal(Math.round(nextAttemptAt(failure, timing(90 * DAY, left), NOW) - NOW), wait);
  });
}

rule('where nothing is live there is no end to come near to', () => {
  assert.equal(nextAttemptAt(failAt('input', undefined), undefined, NOW), NOW + DAY);
});

rule('a clock that was set back does not prolong a wait', () => {
  const earlier = NOW - 2 * HOUR;
  assert.equal(nextAttemptAt(failAt('input', undefined), undefined, earlier), earlier);
});

test('property: no wait outlasts the backstops', () => {
  const kinds = fc.constantFrom(...(Object.keys(WAITS) as FailureKind[]));
  const lives = fc.integer({ min: HOUR, max: 400 * DAY });
  fc.assert(
    fc.property(kinds, lives, fc.nat(1000), fc.nat(40 * DAY), fc.integer({ min: 1, max: 9 }), (...given) => {
      const [kind, lifetime, share, told, count] = given;
      const left = (lifetime * share) / 1000;
      let failures: Failure[] = [];
      for (let i = 0; i < count; i++) failures = withFailure(failures, mishap(A, kind, told), lifetime, NOW);
      const [failure] = failures;
      const wait = nextAttemptAt(failure ?? assert.fail(), timing(lifetime, left), NOW) - NOW;
      assert.ok(wait >= 0 && wait <= Math.max(DAY, Math.min(7 * DAY, lifetime / 4)) + 1);
      if (left < lifetime / 50) assert.ok(wait <= Math.max(MINUTE, lifetime / 1000) + 1);
      if (left < lifetime / 20 && told === 0) assert.ok(wait <= Math.max(MINUTE, lifetime / 200) + 1);
    }),
  );
});
