import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DOWN_TO, monthDown } from './month-down.ts';
import { LIVES, TROUBLES } from './scenarios.ts';
import { DAY, HOUR } from './time.ts';
import { simulateYear } from './year.ts';

for (const [life, lifetime] of Object.entries(LIVES)) {
  test(`a year of certificates of ${life}: never expired, no limit met, whatever the trouble`, () => {
    for (const [trouble, make] of Object.entries(TROUBLES)) {
      for (const hasAri of [true, false]) {
        const { ca, expiredHours } = simulateYear({ lifetime, hasAri, seed: 7, ...make(lifetime, 7) });
        assert.deepEqual([trouble, hasAri, expiredHours, ca.limited], [trouble, hasAri, 0, 0]);
      }
    }
  });
}

/** Orders in a year without trouble. */
const ORDERS: Readonly<Record<string, number>> = {
  '160 h': 111,
  '45 d': 12,
  '47 d': 11,
  '64 d': 8,
  '90 d': 6,
};

for (const [life, expected] of Object.entries(ORDERS)) {
  test(`a year of certificates of ${life}: no more orders than are due`, () => {
    const { ca, attempts } = simulateYear({ lifetime: LIVES[life] ?? 0, hasAri: true, seed: 7 });
    assert.deepEqual([ca.issued, attempts], [expected, expected]);
    assert.equal(ca.exempt, expected);
    // Every six hours, and after each renewal.
    assert.ok(ca.polls > 1200 && ca.polls < 1600, `${ca.polls} polls`);
  });
}

test('a renewBefore that was meant for longer lives uses up no limit', () => {
  const { ca } = simulateYear({ lifetime: 160 * HOUR, hasAri: false, seed: 7, renewBefore: '30d' });
  assert.equal(ca.limited, 0);
  assert.ok(ca.issued < 180, `${ca.issued} orders`);
});

test('160 h and a CA that is down for 80 hours from the window on: the most that there is', () => {
  const down = (hours: number) => {
    const outages = [
      { from: Date.parse('2026-01-04T04:00:00Z'), to: Date.parse('2026-01-04T04:00:00Z') + hours * HOUR },
    ];
    return simulateYear({ lifetime: 160 * HOUR, hasAri: true, seed: 7, outages }).expiredHours;
  };
  assert.equal(down(80), 0);
  assert.ok(down(90) > 0);
});

test('a CA down for a month: deferred while the end is far, then an error, and mended in the first day after', () => {
  const days = monthDown(false);
  const on = (day: number) => days.find((each) => each.day === day)?.statuses;
  assert.deepEqual([on(28), on(32), on(36), on(40), on(47), on(53)], [[0], [3], [3], [1], [1], [1]]);
  const mended = days.find(({ issuedBy }) => issuedBy !== undefined);
  assert.ok(mended !== undefined && mended.day <= DOWN_TO + 1, `day ${mended?.day}`);
  assert.deepEqual(on(DOWN_TO + 2), [0]);
});

test('a CA down for a month, with another to ask: renewed when due, and back to the first one after', () => {
  const days = monthDown(true);
  assert.ok(days.every(({ statuses }) => statuses.join() === '0'));
  const issued = days.flatMap(({ day, issuedBy }) => (issuedBy === undefined ? [] : [[day, issuedBy]]));
  assert.deepEqual(
    issued.map(([, server]) => server),
    ['https://second.example/', 'https://first.example/', 'https://first.example/'].slice(0, issued.length),
  );
  assert.ok(issued.length >= 2);
  assert.ok(days.every(({ daysLeft }) => daysLeft >= (14 * DAY) / DAY));
});
