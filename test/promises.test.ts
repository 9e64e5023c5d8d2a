import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createTurns, createTurnsByName, once } from '../src/promises.ts';

test('what is made once is the same for all, also while it is being made', async () => {
  let made = 0;
  const make = once(async () => ++made);
  assert.deepEqual(await Promise.all([make(), make()]), [1, 1]);
  assert.equal(await make(), 1);
});

/** What was under way, and with what, when each piece of work began. */
function watched() {
  const busy = new Set<string>();
  const seen: string[] = [];
  return {
    seen,
    work: async (name: string) => {
      seen.push([...busy, name].join('+'));
      busy.add(name);
      await turn();
      busy.delete(name);
      if (name === 'bad') throw new Error('bad');
    },
  };
}

test('turns: one after the other, in order, and one that fails holds up none', async () => {
  const { seen, work } = watched();
  const inTurn = createTurns();
  await Promise.allSettled(['a', 'bad', 'c'].map((name) => inTurn(() => work(name))));
  assert.deepEqual(seen, ['a', 'bad', 'c']);
});

test('turns by name: those of one name after each other, others beside them', async () => {
  const { seen, work } = watched();
  const inTurn = createTurnsByName();
  await Promise.all([
    inTurn('x', () => work('a')),
    inTurn('x', () => work('b')),
    inTurn('y', () => work('c')),
  ]);
  assert.deepEqual(seen.slice(0, 2), ['a', 'a+c']);
  assert.match(seen[2] ?? '', /^(c\+)?b$/);
});
