import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Bench, createBench, NAME } from './bench.ts';
import { brokenInvariants, leftovers } from './invariant.ts';

/** What was there when the run was killed in such a hook, and what the next plain `renew` makes of it. */
const CASES = [
  { kind: 'pre', live: '0001', orders: 0, deployed: [] },
  { kind: 'deploy', live: '0002', orders: 1, deployed: ['0002'] },
  { kind: 'reload', live: '0002', orders: 1, deployed: ['0002'] },
  { kind: 'post', live: '0002', orders: 1, deployed: ['0002'] },
];

describe('a run killed while a hook runs', () => {
  for (const { kind, live, orders, deployed } of CASES) {
    test(`${kind} hook`, async () => {
      const bench = await createBench();
      try {
        await prepare(bench, kind);
        const { signal } = await bench.site.renew(['--force-renewal']);
        assert.equal(signal, 'SIGKILL');
        assert.deepEqual(brokenInvariants(bench.store, NAME, false), []);
        assert.equal(bench.live(), live);
        const again = await bench.site.renew();
        assert.equal(again.status, 0, again.stderr);
        assert.equal(bench.site.ca.orders.length, 1 + orders);
        assert.deepEqual(bench.deployed(), ['0001', ...deployed]);
        assert.deepEqual(leftovers(bench.store), []);
      } finally {
        await bench.close();
      }
    });
  }
});

/** One version, and a hook that once kills the process which the lock names. */
async function prepare(bench: Bench, kind: string): Promise<void> {
  const { status, stderr } = await bench.certonly(NAME, ['--deploy-hook', bench.deployHook]);
  assert.equal(status, 0, stderr);
  const flag = join(bench.site.scratch, 'flag');
  writeFileSync(flag, '');
  const pid = `$(sed -n 's/^process \\([0-9]*\\),.*/\\1/p' ${bench.store}/.lock)`;
  const script = `#!/bin/sh\n[ -e ${flag} ] || exit 0\nrm ${flag}\nkill -9 ${pid}\n`;
  writeFileSync(join(bench.store, 'hooks', kind, '10-kill'), script, { mode: 0o755 });
}
