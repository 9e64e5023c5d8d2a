import { asEvercertError, EvercertError } from '../errors.ts';
import type { Event } from '../events.ts';
import { glance, type KnownState } from '../lineage/glance.ts';
import { isLineageName, type StorePaths } from '../lineage/paths.ts';
import { fitsSettings, removePending } from '../lineage/pending.ts';
import { type BrokenLineage, type Lineage, listLineages, scanLineage } from '../lineage/scan.ts';
import { withHooks } from '../lineage/settings.ts';
import { decide, type Plan, type Word } from '../renewal/decide.ts';
import { dueAt } from '../renewal/due.ts';
import { isIdle, rememberedTiming } from '../renewal/idle.ts';
import type { Edges } from './edges.ts';
import type { RenewOptions } from './renew.ts';
import { summarize } from './summarize.ts';

/** What is known of a lineage, and what is to be done to it. */
export interface Planned {
  readonly lineage: Lineage | BrokenLineage;
  readonly plan: Plan;
}

/** What the files of a store told, before anybody was asked. */
export interface Found {
  readonly lineages: readonly (Lineage | BrokenLineage)[];
  /** How many lineages need nothing, as a glance told. */
  readonly idle: number;
}

/** Scans lineage by lineage, and tells of those that are idle: of them nothing stays in memory. */
export function findAll(paths: StorePaths, options: RenewOptions, edges: Edges): Found {
  const now = edges.clock.now();
  const mayGlance = !options.force && !options.dryRun && options.hooks === undefined;
  const lineages: (Lineage | BrokenLineage)[] = [];
  let idle = 0;
  for (const name of selectedNames(paths, options, edges)) {
    const state = mayGlance ? glance(edges.disk, paths, name) : undefined;
    const due = state === undefined ? now : dueAt(rememberedTiming(name, state, state.live));
    if (state !== undefined && isIdle(state, state.live, due, now)) {
      edges.emit(idleEvent(name, state, due));
      idle += 1;
      continue;
    }
    const lineage = findLineage(paths, name, options, edges);
    if (lineage !== undefined) lineages.push(lineage);
  }
  return { lineages, idle };
}

/** Decides, and tells each plan. */
export function planAll(
  lineages: readonly (Lineage | BrokenLineage)[],
  word: Word,
  edges: Pick<Edges, 'clock' | 'emit'>,
): Planned[] {
  const now = edges.clock.now();
  return lineages.map((lineage) => {
    const plan = decide(lineage, now, word);
    edges.emit(planEvent(lineage, plan));
    return { lineage, plan };
  });
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
  throw unknownLineage(certName);
}

export function unknownLineage(name: string): EvercertError {
  return new EvercertError(
    'unknown-lineage',
    `there is no lineage ${name}`,
    'evercert certificates lists them all.',
  );
}

/** The lineage, with the hooks of the command line and without what is of no use. */
function findLineage(paths: StorePaths, name: string, options: RenewOptions, edges: Edges) {
  const found = scanLineage(edges.disk, paths, name);
  if (found === undefined || found.kind === 'broken') return found;
  const lineage =
    options.hooks === undefined
      ? found
      : { ...found, settings: withHooks(found.settings, options.hooks), settingsStamp: undefined };
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

/** No CA keeps an order for longer. */
const MAX_ORDER_AGE_MS = 7 * 86_400_000;

function isUseless({ pending, settings }: Lineage, now: number): boolean {
  if (pending === undefined || pending.kind === 'swapped') return false;
  if (pending.kind === 'junk' || !fitsSettings(pending.order, settings)) return true;
  return pending.kind === 'ordered' && now - pending.order.createdAt > MAX_ORDER_AGE_MS;
}

/** A plan, told. */
export function planEvent(
  lineage: Lineage | BrokenLineage,
  { name, dueAt: due, action, reason, error, waiting }: Plan,
): Event {
  return {
    type: 'plan',
    ...summarize(lineage, { name, dueAt: due }),
    action,
    reason,
    ...(error === undefined ? {} : { error }),
    ...(waiting === undefined ? {} : { waiting }),
  };
}

function idleEvent(lineage: string, { live }: KnownState, due: number): Event {
  const { version, names, notBefore, notAfter } = live;
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
