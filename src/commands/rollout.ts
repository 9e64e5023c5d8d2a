import { type Deployment, type Hook, listHooks } from '../deploy/hook-plan.ts';
import type { Ended } from '../deploy/hooks.ts';
import type { EvercertError } from '../errors.ts';
import { inspectVersion } from '../lineage/inspect.ts';
import { livePath, versionPath } from '../lineage/paths.ts';
import { type Lineage, listVersions } from '../lineage/scan.ts';
import type { LiveFacts, QueueEntry } from '../lineage/state.ts';
import { inStages, queueFor, tried, type Wanted } from '../renewal/queue.ts';
import { deployCertHooks } from './dehydrated.ts';
import type { DeployWork } from './work.ts';

/** A live version on its way to those who serve it: its hooks and checks, and how far it has come. */
export interface Rollout {
  readonly lineage: Lineage;
  readonly live: LiveFacts;
  readonly deployment: Deployment;
  readonly hooks: Readonly<Record<'deploy' | 'reload', readonly Hook[]>>;
  readonly entries: readonly QueueEntry[];
  /** Why the disk does not know all of this; undefined when it does. */
  readonly trouble: EvercertError | undefined;
}

/**
 * @param again everything is to be done, also what is done
 * @throws EvercertError lineage-damaged
 */
export function startRollout(work: DeployWork, lineage: Lineage, version: string, again: boolean): Rollout {
  const { edges, paths } = work;
  const { settings, state } = lineage;
  const list = (kind: 'deploy' | 'reload') =>
    listHooks(edges.disk, paths.hooks, kind, settings.hooks?.[kind]);
  // A run that died with all done left only the tidying up.
  const live = inspectVersion(edges.disk, paths, lineage.name, version);
  const deploy = [...list('deploy'), ...deployCertHooks(work, lineage, live)];
  const hooks = { deploy, reload: list('reload') };
  const isKnown = isRedeploy(lineage, version) && !again && !isOtherOf(state, live);
  const isDeployed = isKnown && lineage.deployed === version;
  const known = isKnown && state?.queue?.version === version ? state.queue.entries : undefined;
  const wanted = isDeployed ? [] : wantedEntries(hooks, settings.verify ?? []);
  return {
    lineage,
    live,
    deployment: deploymentOf(work, lineage, version),
    hooks,
    entries: inStages(queueFor(wanted, known)),
    trouble: undefined,
  };
}

/** Whether it was live before this run; a number may come again where an archive was lost. */
export function isRedeploy({ live }: Lineage, version: string): boolean {
  return live.kind === 'whole' && live.facts.version === version;
}

/** State tells of another certificate of this number, which was lost with the archive. */
function isOtherOf(state: Lineage['state'], live: LiveFacts): boolean {
  return state?.live?.version === live.version && state.live.notAfter !== live.notAfter;
}

function wantedEntries({ deploy, reload }: Rollout['hooks'], targets: readonly string[]): Wanted[] {
  return [
    ...deploy.map(({ name }) => ({ kind: 'deploy' as const, name })),
    ...reload.map(({ name }) => ({ kind: 'reload' as const, name })),
    ...targets.map((name) => ({ kind: 'verify' as const, name })),
  ];
}

function deploymentOf(
  { edges, paths }: DeployWork,
  { name, settings }: Lineage,
  version: string,
): Deployment {
  const versions = listVersions(edges.disk, paths, name);
  const previous = versions.filter((other) => Number(other) < Number(version)).at(-1);
  return {
    lineage: name,
    names: settings.names,
    livePath: livePath(paths, name),
    versionDirectory: versionPath(paths, name, version),
    previousDirectory: previous === undefined ? undefined : versionPath(paths, name, previous),
  };
}

/** Names of hooks or targets that are to be done. */
export function openOf({ entries }: Rollout, kind: QueueEntry['kind']): readonly string[] {
  return entries.filter((entry) => entry.kind === kind && entry.done !== true).map(({ name }) => name);
}

export function withResults(
  rollout: Rollout,
  kind: QueueEntry['kind'],
  results: ReadonlyMap<string, Ended>,
  now: number,
): Rollout {
  const entries = rollout.entries.map((entry) => {
    const ended = entry.kind === kind ? results.get(entry.name) : undefined;
    return ended === undefined ? entry : tried(entry, ended.ok, ended.outcome, now);
  });
  return { ...rollout, entries: inStages(entries) };
}
