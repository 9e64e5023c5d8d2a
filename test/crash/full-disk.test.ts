import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statfsSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { skipWithout } from '../support/rig/requirements.ts';
import { type Bench, createBench, NAME } from './bench.ts';
import { judgeFailure } from './failure.ts';
import { brokenInvariants } from './invariant.ts';
import { type Scenario, scenarios } from './scenarios.ts';

const MOST_PAGES = 60;

describe('a store on a file system that is full', { skip: skipWithout(['root', 'tmpfs']) }, () => {
  for (const title of ['certonly on an empty directory', 'renew --force-renewal, then renew']) {
    test(title, async (context) => {
      const scenario = scenarios.find((known) => known.title === title);
      assert.ok(scenario);
      const bench = await createBench();
      try {
        await scenario.prepare(bench);
        bench.keep();
        const { complaints, failures, levels } = await fillUp(bench, scenario);
        context.diagnostic(`${levels} levels, ${failures.size} different failures: ${title}`);
        assert.deepEqual(complaints, []);
        assert.ok(failures.size >= 4, [...failures].join('\n'));
      } finally {
        await bench.close();
      }
    });
  }
});

/** Leaves no page free, then two, four, … until there is room enough. */
async function fillUp(bench: Bench, scenario: Scenario) {
  const complaints: string[] = [];
  const failures = new Set<string>();
  for (let pages = 0; pages < MOST_PAGES; pages += 2) {
    const { status, stderr } = await tryLevel(bench, scenario, pages, complaints);
    if (status === 0) return { complaints, failures, levels: pages / 2 + 1 };
    failures.add(/^.*(?:failed|error): .*$/m.exec(stderr.replace(/\d{5,}/g, ''))?.[0] ?? '');
  }
  throw new Error(`no room with ${MOST_PAGES} pages: ${[...failures].at(-1)}`);
}

async function tryLevel(bench: Bench, scenario: Scenario, pages: number, complaints: string[]) {
  bench.reset();
  const unmount = mountSmall(bench);
  try {
    const filler = fill(bench.store, pages);
    const before = bench.site.ca.orders.length;
    const first = await bench.faulty(scenario.run);
    const placed = bench.site.ca.orders.length - before;
    const complain = (what: string) => complaints.push(`${pages} pages free: ${what}`);
    for (const broken of brokenInvariants(bench.store, NAME, scenario.target === '0001')) complain(broken);
    rmSync(filler);
    const step = { number: 0, op: '', path: '' };
    const point = { at: pages, action: 'ENOSPC', step } as const;
    await judgeFailure({ bench, scenario, point, first, placed, complain });
    return first.result;
  } finally {
    unmount();
  }
}

/** Puts a file system of 1 MiB in the place of the store, with the same content. */
function mountSmall({ store, site }: Bench): () => void {
  const copy = join(site.scratch, 'copy');
  mkdirSync(store, { recursive: true });
  execFileSync('cp', ['-a', store, copy]);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m,mode=0755', 'tmpfs', store]);
  execFileSync('cp', ['-a', `${copy}/.`, store]);
  return () => execFileSync('umount', [store]);
}

function fill(directory: string, pagesLeft: number): string {
  const { bsize, bavail } = statfsSync(directory);
  const filler = join(directory, 'filler');
  writeFileSync(filler, Buffer.alloc(bsize * bavail));
  truncateSync(filler, bsize * (bavail - pagesLeft));
  return filler;
}
