export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
export const YEAR = 365 * DAY;

/** 0 <= random < 1, the same row for the same seed (mulberry32). */
export type Random = () => number;

export function seeded(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Span {
  readonly from: number;
  readonly to: number;
}

export const isIn = (spans: readonly Span[], now: number) =>
  spans.some(({ from, to }) => from <= now && now < to);

/** `count` spans of one length, somewhere in a year after `start`. */
export function scattered(random: Random, start: number, length: number, count: number): Span[] {
  return Array.from({ length: count }, () => {
    const from = start + random() * (YEAR - length);
    return { from, to: from + length };
  });
}
