import assert from 'node:assert/strict';
import { test } from 'node:test';
import { systemClock } from '../../src/system/clock.ts';
import { NEVER } from '../unit-kit/expect.ts';

test('a sleep ends', async () => {
  const begun = systemClock.now();
  await systemClock.sleep(5, NEVER);
  assert.ok(systemClock.now() - begun >= 4);
});

test('an aborted sleep rejects with the reason, before and during', async () => {
  const reason = new TypeError('stop');
  await assert.rejects(systemClock.sleep(60_000, AbortSignal.abort(reason)), reason);
  const controller = new AbortController();
  const sleeping = systemClock.sleep(60_000, controller.signal);
  controller.abort(reason);
  await assert.rejects(sleeping, reason);
});

test('chance is below its limit', () => {
  const numbers = Array.from({ length: 200 }, () => systemClock.randomBelow(3));
  assert.deepEqual([...new Set(numbers)].sort(), [0, 1, 2]);
});
