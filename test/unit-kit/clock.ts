import type { Clock } from '../../src/system/clock.ts';

export const NOW = Date.parse('2026-06-01T12:00:00Z');

/** A clock that only moves when something sleeps; `slept` tells how long each time. */
export function fakeClock(start = NOW): Clock & { readonly slept: number[] } {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    sleep: async (ms, signal) => {
      signal.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
    randomBelow: () => 0,
  };
}
