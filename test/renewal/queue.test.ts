import assert from 'node:assert/strict';
import type { QueueEntry } from '../../src/lineage/state.ts';
import { isDone, queueDueAt, queueFor, tried } from '../../src/renewal/queue.ts';
import { NOW } from '../unit-kit/clock.ts';
import { rule } from '../unit-kit/rule.ts';

const MINUTE = 60_000;
const FRESH: QueueEntry = { kind: 'deploy', name: 'reload-a', failures: 0 };
const DONE: QueueEntry = { ...FRESH, done: true };
const FAILED = tried(FRESH, false, 'exit 1', NOW);

rule('a new version wants every hook and check', () => {
  const wanted = [FRESH, { kind: 'verify', name: 'a.example:443' }] as const;
  assert.deepEqual(
    queueFor(wanted, undefined).map(({ kind, name, failures, done }) => [kind, name, failures, done]),
    [
      ['deploy', 'reload-a', 0, undefined],
      ['verify', 'a.example:443', 0, undefined],
    ],
  );
});

rule('what is known of a hook is kept', () => {
  assert.deepEqual(queueFor([FRESH], [DONE]), [DONE]);
  assert.deepEqual(queueFor([FRESH], [FAILED]), [FAILED]);
});

rule('a hook of the same name in another place is another', () => {
  assert.deepEqual(queueFor([{ kind: 'reload', name: FRESH.name }], [DONE]), [
    { kind: 'reload', name: FRESH.name, failures: 0 },
  ]);
});

rule('a hook that was taken away is forgotten, its replacement added', () => {
  assert.deepEqual(queueFor([{ kind: 'deploy', name: 'reload-b' }], [FAILED]), [
    { ...FRESH, name: 'reload-b' },
  ]);
});

rule('a queue is done when all of it is', () => {
  assert.deepEqual([isDone([]), isDone([DONE]), isDone([DONE, FAILED])], [true, true, false]);
});

rule('a hook that fails is tried again after 1, 10, 60, then 360 minutes', () => {
  const waits: number[] = [];
  let entry = FRESH;
  for (let i = 0; i < 5; i++) {
    entry = tried(entry, false, 'x'.repeat(1000), NOW);
    waits.push(((entry.nextAt ?? 0) - NOW) / MINUTE);
  }
  assert.deepEqual(waits, [1, 10, 60, 360, 360]);
  assert.deepEqual([entry.failures, entry.outcome?.length], [5, 500]);
});

rule('a hook that succeeds is done, whatever was before', () => {
  assert.deepEqual(tried(FAILED, true, 'exit 0', NOW), { ...DONE });
});

const DUE: readonly (readonly [string, readonly QueueEntry[], number, number | undefined])[] = [
  ['a failed hook waits', [FAILED], NOW, NOW + MINUTE],
  ['a failed hook waits no longer than until its time', [FAILED], NOW + MINUTE, undefined],
  ['the soonest counts', [{ ...FAILED, nextAt: NOW + 9 * MINUTE }, FAILED], NOW, NOW + MINUTE],
  ['a hook that never ran does not wait', [FAILED, { ...FRESH, name: 'b' }], NOW, undefined],
  ['what is done makes nobody wait', [DONE], NOW, undefined],
  ['an empty queue does not wait', [], NOW, undefined],
  ['a clock that was set back does not prolong a wait for hooks', [FAILED], NOW - 361 * MINUTE, undefined],
];

for (const [text, entries, now, until] of DUE) {
  rule(text, () => assert.equal(queueDueAt(entries, now)?.until, until));
}

rule('a hook that waits is told with its outcome, and needs a person', () => {
  const waiting = queueDueAt([DONE, FAILED], NOW);
  assert.deepEqual(
    [waiting?.failure.message, waiting?.failure.count, waiting?.urgent],
    ['reload-a: exit 1', 1, true],
  );
});
