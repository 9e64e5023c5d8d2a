import assert from 'node:assert/strict';
import { test } from 'node:test';
import { cleanLeftovers } from '../../src/commands/clean-leftovers.ts';
import type { SolverEdges } from '../../src/commands/solvers.ts';
import type { Event } from '../../src/events.ts';
import { listPresented, recordPresented } from '../../src/lineage/presented.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { challengeFor } from '../unit-kit/challenge-hooks.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { emptyStore, NAME } from '../unit-kit/store.ts';

const HOUR = 3600_000;
const HOOKS = { type: 'hooks', proof: 'dns-01', auth: 'true', cleanup: 'clean' } as const;

/** What a killed run left, and runs that try to take it away. */
async function rig() {
  const paths = emptyStore();
  const challenges = [{ ...challengeFor(NAME, 'k'.repeat(16)), trace: '' }];
  await recordPresented(systemDisk, paths, `${NAME}.0`, {
    version: 1,
    lineage: NAME,
    settings: HOOKS,
    challenges,
  });
  const told: string[] = [];
  let calls = 0;
  const run = async (now: number, ok: boolean) => {
    const edges = {
      disk: systemDisk,
      signal: NEVER,
      environment: {},
      clock: { now: () => now, sleep: () => new Promise(() => undefined) },
      emit: (event: Event) => void (event.type === 'warning' && told.push(event.code)),
      runShell: async () => {
        calls += 1;
        return { ok, outcome: ok ? 'exit 0' : 'exit 1', output: '', stdout: '', ms: 1 };
      },
    };
    await cleanLeftovers(edges as unknown as SolverEdges, paths);
    return { calls, told: [...told], left: listPresented(systemDisk, paths) };
  };
  return { run };
}

test('what a killed run left is taken away at once', async () => {
  const { run } = await rig();
  assert.deepEqual(await run(0, true), { calls: 1, told: [], left: [] });
});

test('what cannot be taken away is tried, and told of, once a day', async () => {
  const { run } = await rig();
  const left = [`${NAME}.0`];
  assert.deepEqual(await run(0, false), { calls: 1, told: ['cleanup-failed'], left });
  for (let hour = 1; hour < 24; hour += 1) assert.equal((await run(hour * HOUR, false)).calls, 1);
  assert.equal((await run(24 * HOUR, false)).calls, 2);
  assert.equal((await run(25 * HOUR, false)).calls, 2);
  assert.deepEqual((await run(48 * HOUR, true)).left, []);
});

test('a clock that was put back does not stop it', async () => {
  const { run } = await rig();
  await run(1000 * HOUR, false);
  assert.deepEqual((await run(10 * HOUR, true)).left, []);
});

test('after a week it is given up', async () => {
  const { run } = await rig();
  for (let hour = 0; hour <= 200; hour += 1) await run(hour * HOUR, false);
  const { calls, told, left } = await run(400 * HOUR, false);
  assert.equal(calls, 8);
  assert.deepEqual(told, [...Array<string>(7).fill('cleanup-failed'), 'cleanup-given-up']);
  assert.deepEqual(left, []);
});
