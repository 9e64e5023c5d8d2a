import type { LiveFacts, RenewalInfo } from '../lineage/state.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const LONG_TERM_WAIT_MS = 6 * HOUR_MS;
/** The first run after the drawn time should still be in the window: CAs count no limits there. */
const LATEST_RUN_MS = 2 * HOUR_MS;

/** The window that a CA suggests (RFC 9773 section 4.2). Milliseconds; `retryAfterMs` from now. */
export interface Suggestion {
  readonly start: number;
  readonly end: number;
  readonly explanationUrl?: string | undefined;
  readonly retryAfterMs: number | undefined;
}

/**
 * What to remember after an answer. The drawn time stays while the window does, so that it does not wander from run to
 * run; the CA is asked again when it said, but after a minute at the least and a day at the most.
 *
 * @param random 0 <= random < 1
 */
export function withSuggestion(
  before: RenewalInfo | undefined,
  version: string,
  { start, end, explanationUrl, retryAfterMs }: Suggestion,
  now: number,
  random: number,
): RenewalInfo {
  const isSame = before?.version === version && before.start === start && before.end === end;
  const chosenAt = isSame ? before.chosenAt : undefined;
  const wait = retryAfterMs ?? LONG_TERM_WAIT_MS;
  return {
    version,
    start,
    end,
    chosenAt: chosenAt ?? draw(start, end, random),
    ...(explanationUrl === undefined ? {} : { explanationUrl }),
    nextPollAt: Math.round(now + Math.min(Math.max(wait, MINUTE_MS), DAY_MS)),
  };
}

/** Any time of the window but its last two hours, or its last half where it is short. */
function draw(start: number, end: number, random: number): number {
  const width = end - start;
  return Math.round(start + random * Math.max(width - LATEST_RUN_MS, width / 2));
}

/**
 * What to remember after a poll without an answer (RFC 9773 section 4.3.3): a temporary error is asked again soon, then
 * less often; a lasting one after six hours. What was known of this version stays.
 */
export function withFailedPoll(
  before: RenewalInfo | undefined,
  version: string,
  kind: 'temporary' | 'long-term',
  now: number,
): RenewalInfo {
  const known = before?.version === version ? before : undefined;
  const failures = (known?.failures ?? 0) + 1;
  const backoff = Math.min(MINUTE_MS * 10 ** Math.min(failures - 1, 4), LONG_TERM_WAIT_MS);
  const wait = kind === 'temporary' ? backoff : LONG_TERM_WAIT_MS;
  return { ...known, version, failures, nextPollAt: now + wait };
}

/**
 * Whether a CA suggests, from the beginning, to renew what it has just issued, now or long ago: a new order at every run
 * would be the answer to that. Once it suggested a time to come, a later change of its mind counts at once.
 */
export function isSenseless(
  before: RenewalInfo | undefined,
  { version, notBefore, notAfter }: Pick<LiveFacts, 'version' | 'notBefore' | 'notAfter'>,
  { start }: Suggestion,
  now: number,
): boolean {
  const isFirst = before?.version !== version || before.chosenAt === undefined;
  return isFirst && start <= now && now - notBefore < (notAfter - notBefore) / 20;
}

/** The CA has no ARI: asked again in a day. */
export function withoutRenewalInfo(version: string, now: number): RenewalInfo {
  return { version, nextPollAt: now + DAY_MS };
}
