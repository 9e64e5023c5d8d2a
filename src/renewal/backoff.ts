import type { Failure } from '../lineage/state.ts';
import type { Timing } from './due.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export type FailureKind = Failure['kind'];

/** Waits after the first, second … failure in a row; the last one from then on. For lives of 45 days and more. */
const WAITS: Record<FailureKind, readonly number[]> = {
  network: [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS, DAY_MS],
  ca: [MINUTE_MS, 10 * MINUTE_MS, 100 * MINUTE_MS, DAY_MS],
  // Each further attempt counts against a limit of the CA.
  validation: [10 * MINUTE_MS, 100 * MINUTE_MS, DAY_MS],
  'rate-limit': [HOUR_MS, 6 * HOUR_MS, DAY_MS],
  // It will not change by itself.
  input: [DAY_MS],
  account: [DAY_MS],
  // Nobody but this machine is asked.
  hook: [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
  local: [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS],
};

const FULL_LIFETIME_MS = 45 * DAY_MS;
const MAX_RETRY_AFTER_MS = 7 * DAY_MS;
/** No CA makes a certificate wait for longer than this part of its life. */
const MAX_RETRY_AFTER = 1 / 4;

/** How long to wait after `count` failures in a row; shorter for certificates that live shorter than 45 days. */
export function waitAfter(kind: FailureKind, count: number, lifetime: number | undefined): number {
  const waits = WAITS[kind];
  const wait = waits[Math.min(count, waits.length) - 1] ?? DAY_MS;
  const scale = Math.min(1, (lifetime ?? FULL_LIFETIME_MS) / FULL_LIFETIME_MS);
  return Math.max(MINUTE_MS, wait * scale);
}

/** What failed, as the renewal rules see it. */
export interface Mishap {
  readonly server: string;
  readonly kind: FailureKind;
  readonly code: string;
  readonly message: string;
  /** What the CA asks for, milliseconds. */
  readonly retryAfterMs?: number | undefined;
}

/**
 * The failures known so far, and one more. What the CA asks for counts where it is longer than our own wait; a week at
 * the most, a quarter of the life at the most.
 */
export function withFailure(
  failures: readonly Failure[],
  { server, kind, code, message, retryAfterMs }: Mishap,
  lifetime: number | undefined,
  now: number,
): Failure[] {
  const before = failures.find((failure) => failure.server === server);
  const count = (before?.count ?? 0) + 1;
  const own = waitAfter(kind, count, lifetime);
  const told = Math.min(retryAfterMs ?? 0, MAX_RETRY_AFTER_MS, (lifetime ?? Infinity) * MAX_RETRY_AFTER);
  const failure: Failure = {
    server,
    kind,
    code,
    message: message.slice(0, 1000),
    count,
    firstAt: before?.firstAt ?? now,
    lastAt: now,
    nextAt: Math.round(now + Math.max(own, told)),
    ...(told > own ? { retryAfter: true } : {}),
  };
  return [...failures.filter((other) => other.server !== server), failure];
}

/**
 * When the next attempt may be made at the place of a failure. Near the end no wait is long: in the last twentieth of
 * the life a two-hundredth of it, in the last fiftieth a thousandth, in the last hour a minute; from a tenth of the life
 * after the end on, the usual one again, unless the CA is just not there. What the CA asked for counts until that last fiftieth. A clock that was set
 * back does not prolong a wait.
 *
 * @param timing undefined when nothing is live yet
 */
export function nextAttemptAt(failure: Failure, timing: Timing | undefined, now: number): number {
  if (now < failure.lastAt) return now;
  return Math.round(Math.min(failure.nextAt, failure.lastAt + longestWait(failure, timing, now)));
}

function longestWait({ kind, retryAfter }: Failure, timing: Timing | undefined, now: number): number {
  if (timing === undefined) return Infinity;
  const lifetime = timing.notAfter - timing.notBefore;
  const left = timing.notAfter - now;
  if (left < -lifetime / 10 && kind !== 'network') return Infinity;
  if (left < Math.min(HOUR_MS, lifetime / 50)) return MINUTE_MS;
  if (left < lifetime / 50) return lifetime / 1000;
  if (left < lifetime / 20 && retryAfter !== true) return lifetime / 200;
  return Infinity;
}
