import pLimit from 'p-limit';
import { EvercertError } from '../../errors.ts';
import { type AuthoritiesOf, type Authority, unanswered } from './authorities.ts';
import type { ZoneOf } from './zone.ts';

export interface PropagationEdges {
  readonly zoneOf: ZoneOf;
  readonly authoritiesOf: AuthoritiesOf;
  /** The values of a TXT record at one address. @throws EvercertError dns-failed */
  readonly txtAt: (address: string, name: string) => Promise<readonly string[]>;
  /** Milliseconds since some moment. */
  readonly monotonic: () => number;
  /** @throws what ends the run */
  readonly sleep: (ms: number) => Promise<void>;
  /** No server of these names could be asked. */
  readonly unchecked: (names: readonly string[], why: string) => void;
}

/** What one address is to show of one name, and what it showed last. */
export interface Watch {
  readonly name: string;
  readonly values: readonly string[];
  readonly authority: Authority;
  /** Undefined for as long as it has never answered. */
  readonly shown: readonly string[] | undefined;
}

export interface Verdict {
  /** Those that answered without all values. */
  readonly late: readonly Watch[];
  /** Names of which no server answered at all. */
  readonly unseen: readonly string[];
}

/** How long is waited where nobody can be asked: by then most providers' servers have it. */
const GRACE_MS = 30_000;
const FIRST_GAP_MS = 250;
const MAX_GAP_MS = 3000;
const GAP_GROWTH = 1.5;
const QUESTIONS_AT_A_TIME = 32;

/** What all answers together mean. A server that never answered counts only where no other did. */
export function judge(watches: readonly Watch[]): Verdict {
  const late = watches.filter(({ shown, values }) => shown !== undefined && !showsAll(shown, values));
  const seen = new Set(watches.filter(({ shown }) => shown !== undefined).map(({ name }) => name));
  const unseen = [...new Set(watches.map(({ name }) => name))].filter((name) => !seen.has(name));
  return { late, unseen };
}

function showsAll(shown: readonly string[], values: readonly string[]): boolean {
  return values.every((value) => shown.includes(value));
}

/**
 * Waits until every address of every name server of the zones shows every value. Where none can be asked, which may be
 * the trouble of this machine alone, some time is waited instead.
 *
 * @throws EvercertError propagation-timeout; what `sleep` throws
 */
export async function untilPropagated(
  records: ReadonlyMap<string, readonly string[]>,
  timeoutMs: number,
  edges: PropagationEdges,
): Promise<void> {
  const deadline = edges.monotonic() + timeoutMs;
  const { watches: wanted, unknown } = await beginWatches(records, edges);
  let watches = wanted;
  for (let gap = FIRST_GAP_MS; ; gap = Math.min(gap * GAP_GROWTH, MAX_GAP_MS)) {
    watches = await askAll(watches, edges);
    const { late, unseen } = judge(watches);
    const left = deadline - edges.monotonic();
    if (late.length === 0) return await grace([...unknown, ...unseen], left, edges);
    if (left <= 0) throw timedOut(late, timeoutMs);
    await edges.sleep(Math.min(gap, left));
  }
}

async function grace(names: readonly string[], leftMs: number, edges: PropagationEdges): Promise<void> {
  if (names.length === 0) return;
  edges.unchecked(names, 'none of its name servers answers here');
  await edges.sleep(Math.max(0, Math.min(GRACE_MS, leftMs)));
}

/** @returns with the names of which no server was found */
async function beginWatches(
  records: ReadonlyMap<string, readonly string[]>,
  { zoneOf, authoritiesOf }: PropagationEdges,
): Promise<{ watches: readonly Watch[]; unknown: readonly string[] }> {
  const limit = pLimit(QUESTIONS_AT_A_TIME);
  const found = await Promise.all(
    [...records].map(async ([name, values]) => {
      const zone = await limit(() => zoneOf(name).catch(unanswered));
      const servers = zone === undefined ? [] : await authoritiesOf(zone);
      return { name, watches: servers.map((authority) => ({ name, values, authority, shown: undefined })) };
    }),
  );
  const unknown = found.filter(({ watches }) => watches.length === 0).map(({ name }) => name);
  return { watches: found.flatMap(({ watches }) => watches), unknown };
}

/** Those that show all already are not asked again. */
async function askAll(watches: readonly Watch[], edges: PropagationEdges): Promise<readonly Watch[]> {
  const limit = pLimit(QUESTIONS_AT_A_TIME);
  return Promise.all(
    watches.map(async (watch) => {
      if (watch.shown !== undefined && showsAll(watch.shown, watch.values)) return watch;
      const shown = await limit(() => edges.txtAt(watch.authority.address, watch.name).catch(unanswered));
      return { ...watch, shown: shown ?? watch.shown };
    }),
  );
}

function timedOut(late: readonly Watch[], timeoutMs: number): EvercertError {
  const names = [...new Set(late.map(({ name }) => name))];
  const servers = [...new Set(late.map(({ authority: { server, address } }) => `${server} (${address})`))];
  return new EvercertError(
    'propagation-timeout',
    `not all name servers show the TXT record of ${names.join(', ')} after ${timeoutMs / 1000} s`,
    'Check that these servers get the changes of the zone; or wait longer (--dns-propagation-timeout). The CA was not asked.',
    undefined,
    [`still without it: ${servers.join(', ')}`],
  );
}
