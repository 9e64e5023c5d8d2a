import { asEvercertError } from '../errors.ts';
import { removePending } from '../lineage/pending.ts';

import type { Lineage } from '../lineage/scan.ts';

import { type LiveFacts, type QueueEntry, type State, updateState } from '../lineage/state.ts';
import { pruneVersions } from '../lineage/version.ts';
import { type Mishap, withFailure } from '../renewal/backoff.ts';
import { isDone } from '../renewal/queue.ts';
import { isRedeploy, type Rollout } from './rollout.ts';
import type { DeployWork } from './work.ts';

/** What has been reached is written; that it could not be does not hold up the hooks. */
export async function record(work: DeployWork, rollout: Rollout): Promise<Rollout> {
  const { edges, paths } = work;
  const { lineage, live } = rollout;
  const wasLive = isRedeploy(lineage, live.version);
  // The operator's rollback stays one: state goes on to tell of the version that it was moved from.
  if (lineage.pinned && wasLive) return rollout;
  try {
    const now = edges.clock.now();
    await updateState(edges.disk, paths, lineage.name, (state) => withQueue(state, rollout, now));
    if (!wasLive || lineage.pending?.kind === 'swapped') tidyUp(work, rollout);
    return { ...rollout, trouble: undefined };
  } catch (error) {
    return { ...rollout, trouble: asEvercertError(error) };
  }
}

function withQueue(state: State, { lineage, live, entries }: Rollout, now: number): State {
  const { queue: _, served: __, deployed, settings, ...rest } = state;
  const isNew = state.live?.version !== live.version || state.live.notAfter !== live.notAfter;
  const known = {
    ...(isNew ? withSuccess(rest, lineage, live, now) : rest),
    live,
    ...(isNew || settings === undefined ? {} : { settings }),
    ...servedBy(entries),
  };
  if (isDone(entries)) return { ...known, deployed: live.version };
  return {
    ...known,
    ...(deployed === undefined || deployed === live.version ? {} : { deployed }),
    queue: { version: live.version, entries: [...entries] },
  };
}

/** A version that has just gone live ends what was remembered of failures and of the one before it. */
function withSuccess(state: State, { settings }: Lineage, live: LiveFacts, now: number): State {
  const { failures: _, renewalInfo: __, revocation: ___, leftOut: ____, ...rest } = state;
  const missing = settings.names.filter((name) => !live.names.includes(name));
  if (settings.allowSubsetOfNames !== true || missing.length === 0) return { ...rest, lastSuccessAt: now };
  return {
    ...rest,
    lastSuccessAt: now,
    leftOut: { version: live.version, names: missing },
    // They are asked for again, but not at once: that would fail like this time.
    failures: withFailure([], namesLeftOut(settings.server, missing), live.notAfter - live.notBefore, now),
  };
}

function namesLeftOut(server: string, names: readonly string[]): Mishap {
  const message = `left out, since they could not be validated: ${names.join(', ')}`;
  return { server, kind: 'input', code: 'challenge-failed', message };
}

function servedBy(entries: readonly QueueEntry[]): Pick<State, 'served'> {
  const checks = entries.filter(({ kind }) => kind === 'verify');
  if (checks.length === 0) return {};
  return { served: checks.every(({ done }) => done === true) };
}

/** Steps 8 and 9 of docs/store.md. */
function tidyUp({ edges, paths }: DeployWork, { lineage: { name, settings }, live }: Rollout): void {
  pruneVersions(edges.disk, paths, name, live.version, settings.keepVersions);
  removePending(edges.disk, paths, name);
}
