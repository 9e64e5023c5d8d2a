import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunResult } from '../support/evercert.ts';
import { until } from '../support/rig/processes.ts';
import { type Bench, createBench, NAME } from './bench.ts';
import { brokenInvariants, leftovers } from './invariant.ts';
import { holdLock, isAlive, pidsOf, writeHook } from './stuck.ts';

/** Nothing outside tells when a run has come to wait for the lock; by now it has. */
const STARTED_MS = 1500;
let lockedAt = 0;

const STATUS = { SIGTERM: 143, SIGINT: 130 } as const;
type Signal = keyof typeof STATUS;

const WITHIN_MS = 5000;

/** Where a run is stuck, and what is then so. */
interface Stage {
  readonly title: string;
  /** Makes the next renewal stick; returns what ends that. */
  stick(bench: Bench): () => void;
  isStuck(bench: Bench): boolean;
  /** Whether anything was begun that post hooks end. */
  readonly posts: boolean;
  /** Orders of the interrupted run, and of the `renew` after it. */
  readonly orders: readonly [number, number];
  readonly live: string;
}

const hang = (endpoint: 'newOrder' | 'finalize' | 'certificate', orders: Stage['orders']): Stage => ({
  title: `the CA does not answer ${endpoint}`,
  stick: ({ site }) => {
    site.ca.inject({ endpoint, fault: { kind: 'hang' } });
    return () => site.ca.clearFaults();
  },
  isStuck: ({ site }) => site.ca.requests.at(-1)?.fault === 'hang',
  posts: true,
  orders,
  live: '0001',
});

const hook = (kind: string, script: string, orders: Stage['orders'], live: string): Stage => ({
  title: `a ${kind} hook ${script.includes('trap') ? 'ignores SIGTERM' : 'sleeps'}`,
  stick: (bench) => writeHook(bench, kind, script),
  isStuck: (bench) => pidsOf(bench).length === 2,
  posts: true,
  orders,
  live,
});

const SLEEP = 'echo $$ > "$PIDS"; sleep 60 & echo $! >> "$PIDS"; wait';
const STUBBORN = `trap '' TERM INT; ${SLEEP}; sleep 60`;

const STAGES: readonly Stage[] = [
  hang('newOrder', [0, 1]),
  hang('finalize', [1, 0]),
  hang('certificate', [1, 0]),
  hook('pre', SLEEP, [0, 0], '0001'),
  hook('pre', STUBBORN, [0, 0], '0001'),
  hook('deploy', SLEEP, [1, 0], '0002'),
  hook('deploy', STUBBORN, [1, 0], '0002'),
  {
    title: 'another run holds the lock',
    stick: (bench) => {
      lockedAt = Date.now();
      return holdLock(bench);
    },
    isStuck: () => Date.now() - lockedAt > STARTED_MS,
    posts: false,
    orders: [0, 0],
    live: '0001',
  },
];

describe('a signal ends a run in good order', () => {
  let bench: Bench;
  before(async () => {
    bench = await createBench();
    const { status, stderr } = await bench.certonly(NAME, ['--deploy-hook', bench.deployHook]);
    assert.equal(status, 0, stderr);
    bench.keep();
  });
  after(() => bench.close());

  for (const stage of STAGES) {
    for (const signal of ['SIGTERM', 'SIGINT'] as const)
      test(`${signal} while ${stage.title}`, () => interrupt(bench, stage, signal));
  }

  test('gives a hook time to clean up', async () => {
    bench.reset();
    const cleaned = join(bench.site.scratch, 'cleaned');
    const script = `trap 'sleep 0.5; touch ${cleaned}; exit 1' TERM; echo $$ > "$PIDS"; while :; do sleep 0.1; done`;
    writeHook(bench, 'pre', script);
    const { status } = await renewUntil(bench, 'SIGTERM', () => pidsOf(bench).length === 1);
    assert.equal(status, STATUS.SIGTERM);
    assert.ok(existsSync(cleaned), 'it was killed before');
  });
});

async function interrupt(bench: Bench, stage: Stage, signal: Signal): Promise<void> {
  bench.reset();
  const { ca } = bench.site;
  const posted = join(bench.site.scratch, 'posted');
  writeHook(bench, 'post', `touch ${posted}`);
  const before = ca.orders.length;
  const unstick = stage.stick(bench);
  try {
    const result = await renewUntil(bench, signal, () => stage.isStuck(bench));
    assert.equal(result.status, STATUS[signal], result.stderr);
    assert.doesNotMatch(result.stderr, /internal error|\n\s+at /);
    if (stage.posts) assert.deepEqual(pidsOf(bench).filter(isAlive), [], 'hooks live on');
  } finally {
    unstick();
  }
  assert.equal(existsSync(posted), stage.posts, 'post hooks');
  assert.deepEqual(brokenInvariants(bench.store, NAME, false), []);
  assert.equal(bench.live(), stage.live);
  assert.equal(ca.orders.length - before, stage.orders[0]);
  await next(bench, before, stage);
}

/** Plain `renew` ends what was begun. */
async function next(bench: Bench, before: number, { orders: [first, second] }: Stage): Promise<void> {
  const { status, stderr } = await bench.site.renew();
  assert.equal(status, 0, stderr);
  assert.equal(bench.site.ca.orders.length - before, first + second);
  assert.equal(bench.live(), first + second > 0 ? '0002' : '0001');
  assert.deepEqual(bench.deployed(), first + second > 0 ? ['0002'] : []);
  assert.deepEqual(leftovers(bench.store), []);
}

/** Sends the signal once the run is where it is wanted, and demands an end soon after. */
async function renewUntil(bench: Bench, signal: Signal, isStuck: () => boolean): Promise<RunResult> {
  let send: ((signal: NodeJS.Signals) => void) | undefined;
  const ended = bench.site.renew(['--force-renewal'], {
    onStart: (kill) => {
      send = kill;
    },
  });
  await until('the run is stuck', isStuck);
  // It may have got no further than to start what it waits for.
  await new Promise((resolve) => setTimeout(resolve, 150));
  const started = performance.now();
  send?.(signal);
  const late = setTimeout(() => send?.('SIGKILL'), 2 * WITHIN_MS);
  const result = await ended;
  clearTimeout(late);
  const ms = Math.round(performance.now() - started);
  assert.ok(ms < WITHIN_MS, `ended only after ${ms} ms`);
  return result;
}
