import { asEvercertError } from '../errors.ts';
import { inspectVersion } from '../lineage/inspect.ts';
import { archivePath } from '../lineage/paths.ts';
import { type Lineage, versionOf } from '../lineage/scan.ts';
import { saveSettings } from '../lineage/settings.ts';
import type { Plan } from '../renewal/decide.ts';
import { checkLocal } from './check-local.ts';
import { deployLive, switchTo } from './deploy-live.ts';
import { issueVersion } from './issue-version.ts';
import type { Rollout } from './rollout.ts';
import type { Work } from './work.ts';

/** Carries out what was planned for one lineage; returns when it is live and its deploy hooks were run. */
export async function perform(work: Work, lineage: Lineage, plan: Plan): Promise<Rollout | undefined> {
  const { hooks } = work;
  hooks.begun(lineage.settings.hooks?.post);
  switch (plan.action) {
    case 'issue':
    case 'renew':
    case 'resume':
      return renewOne(work, lineage);
    case 'promote':
      return promote(work, lineage);
    case 'redeploy':
      return redeploy(work, lineage, plan.reason === 'forced');
    case 'skip':
    case 'broken':
      return undefined;
  }
}

async function renewOne(work: Work, lineage: Lineage): Promise<Rollout> {
  const { settings } = lineage;
  const access = await checkLocal(work.edges, settings);
  await work.hooks.pre(settings.hooks?.pre);
  return switchTo(work, lineage, await issueVersion(work, lineage, access));
}

/** The version of a run that died before it went live; one that is not whole is of no use. */
async function promote(work: Work, lineage: Lineage): Promise<Rollout> {
  const { edges, paths } = work;
  const { name, pending } = lineage;
  if (pending?.kind !== 'published') throw new TypeError('nothing to promote');
  if (!isWhole(work, name, pending.order.target)) return renewOne(work, { ...lineage, pending: undefined });
  edges.disk.syncDirectory(archivePath(paths, name));
  await keepSettings(work, lineage);
  return switchTo(work, lineage, pending.order.target);
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

async function redeploy(work: Work, lineage: Lineage, again: boolean): Promise<Rollout> {
  const { edges, paths } = work;
  if (lineage.pending !== undefined) edges.disk.syncDirectory(paths.live);
  await keepSettings(work, lineage);
  return deployLive(work, lineage, versionOf(lineage.live) ?? '', again);
}

/** Those of the command line; those of the file stay as the operator wrote them. */
async function keepSettings(
  { edges, paths }: Work,
  { name, settings, settingsStamp }: Lineage,
): Promise<void> {
  if (settingsStamp === undefined) await saveSettings(edges.disk, paths, name, settings);
}
