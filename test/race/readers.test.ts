import assert from 'node:assert/strict';
import { test } from 'node:test';
import { raceRelinking, raceRenewals } from './race.ts';

test('readers during renewals never meet a mixed pair or a missing file', async (t) => {
  const { swaps, tallies } = await raceRenewals({
    swaps: 15,
    reads: 40_000,
    timeoutMs: 120_000,
    rests: true,
  });
  for (const [way, tally] of Object.entries(tallies)) t.diagnostic(`${way}: ${JSON.stringify(tally)}`);
  const { resolved, combined, 'by-path': byPath } = tallies;
  assert.ok(swaps >= 15, `only ${swaps} swaps`);
  for (const tally of [resolved, combined]) {
    assert.ok(tally.reads >= 40_000, `only ${tally.reads} reads`);
    assert.ok(tally.pairs > swaps / 2, `met only ${tally.pairs} versions in ${swaps} swaps`);
    assert.deepEqual({ ...tally, reads: 0, pairs: 0 }, { reads: 0, mixed: 0, missing: 0, torn: 0, pairs: 0 });
  }
  assert.equal(byPath.missing, 0);
  assert.equal(byPath.torn, 0);
});

test('the same readers notice links that are exchanged one by one', async () => {
  const { tallies } = await raceRelinking({ swaps: 300, reads: 10_000, timeoutMs: 30_000, rests: false });
  assert.ok(tallies.resolved.mixed > 0, 'no mixed pair');
  assert.ok(tallies.resolved.missing > 0, 'no missing file');
});
