import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { dueAt, isUrgent, type Timing } from '../../src/renewal/due.ts';
import { rule } from '../unit-kit/rule.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = 1000 * DAY;

const timing = (lifetime: number, more: Partial<Timing> = {}): Timing => ({
  lineage: 'a.example',
  notBefore: START,
  notAfter: START + lifetime,
  ...more,
});

/** In days after the start; the jitter makes it up to a fiftieth of the life earlier. */
const BY_RULE: readonly (readonly [string, number, string | undefined, number])[] = [
  ['due a third of the life before the end', 90, undefined, 60],
  ['due a third of the life before the end: a year', 360, undefined, 240],
  ['due a third of the life before the end: exactly ten days', 10, undefined, 10 - 10 / 3],
  ['due at half of a life under ten days', 9.99, undefined, 9.99 / 2],
  ['due at half of a life under ten days: 160 hours', 160 / 24, undefined, 80 / 24],
  ['a life of no length is due at its end', 0, undefined, 0],
  ['renewBefore in days', 90, '20d', 70],
  ['renewBefore in hours', 90, '72h', 87],
  ['renewBefore in % of the life', 90, '50%', 45],
  ['renewBefore is two thirds of the life at the most: as long as the life', 90, '90d', 30],
  ['renewBefore is two thirds of the life at the most: 30 days of 160 hours', 160 / 24, '30d', 160 / 72],
  ['renewBefore is two thirds of the life at the most: %', 90, '100%', 30],
  ['a renewBefore that is none is none', 90, '3w', 60],
];

for (const [text, life, renewBefore, days] of BY_RULE) {
  rule(text, () => {
    const due = dueAt(timing(life * DAY, { renewBefore }));
    const late = START + days * DAY;
    assert.ok(due <= late + 1 && due > late - (life * DAY) / 50 - 1, `${(due - START) / DAY} days`);
  });
}

const CHOSEN: readonly (readonly [string, Partial<Timing>, number])[] = [
  ['the time drawn from the CA’s window counts: later', { chosenAt: START + 70 * DAY }, 70],
  ['the time drawn from the CA’s window counts: earlier', { chosenAt: START + 3 * DAY }, 3],
  ['no window counts beyond the last twentieth', { chosenAt: START + 89 * DAY }, 85.5],
  ['renewBefore comes after an earlier window', { chosenAt: START + 3 * DAY, renewBefore: '30d' }, 3],
];

for (const [text, more, days] of CHOSEN) {
  rule(text, () => assert.equal(dueAt(timing(90 * DAY, more)), START + days * DAY));
}

rule('renewBefore comes before a later window', () => {
  const renewBefore = '30d';
  const window = timing(90 * DAY, { renewBefore, chosenAt: START + 80 * DAY });
  assert.equal(dueAt(window), dueAt(timing(90 * DAY, { renewBefore })));
});

rule('the jitter is the same at every run, another for another certificate', () => {
  const first = dueAt(timing(90 * DAY));
  assert.equal(dueAt(timing(90 * DAY)), first);
  assert.notEqual(dueAt(timing(90 * DAY, { lineage: 'b.example' })), first);
});

rule('the jitter spreads 10,000 names evenly over a fiftieth of the life', () => {
  const parts = new Array<number>(20).fill(0);
  for (let index = 0; index < 10_000; index++) {
    const due = dueAt(timing(90 * DAY, { lineage: `h${index}.example` }));
    const part = Math.floor(((START + 60 * DAY - due) / (1.8 * DAY)) * 20);
    parts[part] = (parts[part] ?? 0) + 1;
  }
  assert.equal(parts.length, 20);
  // 500 each, give or take five standard deviations.
  assert.ok(Math.min(...parts) > 390 && Math.max(...parts) < 610, parts.join(' '));
});

/** Days or hours left at which a failure becomes urgent; without jitter, by a window. */
const URGENT: readonly (readonly [string, number, number, number])[] = [
  ['160 h, half: a third of the window', 160 * HOUR, 80 * HOUR, (80 * HOUR) / 3],
  ['160 h, late window: a tenth of the life', 160 * HOUR, 24 * HOUR, 16 * HOUR],
  ['29 d, late window: a tenth of the life', 29 * DAY, 6 * DAY, 2.9 * DAY],
  ['45 d: 7 days', 45 * DAY, 15 * DAY, 7 * DAY],
  ['47 d: 7 days', 47 * DAY, 47 * (DAY / 3), 7 * DAY],
  ['90 d: a third of the window', 90 * DAY, 30 * DAY, 10 * DAY],
  ['200 d: a third of the window', 200 * DAY, 66 * DAY, 22 * DAY],
];

for (const [text, lifetime, window, left] of URGENT) {
  rule(`a failure is urgent near the end, ${text} left`, () => {
    const life = timing(lifetime, { chosenAt: START + lifetime - window });
    const end = START + lifetime;
    assert.equal(isUrgent(life, end - left - HOUR), false);
    assert.equal(isUrgent(life, end - left + HOUR), true);
    assert.equal(isUrgent(life, end + DAY), true);
  });
}

const wish = fc.option(
  fc
    .tuple(fc.integer({ min: 1, max: 9999 }), fc.constantFrom('d', 'h', '%'))
    .map(([count, unit]) => `${count}${unit}`),
  { nil: undefined },
);

test('property: due in the last seventy percent of the life, and before its last twentieth when a window is known', () => {
  fc.assert(
    fc.property(
      fc.nat(4e12),
      fc.nat(1e11),
      wish,
      fc.option(fc.integer({ min: -1e12, max: 8e12 }), { nil: undefined }),
      (notBefore, lifetime, renewBefore, chosenAt) => {
        const notAfter = notBefore + lifetime;
        const due = dueAt({ lineage: 'a', notBefore, notAfter, renewBefore, chosenAt });
        assert.ok(due <= notAfter);
        if (chosenAt === undefined) assert.ok(due >= notBefore + lifetime * 0.3 - 1);
        else assert.ok(due <= notAfter - lifetime / 20 + 1 && due <= chosenAt);
      },
    ),
  );
});
