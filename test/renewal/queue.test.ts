import assert from 'node:assert/strict';
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
import { rule } from '../unit-kit/rule.ts';

const MINUTE = 60_000;
const FRESH: QueueEntry = { kind: 'deploy', name: 'reload-a', failures: 0 };
const DONE: QueueEntry = { ...FRESH, done: true };
const FAILED = tried(FRESH, false, 'exit 1', NOW);

const entry = (kind: QueueEntry['kind'], name = kind as string): QueueEntry => ({ kind, name, failures: 0 });
const done = (kind: QueueEntry['kind'], name?: string): QueueEntry => ({ ...entry(kind, name), done: true });
const failed = (kind: QueueEntry['kind']): QueueEntry => tried(entry(kind), false, 'exit 1', NOW);
const openOf = (entries: readonly QueueEntry[]) =>
  entries.filter((each) => each.done !== true).map(({ kind }) => kind);

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
  let hook = FRESH;
  for (let i = 0; i < 5; i++) {
    hook = tried(hook, false, 'x'.repeat(1000), NOW);
    waits.push(((hook.nextAt ?? 0) - NOW) / MINUTE);
  }
  assert.deepEqual(waits, [1, 10, 60, 360, 360]);
  assert.deepEqual([hook.failures, hook.outcome?.length], [5, 500]);
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
  ['what comes after something done does not wait', [DONE, entry('reload')], NOW, undefined],
  ['what comes after something that waits waits with it', [FAILED, entry('reload')], NOW, NOW + MINUTE],
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

rule('a reload follows every deploy hook, a check follows both', () => {
  const open = (...entries: QueueEntry[]) => openOf(inStages(entries));
  assert.deepEqual(open(failed('deploy'), done('reload'), done('verify')), ['deploy', 'reload', 'verify']);
  assert.deepEqual(open(done('deploy'), failed('reload'), done('verify')), ['reload', 'verify']);
  assert.deepEqual(open(done('deploy'), done('reload'), failed('verify')), ['verify']);
  assert.deepEqual(open(failed('deploy'), done('deploy', 'other')), ['deploy']);
});

rule('a hook that was corrected in the settings does not wait', () => {
  const queue = [failed('deploy'), failed('reload'), failed('verify')];
  const settings = { ...SETTINGS, hooks: { deploy: 'deploy', reload: 'reload' }, verify: ['verify'] };
  assert.equal(isOutdated(queue, settings), false);
  assert.equal(isOutdated(queue, SETTINGS), false);
  assert.equal(isOutdated(queue, { ...settings, hooks: { deploy: 'corrected' } }), true);
  assert.equal(isOutdated(queue, { ...settings, hooks: { reload: 'corrected' } }), true);
  assert.equal(isOutdated(queue, { ...settings, hooks: { dehydrated: '/hook.sh' } }), true);
  const script = entry('deploy', '/hook.sh deploy_cert');
  assert.equal(isOutdated([...queue, script], { ...settings, hooks: { dehydrated: '/hook.sh' } }), false);
  assert.equal(isOutdated(queue, { ...settings, verify: ['verify', 'other'] }), true);
});

rule(
  'property: in stages nothing is done that comes after something open, and nothing open is closed',
  () => {
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
  },
);
