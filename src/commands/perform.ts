import { asEvercertError, type EvercertError } from '../errors.ts';
import { inspectVersion } from '../lineage/inspect.ts';
import { archivePath, livePath, versionPath } from '../lineage/paths.ts';
import { removePending } from '../lineage/pending.ts';
import { type Lineage, listVersions, versionOf } from '../lineage/scan.ts';
import { saveSettings } from '../lineage/settings.ts';
import { writeState } from '../lineage/state.ts';
import { goLive, pruneVersions } from '../lineage/version.ts';
import type { Plan } from '../renewal/decide.ts';
import { dueAt } from '../renewal/due.ts';
import { attempt } from './attempt.ts';
import type { Outcome } from './renew.ts';
import type { Work } from './work.ts';

const DONE: Outcome = { kind: 'done' };

/** Carries out what was planned for one lineage; returns when it is live and deployed, or no certificate was to be had. */
export async function perform(work: Work, lineage: Lineage, plan: Plan): Promise<Outcome> {
  const { hooks } = work;
  hooks.begun(lineage.settings.hooks?.post);
  switch (plan.action) {
    case 'issue':
    case 'renew':
    case 'resume':
      return renewOne(work, lineage, plan);
    case 'promote':
      return promote(work, lineage, plan);
    case 'redeploy':
      await redeploy(work, lineage);
      return DONE;
    case 'skip':
    case 'broken':
      return DONE;
  }
}

async function renewOne(work: Work, lineage: Lineage, plan: Plan): Promise<Outcome> {
  const found = await attempt(work, lineage, plan);
  if (found.kind !== 'issued') return found;
  await switchTo(work, lineage, found.version);
  return DONE;
}

/** The version of a run that died before it went live; one that is not whole is of no use. */
async function promote(work: Work, lineage: Lineage, plan: Plan): Promise<Outcome> {
  const { edges, paths } = work;
  const { name, settings, pending } = lineage;
  if (pending?.kind !== 'published') throw new TypeError('nothing to promote');
  if (!isWhole(work, name, pending.order.target)) {
    const servers = [settings.server, ...(settings.fallbackServers ?? [])] as const;
    return renewOne(work, { ...lineage, pending: undefined }, { ...plan, servers });
  }
  edges.disk.syncDirectory(archivePath(paths, name));
  await keepSettings(work, lineage);
  await switchTo(work, lineage, pending.order.target);
  return DONE;
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

async function redeploy(work: Work, lineage: Lineage): Promise<void> {
  const { edges, paths } = work;
  if (lineage.pending !== undefined) edges.disk.syncDirectory(paths.live);
  await keepSettings(work, lineage);
  await deployLive(work, lineage, versionOf(lineage.live) ?? '');
}

/** Those of the command line; those of the file stay as the operator wrote them. */
async function keepSettings(
  { edges, paths }: Work,
  { name, settings, settingsStamp }: Lineage,
): Promise<void> {
  if (settingsStamp === undefined) await saveSettings(edges.disk, paths, name, settings);
}

/** Steps 6 to 10 of docs/store.md. */
async function switchTo(work: Work, lineage: Lineage, version: string): Promise<void> {
  const { edges, paths } = work;
  const { name } = lineage;
  const { notBefore, notAfter } = inspectVersion(edges.disk, paths, name, version);
  goLive(edges.disk, paths, name, version);
  const path = livePath(paths, name);
  edges.emit({
    type: 'live',
    lineage: name,
    version,
    path,
    notAfter,
    dueAt: dueAt({ lineage: name, notBefore, notAfter }),
  });
  await deployLive(work, lineage, version);
}

/** Steps 7 to 10: whatever the hooks do, what happened is on the disk before this returns. */
async function deployLive(work: Work, lineage: Lineage, version: string): Promise<void> {
  const { edges, paths } = work;
  const { name, settings } = lineage;
  const live = inspectVersion(edges.disk, paths, name, version);
  // A run that died after the hooks had succeeded left only the tidying up.
  const isDeployed = lineage.deployed === version;
  const failure = isDeployed ? undefined : await runDeployHooks(work, lineage, version);
  const deployed = failure === undefined ? version : lineage.deployed;
  await writeState(edges.disk, paths, name, {
    version: 1,
    live,
    ...(deployed === undefined ? {} : { deployed }),
  });
  pruneVersions(edges.disk, paths, name, version, settings.keepVersions);
  removePending(edges.disk, paths, name);
  if (failure !== undefined) throw failure;
}

async function runDeployHooks(
  { paths, hooks, edges }: Work,
  { name, settings }: Lineage,
  version: string,
): Promise<EvercertError | undefined> {
  const versions = listVersions(edges.disk, paths, name);
  const previous = versions.filter((other) => Number(other) < Number(version)).at(-1);
  const deployment = {
    lineage: name,
    names: settings.names,
    livePath: livePath(paths, name),
    versionDirectory: versionPath(paths, name, version),
    previousDirectory: previous === undefined ? undefined : versionPath(paths, name, previous),
  };
  try {
    await hooks.deploy(deployment, settings.hooks?.deploy);
    return undefined;
  } catch (error) {
    return asEvercertError(error);
  }
}
