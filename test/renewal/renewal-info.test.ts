import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { RenewalInfo } from '../../src/lineage/state.ts';
import {
  isSenseless,
  withFailedPoll,
  withoutRenewalInfo,
  withSuggestion,
} from '../../src/renewal/renewal-info.ts';
import { NOW } from '../unit-kit/clock.ts';
import { rule } from '../unit-kit/rule.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const WINDOW = { start: NOW + 10 * DAY, end: NOW + 12 * DAY, retryAfterMs: 6 * HOUR };
const KNOWN = withSuggestion(undefined, '0001', WINDOW, NOW, 0.5);

rule('a time is drawn from the window, but for its last two hours', () => {
  const drawn = [0, 0.5, 1].map((random) => withSuggestion(undefined, '0001', WINDOW, NOW, random).chosenAt);
  assert.deepEqual(drawn, [WINDOW.start, WINDOW.start + 23 * HOUR, WINDOW.end - 2 * HOUR]);
});

rule('a time is drawn from the first half of a short window', () => {
  const short = { ...WINDOW, end: WINDOW.start + 3.2 * HOUR };
  assert.equal(withSuggestion(undefined, '0001', short, NOW, 1).chosenAt, WINDOW.start + 1.6 * HOUR);
});

rule('the drawn time stays while the window does', () => {
  assert.equal(withSuggestion(KNOWN, '0001', WINDOW, NOW + HOUR, 0.9).chosenAt, KNOWN.chosenAt);
});

rule('of a new window a time is drawn anew', () => {
  const moved = { ...WINDOW, end: WINDOW.end + 1 };
  assert.notEqual(withSuggestion(KNOWN, '0001', moved, NOW, 0.9).chosenAt, KNOWN.chosenAt);
});

rule('what was drawn for another version does not count', () => {
  assert.notEqual(withSuggestion(KNOWN, '0002', WINDOW, NOW, 0.9).chosenAt, KNOWN.chosenAt);
  assert.equal(withFailedPoll(KNOWN, '0002', 'temporary', NOW).chosenAt, undefined);
});

rule('the explanation is kept, and goes with its suggestion', () => {
  const explanationUrl = 'https://ca.example/why';
  const explained = withSuggestion(undefined, '0001', { ...WINDOW, explanationUrl }, NOW, 0);
  assert.equal(explained.explanationUrl, explanationUrl);
  assert.equal(withSuggestion(explained, '0001', WINDOW, NOW, 0).explanationUrl, undefined);
});

const FRESH = { version: '0001', notBefore: NOW - HOUR, notAfter: NOW + 90 * DAY };
const OPEN = { ...WINDOW, start: NOW - HOUR, end: NOW + HOUR };

rule('a window that was open when the certificate was made is no suggestion, whenever it ends', () => {
  for (const end of [NOW - HOUR / 2, NOW + HOUR, NOW + 80 * DAY])
    assert.equal(isSenseless(undefined, FRESH, { ...OPEN, end }, NOW), true);
  assert.equal(isSenseless(undefined, FRESH, WINDOW, NOW), false);
});

rule(
  'a window that opens after another was suggested counts, and so does one of an older certificate',
  () => {
    assert.equal(isSenseless(KNOWN, FRESH, OPEN, NOW), false);
    assert.equal(isSenseless(undefined, { ...FRESH, notBefore: NOW - 10 * DAY }, OPEN, NOW), false);
  },
);

const WAITS: readonly (readonly [string, number | undefined, number])[] = [
  ['the CA is asked again when it said', 6 * HOUR, 6 * HOUR],
  ['after a minute at the least', 0, MINUTE],
  ['after a day at the most', 30 * DAY, DAY],
  ['after six hours when it did not say', undefined, 6 * HOUR],
];

for (const [text, retryAfterMs, wait] of WAITS) {
  rule(`renewal information: ${text}`, () => {
    const { nextPollAt } = withSuggestion(undefined, '0001', { ...WINDOW, retryAfterMs }, NOW, 0);
    assert.equal(nextPollAt - NOW, wait);
  });
}

const pollWaits = (kind: 'temporary' | 'long-term') => {
  const waits: number[] = [];
  let info: RenewalInfo | undefined = KNOWN;
  for (let i = 0; i < 5; i++) {
    info = withFailedPoll(info, '0001', kind, NOW);
    waits.push((info.nextPollAt - NOW) / MINUTE);
  }
  return { waits, info };
};

rule('a poll that failed for a time is made again after 1, 10, 100, then 360 minutes', () => {
  assert.deepEqual(pollWaits('temporary').waits, [1, 10, 100, 360, 360]);
});

rule('a poll that failed for long is made again after six hours', () => {
  assert.deepEqual(pollWaits('long-term').waits, [360, 360, 360, 360, 360]);
});

rule('a poll that failed forgets nothing, and one that succeeds ends the row', () => {
  const { info } = pollWaits('temporary');
  assert.deepEqual([info.chosenAt, info.failures], [KNOWN.chosenAt, 5]);
  assert.equal(withSuggestion(info, '0001', WINDOW, NOW, 0.9).failures, undefined);
  assert.equal(withSuggestion(info, '0001', WINDOW, NOW, 0.9).chosenAt, KNOWN.chosenAt);
});

rule('a CA without renewal information is asked again in a day, and has no window', () => {
  assert.deepEqual(withoutRenewalInfo('0001', NOW), { version: '0001', nextPollAt: NOW + DAY });
});

test('property: the drawn time is in the window', () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(fc.nat(4e12), fc.integer({ min: 1, max: 1e10 }), random, (start, width, share) => {
      const window = { start, end: start + width, retryAfterMs: undefined };
      const { chosenAt = -1 } = withSuggestion(undefined, '0001', window, NOW, share);
      assert.ok(chosenAt >= start && chosenAt <= start + width);
    }),
  );
});
