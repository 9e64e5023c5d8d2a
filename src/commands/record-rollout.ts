import { asEvercertError } from '../errors.ts';
import { removePending } from '../lineage/pending.ts';
import { type LiveFacts, type QueueEntry, type State, updateState } from '../lineage/state.ts';
import { pruneVersions } from '../lineage/version.ts';
import { isDone } from '../renewal/queue.ts';
import { isRedeploy, type Rollout } from './rollout.ts';
import type { DeployWork } from './work.ts';

/** What has been reached is written; that it could not be does not hold up the hooks. */
export async function record(work: DeployWork, rollout: Rollout): Promise<Rollout> {
  const { edges, paths } = work;
  const { lineage, live, entries } = rollout;
  const wasLive = isRedeploy(lineage, live.version);
  // The operator's rollback stays one: state goes on to tell of the version that it was moved from.
  if (lineage.pinned && wasLive) return rollout;
  try {
    await updateState(edges.disk, paths, lineage.name, (state) => withQueue(state, live, entries));
    if (!wasLive || lineage.pending?.kind === 'swapped') tidyUp(work, rollout);
    return { ...rollout, trouble: undefined };
  } catch (error) {
    return { ...rollout, trouble: asEvercertError(error) };
  }
}

function withQueue(state: State, live: LiveFacts, entries: readonly QueueEntry[]): State {
  const { queue: _, deployed, settings, ...rest } = state;
  const known = {
    ...rest,
    live,
    ...(state.live?.version === live.version && settings !== undefined ? { settings } : {}),
  };
  if (isDone(entries)) return { ...known, deployed: live.version };
  return {
    ...known,
    ...(deployed === undefined || deployed === live.version ? {} : { deployed }),
    queue: { version: live.version, entries: [...entries] },
  };
}

/** Steps 8 and 9 of docs/store.md. */
function tidyUp({ edges, paths }: DeployWork, { lineage: { name, settings }, live }: Rollout): void {
  pruneVersions(edges.disk, paths, name, live.version, settings.keepVersions);
  removePending(edges.disk, paths, name);
}
