import { randomBytes } from 'node:crypto';
import type { Knobs } from './knobs.ts';

/** A seeded generator of numbers in [0, 1) (mulberry32), so that refusals fall on the same requests every time. */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** One-time nonces (RFC 8555 section 6.5). */
export class NoncePool {
  readonly #unused = new Set<string>();
  readonly #knobs: Knobs;
  readonly #random: () => number;

  constructor(knobs: Knobs) {
    this.#knobs = knobs;
    this.#random = seededRandom(knobs.seed);
  }

  issue(): string {
    const nonce = randomBytes(16).toString('base64url');
    this.#unused.add(nonce);
    return nonce;
  }

  /** Spends a nonce; false when it is unknown, was used, or is refused by the knob `refuseNoncePercent`. */
  use(nonce: string): boolean {
    if (!this.#unused.delete(nonce)) return false;
    return this.#random() * 100 >= this.#knobs.refuseNoncePercent;
  }

  /** Forgets every nonce, as a CA does that restarts. */
  clear(): void {
    this.#unused.clear();
  }
}
