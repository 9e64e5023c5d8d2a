import { test } from 'node:test';

/** A test of one rule; `node .build/test/soak/rules.js` prints them all. */
export function rule(text: string, check: () => void): void {
  test(`rule: ${text}`, check);
}
