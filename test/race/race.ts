import { cpSync, mkdirSync, readdirSync, symlinkSync, unlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { createSite } from '../support/evercert.ts';
import { type ReaderOrder, type Tally, WAYS, type Way } from './reader.ts';

export interface RaceLimits {
  /** The race goes on until there were so many swaps and each reader has read so often … */
  readonly swaps: number;
  readonly reads: number;
  /** … but no longer than this. */
  readonly timeoutMs: number;
  /** See ReaderOrder. */
  readonly rests: boolean;
}

export interface RaceResult {
  readonly swaps: number;
  readonly tallies: Readonly<Record<Way, Tally>>;
}

const NAME = 'race.example.org';
const THREAD = resolve('.build/test/soak/reader-thread.js');

/** Readers of all ways against `renew --force-renewal`, again and again. */
export async function raceRenewals(limits: RaceLimits): Promise<RaceResult> {
  const site = await createSite({ alwaysValid: true });
  try {
    const first = await site.certonly(NAME);
    if (first.status !== 0) throw new Error(first.stderr);
    return await race(join(site.configDir, 'live', NAME), limits, async () => {
      const { status, stderr } = await site.renew(['--force-renewal']);
      if (status !== 0) throw new Error(stderr);
    });
  } finally {
    await site.close();
  }
}

/** The control: the same readers while the links of a real directory are exchanged one by one, as certbot does. */
export async function raceRelinking(limits: RaceLimits): Promise<RaceResult> {
  const site = await createSite({ alwaysValid: true });
  try {
    for (const run of [await site.certonly(NAME), await site.renew(['--force-renewal'])])
      if (run.status !== 0) throw new Error(run.stderr);
    const live = join(site.scratch, 'relinked');
    mkdirSync(live);
    const versions = ['0001', '0002'].map((version) => join(site.scratch, version));
    for (const version of versions)
      cpSync(join(site.configDir, 'archive', NAME, version.slice(-4)), version, { recursive: true });
    let swaps = 0;
    const relink = async () => {
      swaps += 1;
      for (const file of readdirSync(versions[0] ?? '')) {
        if (swaps > 1) unlinkSync(join(live, file));
        symlinkSync(join(versions[swaps % 2] ?? '', file), join(live, file));
      }
      await sleep(2);
    };
    await relink();
    return await race(live, limits, relink);
  } finally {
    await site.close();
  }
}

/** Starts a reader of each way, swaps until the limits are reached, and stops them. */
async function race(live: string, limits: RaceLimits, swap: () => Promise<void>): Promise<RaceResult> {
  const shared = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (1 + WAYS.length));
  const counters = new Int32Array(shared);
  const readers = WAYS.map((way, i) => startReader({ way, live, shared, index: i + 1, rests: limits.rests }));
  const deadline = Date.now() + limits.timeoutMs;
  const isBehind = (swaps: number) =>
    swaps < limits.swaps || WAYS.some((_, i) => Atomics.load(counters, i + 1) < limits.reads);
  let swaps = 0;
  try {
    for (; isBehind(swaps) && Date.now() < deadline; swaps += 1) await swap();
  } finally {
    Atomics.store(counters, 0, 1);
    await Promise.allSettled(readers);
  }
  const [resolved, combined, byPath] = await Promise.all(readers);
  if (resolved === undefined || combined === undefined || byPath === undefined)
    throw new TypeError('a reader without a tally');
  return { swaps, tallies: { resolved, combined, 'by-path': byPath } };
}

function startReader(order: ReaderOrder): Promise<Tally> {
  const thread = new Worker(THREAD, { workerData: order });
  return new Promise((done, fail) => {
    thread.once('message', done);
    thread.once('error', fail);
  });
}
