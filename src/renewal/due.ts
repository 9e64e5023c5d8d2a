const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const SHORT_LIFETIME_MS = 10 * DAY_MS;
/** Certificates of one day would else all come at one hour of one day; as wide as the windows that CAs suggest. */
const SPREAD = 1 / 50;

/** All that the time of a renewal depends on. Times are milliseconds since 1970. */
export interface Timing {
  readonly lineage: string;
  readonly notBefore: number;
  readonly notAfter: number;
  /** The operator's wish: '30d', '72h' or '33%' of the life. */
  readonly renewBefore?: string | undefined;
  /** The time drawn from the window that the CA suggests (RFC 9773). */
  readonly chosenAt?: number | undefined;
}

/**
 * When a certificate should be renewed: the time drawn from the CA's window; without one, a third of the life before
 * the end (half, if it lives less than 10 days), a little earlier for some than for others. `renewBefore` replaces that
 * rule, up to two thirds of the life, and comes before a later window. No window counts beyond the last twentieth of the
 * life.
 */
export function dueAt(timing: Timing): number {
  const { notBefore, notAfter, chosenAt, renewBefore } = timing;
  const lifetime = notAfter - notBefore;
  const byRule = notAfter - leadTime(lifetime, renewBefore) - jitter(timing) * lifetime * SPREAD;
  const wished = renewBefore === undefined ? Infinity : byRule;
  return Math.round(chosenAt === undefined ? byRule : Math.min(chosenAt, notAfter - lifetime / 20, wished));
}

function leadTime(lifetime: number, renewBefore: string | undefined): number {
  const wish = renewBefore === undefined ? undefined : parseRenewBefore(renewBefore, lifetime);
  // One meant for longer lives would renew at every run, or use up what a CA allows in a week.
  if (wish !== undefined) return Math.min(wish, (lifetime * 2) / 3);
  return lifetime / (lifetime < SHORT_LIFETIME_MS ? 2 : 3);
}

export const RENEW_BEFORE = /^([1-9]\d{0,3})(d|h|%)$/;

/** @returns milliseconds; undefined for what is no such wish */
function parseRenewBefore(text: string, lifetime: number): number | undefined {
  const [, count, unit] = RENEW_BEFORE.exec(text) ?? [];
  if (count === undefined) return undefined;
  if (unit === '%') return (lifetime * Number(count)) / 100;
  return Number(count) * (unit === 'd' ? DAY_MS : HOUR_MS);
}

/** 0 <= jitter < 1, the same for one certificate at every run (FNV-1a). */
function jitter({ lineage, notAfter }: Timing): number {
  let hash = 0x811c9dc5;
  for (const char of `${lineage} ${notAfter}`) {
    hash = Math.imul(hash ^ (char.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  }
  return ((hash ^ (hash >>> 15)) >>> 0) / 2 ** 32;
}

/**
 * Whether a failed renewal needs a person: less than a third of the renewal window is left, or less than 7 days (of a
 * life under 30 days: a tenth).
 */
export function isUrgent(timing: Timing, now: number): boolean {
  const { notBefore, notAfter } = timing;
  const lifetime = notAfter - notBefore;
  const left = notAfter - now;
  const least = lifetime < 30 * DAY_MS ? lifetime / 10 : 7 * DAY_MS;
  return left <= (notAfter - dueAt(timing)) / 3 || left < least;
}
