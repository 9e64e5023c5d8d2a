import type { LineageHealth } from './health.ts';

export type NoticeKind = 'failed' | 'not-deployed' | 'expiry' | 'recovered' | 'test';

/** One thing that a person is to hear of, for all lineages that share it. */
export interface Notice {
  readonly kind: NoticeKind;
  /** That of the error; else 'not-deployed', 'not-served', 'expires', 'expired', 'recovered', 'test'. */
  readonly code: string;
  /** The first 50. */
  readonly lineages: readonly string[];
  /** How many there are besides. */
  readonly more: number;
  /** What is wrong, in the words of errors, or the hooks that failed; without repetitions, a few. */
  readonly reasons: readonly string[];
  readonly hint: string | undefined;
  /** The earliest end of them, milliseconds since 1970. */
  readonly notAfter: number | undefined;
}

/** When a cause (KIND CODE) was told last of a lineage: cause -> lineage -> milliseconds since 1970. */
export type Memory = ReadonlyMap<string, ReadonlyMap<string, number>>;

interface Cause {
  readonly kind: NoticeKind;
  readonly code: string;
  readonly reasons: readonly string[];
  readonly hint: string | undefined;
}

interface Case {
  readonly health: LineageHealth;
  readonly cause: Cause;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Once a day, though the timer has a jitter. */
const QUIET_MS = 23 * HOUR_MS;
/** What still holds is told daily, so that this is about lineages that are gone. */
const FORGET_MS = 30 * DAY_MS;
const MAX_LINEAGES = 50;
const MAX_REASONS = 3;

/**
 * What to tell now, and what will have been told once it has arrived. A cause is told of a lineage once in 23 hours;
 * lineages with the same cause share a notice; that a lineage is well again is told at once, if its trouble was.
 *
 * @param health of some or all lineages: those that are left out stay as they are remembered
 * @param expiryDays before the end, but not before half of the time from due to end is over
 */
export function dueNotices(
  health: readonly LineageHealth[],
  memory: Memory,
  now: number,
  expiryDays: number,
): { notices: readonly Notice[]; memory: Memory } {
  const current = health.flatMap((each) =>
    causesOf(each, now, expiryDays).map((cause): Case => ({ health: each, cause })),
  );
  const news = current.filter(({ health: { lineage }, cause }) => {
    const toldAt = memory.get(keyOf(cause))?.get(lineage);
    return toldAt === undefined || toldAt > now || now - toldAt >= QUIET_MS;
  });
  const troubled = new Set(current.map((each) => each.health.lineage));
  const remembered = new Set([...memory.values()].flatMap((lineages) => [...lineages.keys()]));
  const recovered = health.filter(
    (each) => remembered.has(each.lineage) && !troubled.has(each.lineage) && isSound(each),
  );
  const recoveries = recovered.map((each): Case => ({ health: each, cause: RECOVERED }));
  return {
    notices: groupByCause([...news, ...recoveries]).map(noticeOf),
    memory: remember(memory, news, new Set(recovered.map(({ lineage }) => lineage)), now),
  };
}

const RECOVERED: Cause = { kind: 'recovered', code: 'recovered', reasons: [], hint: undefined };

function causesOf(health: LineageHealth, now: number, expiryDays: number): Cause[] {
  const causes: Cause[] = [];
  const { failure, deployPending, served } = health;
  if (failure?.urgent) {
    causes.push({ kind: 'failed', code: failure.code, reasons: [failure.message], hint: failure.hint });
  }
  if (deployPending.length > 0 || served === false) {
    const code = served === false ? 'not-served' : 'not-deployed';
    causes.push({ kind: 'not-deployed', code, reasons: deployPending, hint: undefined });
  }
  const end = endOf(health, now, expiryDays);
  if (end !== undefined) causes.push({ kind: 'expiry', code: end, reasons: [], hint: undefined });
  return causes;
}

function endOf(
  { notAfter, dueAt }: LineageHealth,
  now: number,
  expiryDays: number,
): 'expires' | 'expired' | undefined {
  if (notAfter === undefined) return undefined;
  if (notAfter <= now) return 'expired';
  const window = dueAt === undefined ? Number.POSITIVE_INFINITY : Math.max(notAfter - dueAt, 0);
  return notAfter - now <= Math.min(expiryDays * DAY_MS, window / 2) ? 'expires' : undefined;
}

function isSound({ failures, failure }: LineageHealth): boolean {
  return failures === 0 && failure === undefined;
}

function keyOf({ kind, code }: Cause): string {
  return `${kind} ${code}`;
}

function groupByCause(cases: readonly Case[]): Case[][] {
  const groups = new Map<string, Case[]>();
  for (const each of cases) {
    const group = groups.get(keyOf(each.cause));
    if (group === undefined) groups.set(keyOf(each.cause), [each]);
    else group.push(each);
  }
  return [...groups.values()];
}

function noticeOf(group: readonly Case[]): Notice {
  const { kind = 'failed', code = '', hint } = group[0]?.cause ?? {};
  const ends = group.flatMap(({ health }) => health.notAfter ?? []);
  return {
    kind,
    code,
    lineages: group.slice(0, MAX_LINEAGES).map(({ health }) => health.lineage),
    more: Math.max(group.length - MAX_LINEAGES, 0),
    reasons: [...new Set(group.flatMap(({ cause }) => cause.reasons))].slice(0, MAX_REASONS),
    hint,
    notAfter: ends.length === 0 ? undefined : ends.reduce((first, end) => Math.min(first, end)),
  };
}

/** Without what was told long ago. */
export function forgetOld(memory: Memory, now: number): Memory {
  return filterMemory(memory, (_, at) => now - at < FORGET_MS);
}

function remember(
  memory: Memory,
  news: readonly Case[],
  recovered: ReadonlySet<string>,
  now: number,
): Memory {
  const next = filterMemory(forgetOld(memory, now), (lineage) => !recovered.has(lineage));
  for (const { health, cause } of news) {
    const lineages = next.get(keyOf(cause)) ?? new Map<string, number>();
    next.set(keyOf(cause), lineages.set(health.lineage, now));
  }
  return next;
}

function filterMemory(
  memory: Memory,
  keep: (lineage: string, at: number) => boolean,
): Map<string, Map<string, number>> {
  const kept = [...memory].map(([cause, lineages]) => {
    const entries = [...lineages].filter(([lineage, at]) => keep(lineage, at));
    return [cause, new Map(entries)] as const;
  });
  return new Map(kept.filter(([, lineages]) => lineages.size > 0));
}
