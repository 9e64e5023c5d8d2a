import type { Ended } from '../deploy/hooks.ts';
import type { EvercertError } from '../errors.ts';
import { record } from './record-rollout.ts';
import { openOf, type Rollout, withResults } from './rollout.ts';
import { failureOf } from './rollout-failure.ts';
import { verifyLive } from './verify-live.ts';
import type { DeployWork } from './work.ts';

/**
 * Step 11 of docs/store.md, at the end of a run: reload hooks, each once for all lineages that want it; then the checks
 * of those whose hooks all succeeded.
 *
 * @returns for each lineage why it is not deployed; undefined when it is
 */
export async function finishDeploys(
  work: DeployWork,
  rollouts: readonly Rollout[],
): Promise<ReadonlyMap<string, EvercertError | undefined>> {
  const reloaded = await reloadAll(work, rollouts);
  const verified = await verifyReady(work, reloaded);
  const failures = new Map<string, EvercertError | undefined>();
  for (const [index, rollout] of verified.entries()) {
    const isKnown = rollout === rollouts[index] && rollout.trouble === undefined;
    const written = isKnown ? rollout : await record(work, rollout);
    failures.set(rollout.lineage.name, failureOf(written, work.edges.signal));
  }
  return failures;
}

async function reloadAll(work: DeployWork, rollouts: readonly Rollout[]): Promise<Rollout[]> {
  const hooks = new Map(rollouts.flatMap(({ hooks }) => hooks.reload.map((hook) => [hook.name, hook])));
  const results = new Map<string, Ended>();
  for (const hook of hooks.values()) {
    const wanting = rollouts.filter((rollout) => openOf(rollout, 'reload').includes(hook.name));
    const deployments = wanting.map(({ deployment }) => deployment);
    if (wanting.length > 0) results.set(hook.name, await work.hooks.reload(hook, deployments));
  }
  const now = work.edges.clock.now();
  return rollouts.map((rollout) =>
    openOf(rollout, 'reload').length === 0 ? rollout : withResults(rollout, 'reload', results, now),
  );
}

async function verifyReady(work: DeployWork, rollouts: readonly Rollout[]): Promise<Rollout[]> {
  const isReady = (rollout: Rollout) =>
    !work.edges.signal.aborted &&
    openOf(rollout, 'deploy').length === 0 &&
    openOf(rollout, 'reload').length === 0;
  const verified = await verifyLive(work, rollouts.filter(isReady), 'wait');
  const found = new Map(verified.map((rollout) => [rollout.lineage.name, rollout]));
  return rollouts.map((rollout) => found.get(rollout.lineage.name) ?? rollout);
}
