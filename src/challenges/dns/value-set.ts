import type { EvercertError } from '../../errors.ts';
import type { ProviderEdges } from './provider.ts';

const TRIES = 6;
const FIRST_WAIT_MS = 250;

/**
 * Reads a set of values and writes it back changed, once more whenever somebody else was faster.
 *
 * @param attempt resolves to undefined when it is written, else to the refusal
 * @throws EvercertError the last refusal
 */
export async function untilWritten(
  attempt: () => Promise<EvercertError | undefined>,
  sleep: ProviderEdges['sleep'],
): Promise<void> {
  let wait = FIRST_WAIT_MS;
  for (let left = TRIES - 1; ; left -= 1) {
    const refusal = await attempt();
    if (refusal === undefined) return;
    if (left === 0) throw refusal;
    await sleep(wait);
    wait *= 2;
  }
}

/** A TXT value as a zone file has it (RFC 1035 section 5.1). */
export function quoted(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** Those values with one more. undefined: it is there already. */
export function withValue(values: readonly string[], value: string): string[] | undefined {
  return values.includes(value) ? undefined : [...values, value];
}

/** Those values but that one. undefined: it is not there. */
export function withoutValue(values: readonly string[], value: string): string[] | undefined {
  return values.includes(value) ? values.filter((each) => each !== value) : undefined;
}
