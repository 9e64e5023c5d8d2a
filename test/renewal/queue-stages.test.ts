import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { QueueEntry } from '../../src/lineage/state.ts';
import {
  inStages,
  isDone,
  isOutdated,
  queueDueAt,
  queueFor,
  reopened,
  tried,
} from '../../src/renewal/queue.ts';
import { NOW } from '../unit-kit/clock.ts';
import { SETTINGS } from '../unit-kit/examples.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const entry = (kind: QueueEntry['kind'], name = kind as string): QueueEntry => ({ kind, name, failures: 0 });
const done = (kind: QueueEntry['kind'], name?: string): QueueEntry => ({ ...entry(kind, name), done: true });
const failed = (kind: QueueEntry['kind'], times = 1): QueueEntry => {
  let now = entry(kind);
  for (let i = 0; i < times; i += 1) now = tried(now, false, 'exit 1', NOW);
  return now;
};
const openOf = (entries: readonly QueueEntry[]) =>
  entries.filter((each) => each.done !== true).map(({ kind }) => kind);

test('what is known of a wish stays; what is no longer wished is forgotten', () => {
  const known = [failed('deploy', 2), done('reload')];
  assert.deepEqual(queueFor([entry('deploy'), entry('verify', 'x')], known), [
    known[0],
    entry('verify', 'x'),
  ]);
  assert.deepEqual(queueFor([entry('deploy', 'corrected')], known), [entry('deploy', 'corrected')]);
  assert.deepEqual(queueFor([entry('reload')], undefined), [entry('reload')]);
});

test('each failure waits longer; a success ends the count', () => {
  const waits = [1, 2, 3, 4, 5, 50].map((times) => (failed('deploy', times).nextAt ?? 0) - NOW);
  assert.deepEqual(waits, [MINUTE, 10 * MINUTE, HOUR, 6 * HOUR, 6 * HOUR, 6 * HOUR]);
  assert.deepEqual(tried(failed('deploy', 3), true, 'exit 0', NOW), done('deploy'));
});

test('a queue waits until the first of its failures may be tried again, not for what comes after them', () => {
  const queue = [failed('deploy', 3), failed('reload'), entry('verify')];
  assert.equal(queueDueAt(queue, NOW)?.until, NOW + MINUTE);
  assert.equal(queueDueAt(queue, NOW + MINUTE), undefined);
  assert.equal(queueDueAt([failed('deploy', 2), entry('reload')], NOW)?.until, NOW + 10 * MINUTE);
});

test('what was never tried does not wait', () => {
  assert.equal(queueDueAt([failed('deploy'), entry('deploy', 'other')], NOW), undefined);
  assert.equal(queueDueAt([done('deploy'), entry('reload')], NOW), undefined);
});

test('a clock that was set back does not prolong a wait', () => {
  assert.equal(queueDueAt([failed('deploy')], NOW - 24 * HOUR), undefined);
});

test('a reload follows every deploy hook, a check follows both', () => {
  const open = (...entries: QueueEntry[]) => openOf(inStages(entries));
  assert.deepEqual(open(failed('deploy'), done('reload'), done('verify')), ['deploy', 'reload', 'verify']);
  assert.deepEqual(open(done('deploy'), failed('reload'), done('verify')), ['reload', 'verify']);
  assert.deepEqual(open(done('deploy'), done('reload'), failed('verify')), ['verify']);
  assert.deepEqual(open(failed('deploy'), done('deploy', 'other')), ['deploy']);
});

test('a hook that was corrected in the settings does not wait', () => {
  const queue = [failed('deploy'), failed('reload'), failed('verify')];
  const settings = { ...SETTINGS, hooks: { deploy: 'deploy', reload: 'reload' }, verify: ['verify'] };
  assert.equal(isOutdated(queue, settings), false);
  assert.equal(isOutdated(queue, SETTINGS), false);
  assert.equal(isOutdated(queue, { ...settings, hooks: { deploy: 'corrected' } }), true);
  assert.equal(isOutdated(queue, { ...settings, hooks: { reload: 'corrected' } }), true);
  assert.equal(isOutdated(queue, { ...settings, verify: ['verify', 'other'] }), true);
});

test('property: in stages nothing is done that comes after something open, and nothing open is closed', () => {
  const kinds = fc.constantFrom<QueueEntry['kind']>('deploy', 'reload', 'verify');
  const entries = fc.array(
    fc.tuple(kinds, fc.boolean()).map(([kind, ok]) => (ok ? done(kind) : failed(kind))),
  );
  fc.assert(
    fc.property(entries, (before) => {
      const after = inStages(before);
      const stages = ['deploy', 'reload', 'verify'];
      const first = Math.min(...openOf(after).map((kind) => stages.indexOf(kind)), 3);
      for (const [index, each] of after.entries()) {
        if (stages.indexOf(each.kind) > first) assert.notEqual(each.done, true);
        if (before[index]?.done !== true) assert.deepEqual(each, before[index]);
      }
      assert.equal(isDone(after), isDone(before));
      assert.deepEqual(inStages(after), after);
      assert.ok(after.map(reopened).every((each) => each.done !== true));
    }),
  );
});
