import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createGate } from '../../src/system/gate.ts';
import { NEVER } from '../unit-kit/expect.ts';

/** Work that lasts until it is told to end. */
function job() {
  let end = (): void => undefined;
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  return { ended, end: () => end() };
}

test('so many at a time, in the order of their coming', async () => {
  const gate = createGate(2);
  const jobs = Array.from({ length: 5 }, job);
  const begun: number[] = [];
  const all = jobs.map(({ ended }, index) =>
    gate(() => {
      begun.push(index);
      return ended;
    }, NEVER),
  );
  await turn();
  assert.deepEqual(begun, [0, 1]);
  jobs[1]?.end();
  await turn();
  assert.deepEqual(begun, [0, 1, 2]);
  for (const { end } of jobs) end();
  await Promise.all(all);
  assert.deepEqual(begun, [0, 1, 2, 3, 4]);
  assert.equal(await gate(async () => 'again', NEVER), 'again');
});

test('whoever fails makes room all the same', async () => {
  const gate = createGate(1);
  const failed = gate(() => Promise.reject(new TypeError('work')), NEVER);
  const next = gate(async () => 'next', NEVER);
  await assert.rejects(failed, TypeError);
  assert.equal(await next, 'next');
});

test('interrupted while waiting: rejected at once, and never begun', async () => {
  const gate = createGate(1);
  const first = job();
  const busy = gate(() => first.ended, NEVER);
  const controller = new AbortController();
  let begun = false;
  const waiting = gate(async () => {
    begun = true;
  }, controller.signal);
  const third = gate(async () => 'third', NEVER);
  controller.abort(new TypeError('stop'));
  await assert.rejects(waiting, /stop/);
  await assert.rejects(
    gate(async () => 'x', controller.signal),
    /stop/,
  );
  first.end();
  await busy;
  assert.equal(await third, 'third');
  assert.equal(begun, false);
});
