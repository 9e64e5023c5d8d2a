import { type CaCounts, createCa, type Leaf } from './ca.ts';
import { createClient, liveOf, type Run, run } from './client.ts';
import { HOUR, isIn, MINUTE, type Span, seeded, YEAR } from './time.ts';

/** What happens in a year. Spans are in the world's time. */
export interface Scenario {
  readonly lifetime: number;
  readonly hasAri: boolean;
  readonly seed: number;
  readonly outages?: readonly Span[];
  readonly failing?: readonly Span[];
  /** The machine is off. */
  readonly off?: readonly Span[];
  /** Its clock is two hours behind. */
  readonly behind?: readonly Span[];
  readonly hasFallback?: boolean;
  readonly renewBefore?: string;
}

export interface YearReport {
  readonly ca: CaCounts;
  readonly fallback: CaCounts | undefined;
  readonly attempts: number;
  /** Hours in which what was live had expired. */
  readonly expiredHours: number;
  /** The least that was ever left of a life, milliseconds. */
  readonly leastLeft: number;
  readonly deferredRuns: number;
  readonly failedRuns: number;
}

export const START = Date.parse('2026-01-01T00:00:00Z');
const BEHIND_MS = 2 * HOUR;

export type Watch = (now: number, run: Run, left: number) => void;

/** An hourly timer with a random minute, for a year and a certificate of the first hour. */
export function simulateYear(scenario: Scenario, watch?: Watch): YearReport {
  const { lifetime, hasAri, seed, outages = [], failing = [], hasFallback, renewBefore } = scenario;
  const random = seeded(seed);
  const traits = { lifetime, hasAri, random, failing };
  const ca = createCa({ ...traits, server: 'https://first.example/', outages }, START);
  const fallback = hasFallback
    ? createCa({ ...traits, server: 'https://second.example/' }, START)
    : undefined;
  const leaf: Leaf = { server: ca.server, notBefore: START - HOUR, notAfter: START - HOUR + lifetime };
  const cas = fallback === undefined ? ([ca] as const) : ([ca, fallback] as const);
  const client = createClient('a.example', cas, leaf, random, renewBefore);
  const tally = { attempts: 0, expiredHours: 0, leastLeft: lifetime, deferredRuns: 0, failedRuns: 0 };
  for (let hour = START + HOUR; hour < START + YEAR; hour += HOUR) {
    const world = hour + random() * 59 * MINUTE;
    if (!isIn(scenario.off ?? [], world)) {
      const own = Math.round(isIn(scenario.behind ?? [], world) ? world - BEHIND_MS : world);
      const result = run(client, { world: Math.round(world), own });
      tally.attempts += result.attempts;
      if (result.status === 3) tally.deferredRuns += 1;
      if (result.status === 1) tally.failedRuns += 1;
      watch?.(world, result, liveOf(client).notAfter - world);
    }
    const left = liveOf(client).notAfter - (hour + HOUR);
    tally.leastLeft = Math.min(tally.leastLeft, left);
    if (left <= 0) tally.expiredHours += 1;
  }
  return { ca: ca.counts, fallback: fallback?.counts, ...tally };
}
