import type { Clock } from '../../src/system/clock.ts';

export const NOW = Date.parse('2026-06-01T12:00:00Z');

/** A clock that only moves when something sleeps; `slept` tells how long each time; `step` sets the wall clock. */
export function fakeClock(start = NOW): Clock & { readonly slept: number[]; step(ms: number): void } {
  let now = start;
  let elapsed = 0;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    monotonic: () => elapsed,
    step: (ms) => {
      now += ms;
    },
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
      elapsed += ms;
    },
    randomBelow: () => 0,
  };
}
