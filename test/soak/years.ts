// A year of one certificate, each life and each trouble: node esbuild.config.js && node .build/test/soak/years.js
import { LIVES, TROUBLES } from '../sim/scenarios.ts';
import { HOUR } from '../sim/time.ts';
import { simulateYear } from '../sim/year.ts';

const SEEDS = 20;
const HEAD = [
  'life',
  'ARI',
  'fallback',
  'trouble',
  'orders',
  'exempt',
  'polls',
  'failed',
  'limited',
  'exit 3',
  'exit 1',
  'least left',
  'expired',
];
console.log(`Each line: the sum of ${SEEDS} years (seeds), but for "least left", the smallest of all.\n`);
printRow(HEAD);
printRow(HEAD.map(() => '---'));
for (const [life, lifetime] of Object.entries(LIVES)) {
  for (const [trouble, make] of Object.entries(TROUBLES)) {
    for (const hasAri of [true, false]) {
      for (const hasFallback of [false, true]) {
        printRow([
          life,
          hasAri ? 'yes' : 'no',
          hasFallback ? 'yes' : 'no',
          trouble,
          ...sums(lifetime, make, hasAri, hasFallback),
        ]);
      }
    }
  }
}

function sums(
  lifetime: number,
  make: (typeof TROUBLES)[string],
  hasAri: boolean,
  hasFallback: boolean,
): string[] {
  const years = Array.from({ length: SEEDS }, (_, index) =>
    simulateYear({ lifetime, hasAri, hasFallback, seed: index, ...make(lifetime, index) }),
  );
  const sum = (count: (year: (typeof years)[number]) => number) =>
    years.reduce((total, year) => total + count(year), 0);
  const both = (name: keyof (typeof years)[number]['ca']) =>
    sum(({ ca, fallback }) => ca[name] + (fallback?.[name] ?? 0));
  const expired = sum((year) => year.expiredHours);
  const limited = both('limited');
  if (expired + limited > 0) process.exitCode = 1;
  const failed = both('outages') + both('notValidated');
  const left = Math.min(...years.map(({ leastLeft }) => leastLeft)) / HOUR;
  const runs = [sum((year) => year.deferredRuns), sum((year) => year.failedRuns)];
  const figures = [both('issued'), both('exempt'), both('polls'), failed, limited, ...runs];
  return [...figures.map(String), `${left.toFixed(1)} h`, `${expired} h`];
}

function printRow(cells: readonly string[]): void {
  console.log(`| ${cells.join(' | ')} |`);
}
