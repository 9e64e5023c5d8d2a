import { inspectVersion } from '../lineage/inspect.ts';
import { livePath } from '../lineage/paths.ts';
import type { Lineage } from '../lineage/scan.ts';
import { goLive } from '../lineage/version.ts';
import { dueAt } from '../renewal/due.ts';
import { isDone, reopened } from '../renewal/queue.ts';
import { syncCert } from './dehydrated.ts';
import { record } from './record-rollout.ts';
import { openOf, type Rollout, startRollout, withResults } from './rollout.ts';
import { verifyLive } from './verify-live.ts';
import type { DeployWork } from './work.ts';

/** Steps 6 to 10 of docs/store.md. */
export async function switchTo(work: DeployWork, lineage: Lineage, version: string): Promise<Rollout> {
  const { edges, paths } = work;
  const { name } = lineage;
  const { notBefore, notAfter } = inspectVersion(edges.disk, paths, name, version);
  await syncCert(work, lineage, version);
  goLive(edges.disk, paths, name, version);
  const path = livePath(paths, name);
  edges.emit({
    type: 'live',
    lineage: name,
    version,
    path,
    notAfter,
    dueAt: dueAt({ lineage: name, notBefore, notAfter, renewBefore: lineage.settings.renewBefore }),
  });
  return deployLive(work, lineage, version, false);
}

/**
 * Steps 7 to 10 for a version that is live: first what is to be done is on the disk, then the deploy hooks run. What
 * fails is in the result.
 *
 * @param again everything, also what is done
 */
export async function deployLive(
  work: DeployWork,
  lineage: Lineage,
  version: string,
  again: boolean,
): Promise<Rollout> {
  const started = await record(work, startRollout(work, lineage, version, again));
  const ended = await runDeployHooks(work, await withoutServed(work, started));
  return ended === started ? started : record(work, ended);
}

/** Only checks are left: a server may have needed no more than time. If not, its hooks are to be run once more. */
async function withoutServed(work: DeployWork, rollout: Rollout): Promise<Rollout> {
  const hasHooksToRun = [...openOf(rollout, 'deploy'), ...openOf(rollout, 'reload')].length > 0;
  if (hasHooksToRun || openOf(rollout, 'verify').length === 0) return rollout;
  const [asked = rollout] = await verifyLive(work, [rollout], 'once');
  return isDone(asked.entries) ? asked : { ...rollout, entries: rollout.entries.map(reopened) };
}

async function runDeployHooks({ hooks, edges }: DeployWork, rollout: Rollout): Promise<Rollout> {
  const open = openOf(rollout, 'deploy');
  const toRun = rollout.hooks.deploy.filter(({ name }) => open.includes(name));
  if (toRun.length === 0) return rollout;
  const ended = await hooks.deploy(toRun, rollout.deployment);
  const results = new Map(toRun.map(({ name }, index) => [name, ended[index]]));
  return withResults(rollout, 'deploy', results, edges.clock.now());
}
