import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { test } from 'node:test';
import { createDeadline } from '../../src/system/deadline.ts';

const aborted = (signal: AbortSignal) => new Promise((resolve) => signal.addEventListener('abort', resolve));

test('it follows the outer signal, also one that was aborted before', () => {
  const controller = new AbortController();
  const deadline = createDeadline(controller.signal);
  assert.equal(deadline.signal.aborted, false);
  controller.abort(new TypeError('stop'));
  assert.throws(() => deadline.signal.throwIfAborted(), /stop/);
  assert.throws(() => createDeadline(controller.signal).signal.throwIfAborted(), /stop/);
});

test('the first time that is not called off ends it', async () => {
  const deadline = createDeadline(new AbortController().signal);
  deadline.after(1, () => new TypeError('called off'))();
  deadline.after(20, () => new TypeError('second'));
  deadline.after(10, () => new TypeError('first'));
  await aborted(deadline.signal);
  assert.throws(() => deadline.signal.throwIfAborted(), /first/);
  deadline.end();
});

test('after its end there are no timers and no listeners', () => {
  const timers = () => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length;
  const before = timers();
  const outer = new AbortController();
  const deadline = createDeadline(outer.signal);
  deadline.after(60_000, () => new TypeError('late'));
  assert.equal(getEventListeners(outer.signal, 'abort').length, 1);
  assert.equal(timers(), before + 1);
  deadline.end();
  assert.equal(getEventListeners(outer.signal, 'abort').length, 0);
  assert.equal(timers(), before);
});
