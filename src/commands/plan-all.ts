import { asEvercertError, EvercertError } from '../errors.ts';
import type { Event } from '../events.ts';
import { glance } from '../lineage/glance.ts';
import { isLineageName, type StorePaths } from '../lineage/paths.ts';
import { fitsSettings, removePending } from '../lineage/pending.ts';
import { type BrokenLineage, type Lineage, listLineages, scanLineage } from '../lineage/scan.ts';
import type { LiveFacts } from '../lineage/state.ts';
import { decide, type Plan } from '../renewal/decide.ts';
import { dueAt } from '../renewal/due.ts';
import type { Edges } from './edges.ts';
import type { RenewOptions } from './renew.ts';
import { summarize } from './summarize.ts';

/** What is known of a lineage, and what is to be done to it. */
export interface Planned {
  readonly lineage: Lineage | BrokenLineage;
  readonly plan: Plan;
}

export interface Plans {
  readonly planned: readonly Planned[];
  /** How many lineages need nothing, as a glance told. */
  readonly idle: number;
}

export const NO_PLANS: Plans = { planned: [], idle: 0 };

/** Scans and decides, lineage by lineage, and tells each plan; of what is idle nothing stays in memory. */
export function planAll(paths: StorePaths, options: RenewOptions, edges: Edges): Plans {
  const now = edges.clock.now();
  const mayGlance = !options.force && !options.dryRun && options.hooks === undefined;
  const planned: Planned[] = [];
  let idle = 0;
  for (const name of selectedNames(paths, options, edges)) {
    const facts = mayGlance ? glance(edges.disk, paths, name) : undefined;
    if (facts !== undefined && now < dueAt({ lineage: name, ...facts })) {
      edges.emit(idleEvent(name, facts));
      idle += 1;
      continue;
    }
    const lineage = findLineage(paths, name, options, edges);
    if (lineage === undefined) continue;
    const plan = decide(lineage, now, options.force || options.dryRun ? 'force' : undefined);
    edges.emit(planEvent(lineage, plan));
    planned.push({ lineage, plan });
  }
  return { planned, idle };
}

export function selectedNames(
  paths: StorePaths,
  { certName }: Pick<RenewOptions, 'certName'>,
  { disk, emit }: Edges,
): readonly string[] {
  const { names, misnamed } = listLineages(disk, paths);
  if (certName === undefined) {
    for (const detail of misnamed) emit({ type: 'warning', code: 'misnamed-settings', detail });
    return names;
  }
  if (isLineageName(certName) && names.includes(certName)) return [certName];
  throw new EvercertError(
    'unknown-lineage',
    `there is no lineage ${certName}`,
    'evercert certificates lists them all.',
  );
}

/** The lineage, with the hooks of the command line and without what is of no use. */
function findLineage(paths: StorePaths, name: string, options: RenewOptions, edges: Edges) {
  const found = scanLineage(edges.disk, paths, name);
  if (found === undefined || found.kind === 'broken') return found;
  const lineage = options.hooks === undefined ? found : withHooks(found, options.hooks);
  if (options.dryRun || (options.planOnly && isUseless(lineage, edges.clock.now()))) {
    return { ...lineage, pending: undefined };
  }
  return options.planOnly ? lineage : withoutUseless(edges, paths, lineage);
}

/** What a dead run left is removed if it is of no use now. */
export function withoutUseless(
  { disk, clock }: Pick<Edges, 'disk' | 'clock'>,
  paths: StorePaths,
  lineage: Lineage,
): Lineage | BrokenLineage {
  if (!isUseless(lineage, clock.now())) return lineage;
  try {
    removePending(disk, paths, lineage.name);
    return { ...lineage, pending: undefined };
  } catch (error) {
    return { kind: 'broken', name: lineage.name, error: asEvercertError(error) };
  }
}

function withHooks(lineage: Lineage, hooks: NonNullable<RenewOptions['hooks']>): Lineage {
  const settings = { ...lineage.settings, hooks: { ...lineage.settings.hooks, ...hooks } };
  return { ...lineage, settings, settingsStamp: undefined };
}

/** No CA keeps an order for longer. */
const MAX_ORDER_AGE_MS = 7 * 86_400_000;

function isUseless({ pending, settings }: Lineage, now: number): boolean {
  if (pending === undefined || pending.kind === 'swapped') return false;
  if (pending.kind === 'junk' || !fitsSettings(pending.order, settings)) return true;
  return pending.kind === 'ordered' && now - pending.order.createdAt > MAX_ORDER_AGE_MS;
}

/** A plan, told. */
export function planEvent(lineage: Lineage | BrokenLineage, { name, dueAt: due, ...plan }: Plan): Event {
  return { type: 'plan', ...summarize(lineage, { name, dueAt: due }), ...plan };
}

function idleEvent(lineage: string, { version, names, notBefore, notAfter }: LiveFacts): Event {
  const due = dueAt({ lineage, notBefore, notAfter });
  return {
    type: 'plan',
    lineage,
    names,
    version,
    notBefore,
    notAfter,
    dueAt: due,
    action: 'skip',
    reason: 'not-due',
  };
}
