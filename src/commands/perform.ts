import { asEvercertError } from '../errors.ts';
import { inspectVersion } from '../lineage/inspect.ts';
import { archivePath } from '../lineage/paths.ts';
import { type Lineage, readLineage, versionOf } from '../lineage/scan.ts';
import { saveSettings } from '../lineage/settings.ts';
import type { Plan } from '../renewal/decide.ts';
import { attempt, type NoVersion } from './attempt.ts';
import { deployLive, switchTo } from './deploy-live.ts';
import { record } from './record-rollout.ts';
import { type Rollout, startRollout } from './rollout.ts';
import type { Work } from './work.ts';

/** A lineage is live and its deploy hooks were run; or no certificate was to be had. */
export type Performed = { readonly kind: 'live'; readonly rollout: Rollout } | NoVersion;

/** Carries out what was planned for one lineage. */
export async function perform(work: Work, lineage: Lineage, plan: Plan): Promise<Performed> {
  work.hooks.begun(lineage.settings.hooks?.post);
  switch (plan.action) {
    case 'issue':
    case 'renew':
    case 'resume':
      return renewOne(work, lineage, plan);
    case 'promote':
      return promote(work, lineage, plan);
    case 'redeploy':
      return redeploy(work, lineage, plan.reason === 'forced');
    case 'skip':
    case 'broken':
      throw new TypeError('nothing to perform');
  }
}

async function renewOne(work: Work, found: Lineage, plan: Plan): Promise<Performed> {
  const lineage = await withSwapNoted(work, found);
  const attempted = await attempt(work, lineage, plan);
  if (attempted.kind !== 'issued') return attempted;
  return { kind: 'live', rollout: await switchTo(work, lineage, attempted.version) };
}

/** Steps 7 to 9 of a run that died after the swap: the new order would take away what tells that nobody moved the link. */
async function withSwapNoted(work: Work, lineage: Lineage): Promise<Lineage> {
  const { name, settings, settingsStamp, live, pending } = lineage;
  if (pending?.kind !== 'swapped' || live.kind !== 'whole') return lineage;
  work.edges.disk.syncDirectory(work.paths.live);
  const { trouble } = await record(work, startRollout(work, lineage, live.facts.version, false));
  if (trouble !== undefined) throw trouble;
  return readLineage(work.edges.disk, work.paths, name, settings, settingsStamp);
}

/** The version of a run that died before it went live; one that is not whole is of no use. */
async function promote(work: Work, lineage: Lineage, plan: Plan): Promise<Performed> {
  const { edges, paths } = work;
  const { name, settings, pending } = lineage;
  if (pending?.kind !== 'published') throw new TypeError('nothing to promote');
  if (!isWhole(work, name, pending.order.target)) {
    const servers = [settings.server, ...(settings.fallbackServers ?? [])] as const;
    return renewOne(work, { ...lineage, pending: undefined }, { ...plan, servers });
  }
  edges.disk.syncDirectory(archivePath(paths, name));
  await keepSettings(work, lineage);
  return { kind: 'live', rollout: await switchTo(work, lineage, pending.order.target) };
}

function isWhole({ edges, paths }: Work, name: string, version: string): boolean {
  try {
    inspectVersion(edges.disk, paths, name, version);
    return true;
  } catch (error) {
    if (asEvercertError(error).code === 'lineage-damaged') return false;
    throw error;
  }
}

async function redeploy(work: Work, lineage: Lineage, again: boolean): Promise<Performed> {
  const { edges, paths } = work;
  if (lineage.pending !== undefined) edges.disk.syncDirectory(paths.live);
  await keepSettings(work, lineage);
  return { kind: 'live', rollout: await deployLive(work, lineage, versionOf(lineage.live) ?? '', again) };
}

/** Those of the command line; those of the file stay as the operator wrote them. */
async function keepSettings(
  { edges, paths }: Work,
  { name, settings, settingsStamp }: Lineage,
): Promise<void> {
  if (settingsStamp === undefined) await saveSettings(edges.disk, paths, name, settings);
}
