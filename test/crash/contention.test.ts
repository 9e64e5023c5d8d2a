import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { RunResult } from '../support/evercert.ts';
import { until } from '../support/rig/processes.ts';
import { type Bench, createBench, NAME } from './bench.ts';
import { brokenInvariants, leftovers } from './invariant.ts';
import { isAlive, pidsOf, writeHook } from './stuck.ts';

describe('several runs on one store', () => {
  let bench: Bench;
  before(async () => {
    bench = await createBench();
    bench.keep();
  });
  after(() => bench.close());

  test('two first issuances at once: one order, the other one leaves or keeps', async () => {
    bench.reset();
    const ended = await Promise.all([first(bench), first(bench), first(bench)]);
    const statuses = ended.map(({ status }) => status);
    assert.ok(statuses.includes(0), JSON.stringify(ended));
    assert.deepEqual(
      statuses.filter((status) => status !== 0 && status !== 4),
      [],
      JSON.stringify(ended),
    );
    assert.equal(bench.site.ca.orders.length, 1);
    assertGood(bench, '0001');
  });

  test('while one renews, renew waits, certonly and --lock-wait 0 leave with status 4', async () => {
    const go = await prepareGate(bench);
    const from = bench.site.ca.requests.length;
    const one = bench.site.renew(['--force-renewal']);
    await until('the first run is in its pre hook', () => pidsOf(bench).length === 1);
    const two = bench.site.renew(['--force-renewal']);
    for (const left of [await first(bench), await bench.site.renew(['--lock-wait', '0'])]) {
      assert.equal(left.status, 4, left.stderr);
      assert.match(left.stderr, /another run holds the lock: process \d+/);
    }
    assert.equal(ordersSince(bench, from), '');
    go();
    for (const { status, stderr } of await Promise.all([one, two])) assert.equal(status, 0, stderr);
    assert.equal(ordersSince(bench, from), 'newOrder certificate newOrder certificate');
    assertGood(bench, '0003');
  });

  test('the lock of a run that was killed is free at once, though its hook still runs', async () => {
    const go = await prepareGate(bench);
    let kill: ((signal: NodeJS.Signals) => void) | undefined;
    const one = bench.site.renew(['--force-renewal'], {
      onStart: (send) => {
        kill = send;
      },
    });
    await until('the run is in its pre hook', () => pidsOf(bench).length === 1);
    const two = bench.site.renew([]);
    await new Promise((resolve) => setTimeout(resolve, 200));
    kill?.('SIGKILL');
    assert.equal((await one).signal, 'SIGKILL');
    const orphan = pidsOf(bench).filter(isAlive);
    assert.equal(orphan.length, 1);
    rmSync(join(bench.store, 'hooks/pre/10-test'));
    const { status, stderr } = await bench.site.renew(['--force-renewal', '--lock-wait', '10']);
    assert.equal(status, 0, stderr);
    assert.equal((await two).status, 0);
    assert.deepEqual(pidsOf(bench).filter(isAlive), orphan);
    go();
    assertGood(bench, '0002');
  });

  test('a waiting run that is killed neither keeps the lock nor hands it on', async () => {
    const go = await prepareGate(bench);
    let kill: ((signal: NodeJS.Signals) => void) | undefined;
    const one = bench.site.renew(['--force-renewal']);
    await until('the first run is in its pre hook', () => pidsOf(bench).length === 1);
    const two = bench.site.renew([], {
      onStart: (send) => {
        kill = send;
      },
    });
    await new Promise((resolve) => setTimeout(resolve, 400));
    kill?.('SIGKILL');
    assert.equal((await two).signal, 'SIGKILL');
    go();
    assert.equal((await one).status, 0);
    const { status, stderr } = await bench.site.renew(['--lock-wait', '1']);
    assert.equal(status, 0, stderr);
    assertGood(bench, '0002');
  });
});

function first(bench: Bench): Promise<RunResult> {
  return bench.certonly(NAME, []);
}

/** A store with one version, and a pre hook that waits for the returned function. */
async function prepareGate(bench: Bench): Promise<() => void> {
  bench.reset();
  const { status, stderr } = await first(bench);
  assert.equal(status, 0, stderr);
  const gate = join(bench.site.scratch, 'gate');
  writeHook(bench, 'pre', `echo $$ >> "$PIDS"; until [ -e ${gate} ]; do sleep 0.05; done`);
  return () => writeFileSync(gate, '');
}

/** The beginnings and ends of orders, in the order in which the CA saw them. */
function ordersSince({ site }: Bench, from: number): string {
  return site.ca.requests
    .slice(from)
    .map(({ endpoint }) => endpoint)
    .filter((endpoint) => endpoint === 'newOrder' || endpoint === 'certificate')
    .join(' ');
}

function assertGood(bench: Bench, live: string): void {
  assert.equal(bench.live(), live);
  assert.deepEqual(brokenInvariants(bench.store, NAME, false), []);
  assert.deepEqual(leftovers(bench.store), []);
}
