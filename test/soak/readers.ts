// A million reads in each way during a hundred renewals: node esbuild.config.js && node .build/test/soak/readers.js
import { type RaceResult, raceRelinking, raceRenewals } from '../race/race.ts';

const LIMITS = { swaps: 100, reads: 1_000_000, timeoutMs: 30 * 60_000, rests: false };

const renewals = await raceRenewals(LIMITS);
print('renew --force-renewal', renewals);
print('control: links exchanged one by one', await raceRelinking({ ...LIMITS, swaps: 1000, reads: 100_000 }));
const { resolved, combined, 'by-path': byPath } = renewals.tallies;
const faults = [resolved, combined].map(({ mixed, missing, torn }) => mixed + missing + torn);
const isGood = faults.every((count) => count === 0) && byPath.missing + byPath.torn === 0;
const isFull =
  renewals.swaps >= LIMITS.swaps && [resolved, combined, byPath].every(({ reads }) => reads >= LIMITS.reads);
console.log(isGood && isFull ? 'passed' : 'FAILED');
process.exitCode = isGood && isFull ? 0 : 1;

function print(title: string, { swaps, tallies }: RaceResult): void {
  console.log(`${title}: ${swaps} swaps`);
  console.table(tallies);
}
