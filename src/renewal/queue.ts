import type { Waiting } from '../events.ts';
import type { Settings } from '../lineage/settings.ts';
import type { QueueEntry } from '../lineage/state.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** After the first, second … failure in a row; the last one from then on. */
const WAITS_MS = [MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, 6 * HOUR_MS] as const;

/** A hook or check of one version, before it was tried. */
export type Wanted = Pick<QueueEntry, 'kind' | 'name'>;

/**
 * What the live version wants done, with what is known of it from earlier runs: hooks that the operator took away are
 * forgotten, those that came in their place are added.
 *
 * @param known of this same version; undefined for a new one
 */
export function queueFor(wanted: readonly Wanted[], known: readonly QueueEntry[] | undefined): QueueEntry[] {
  return wanted.map(
    ({ kind, name }) =>
      known?.find((entry) => entry.kind === kind && entry.name === name) ?? { kind, name, failures: 0 },
  );
}

/** What dehydrated's script is to be told of a new version goes by this name in the queue. */
export function deployCertName(script: string): string {
  return `${script} deploy_cert`;
}

export function isDone(entries: readonly QueueEntry[]): boolean {
  return entries.every(({ done }) => done === true);
}

const STAGES: readonly QueueEntry['kind'][] = ['deploy', 'reload', 'verify'];

/** What comes after something that is open is open too: a reload after deploy hooks, a check after both. */
export function inStages(entries: readonly QueueEntry[]): QueueEntry[] {
  const first = STAGES.findIndex((kind) => entries.some((entry) => entry.kind === kind && !entry.done));
  const isLate = ({ kind }: QueueEntry) => first >= 0 && STAGES.indexOf(kind) > first;
  return entries.map((entry) => (isLate(entry) ? reopened(entry) : entry));
}

/** To be done again; what failed before still counts. */
export function reopened({ done: _, ...entry }: QueueEntry): QueueEntry {
  return entry;
}

/** Whether the operator wants another command or check than those that are waiting: that one is not to wait. */
export function isOutdated(entries: readonly QueueEntry[], { hooks, verify = [] }: Settings): boolean {
  const isNew = (kind: QueueEntry['kind'], wanted: string | undefined) =>
    wanted !== undefined && !entries.some((entry) => entry.kind === kind && entry.name === wanted);
  return (
    isNew('deploy', hooks?.deploy) ||
    isNew('deploy', hooks?.dehydrated && deployCertName(hooks.dehydrated)) ||
    isNew('reload', hooks?.reload) ||
    verify.some((target) => isNew('verify', target))
  );
}

/** An entry after it was tried. */
export function tried(entry: QueueEntry, ok: boolean, outcome: string, now: number): QueueEntry {
  const { kind, name } = entry;
  if (ok) return { kind, name, done: true, failures: 0 };
  const failures = entry.failures + 1;
  const wait = WAITS_MS[Math.min(failures, WAITS_MS.length) - 1] ?? MINUTE_MS;
  return { kind, name, failures, outcome: outcome.slice(0, 500), nextAt: now + wait };
}

/** Until when the whole queue waits; undefined when something in it may be tried now. */
export function queueDueAt(entries: readonly QueueEntry[], now: number): Waiting | undefined {
  const open = entries.filter(({ done }) => done !== true);
  const [first] = open;
  // What was not tried yet because something before it failed waits with that.
  const counting = open.filter(({ kind, nextAt }) => nextAt !== undefined || kind === first?.kind);
  const until = Math.min(...counting.map(({ nextAt }) => nextAt ?? 0));
  // A clock that was set back does not prolong a wait.
  if (first === undefined || until <= now || until - now > (WAITS_MS.at(-1) ?? 0)) return undefined;
  const count = Math.max(...open.map(({ failures }) => failures));
  const message = open.map(({ name, outcome }) => `${name}: ${outcome ?? 'not run yet'}`).join('; ');
  return { until, failure: { code: 'hook-failed', message, count }, urgent: true };
}
