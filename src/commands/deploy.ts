import { type BrokenLineage, type Lineage, scanLineage } from '../lineage/scan.ts';
import { decide, type Plan } from '../renewal/decide.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { openExistingStore } from './open-store.ts';
import { type Planned, planEvent, selectedNames } from './plan-all.ts';
import { report } from './renew.ts';
import { runAll } from './run-all.ts';

export interface DeployOptions extends StoreOptions {
  readonly certName: string | undefined;
  /** All hooks and checks of what is live, also those that succeeded. */
  readonly force: boolean;
  readonly hookTimeoutMs: number;
}

/** Runs at once what of the deploy queues is open, whatever failed before; asks no CA. @returns the exit status */
export async function deploy(options: DeployOptions, edges: Edges): Promise<number> {
  const paths = await openExistingStore(options, edges);
  const names = paths === undefined ? [] : selectedNames(paths, options, edges);
  if (paths === undefined || names.length === 0) {
    edges.emit({ type: 'warning', code: 'no-lineages', detail: options.configDir });
    return 0;
  }
  const now = edges.clock.now();
  const planned = names.flatMap((name): Planned[] => {
    const lineage = scanLineage(edges.disk, paths, name);
    return lineage === undefined ? [] : [{ lineage, plan: deployPlan(lineage, now, options.force) }];
  });
  const told = planned.filter(({ plan }) => plan.action !== 'skip');
  for (const { lineage, plan } of told) edges.emit(planEvent(lineage, plan));
  if (told.length === 0) {
    edges.emit({ type: 'warning', code: 'all-deployed', detail: options.certName ?? '' });
    return 0;
  }
  const todo = told.filter(({ plan }) => plan.action === 'redeploy');
  const { hookTimeoutMs } = options;
  const run = { dryRun: false, concurrency: 1, randomSleep: false, hookTimeoutMs, issuanceTimeoutMs: 0 };
  return report(edges, { dryRun: false, strict: true }, planned, await runAll(edges, paths, run, todo), 0);
}

/** What a renewal would do first does not matter here. */
function deployPlan(lineage: Lineage | BrokenLineage, now: number, force: boolean): Plan {
  const { name } = lineage;
  if (lineage.kind === 'broken' || lineage.live.kind === 'damaged') return decide(lineage, now, undefined);
  if (lineage.live.kind === 'absent') return { name, action: 'skip', reason: 'never-issued' };
  if (force) return { name, action: 'redeploy', reason: 'forced' };
  if (lineage.pinned) return { name, action: 'skip', reason: 'pinned' };
  if (lineage.pending?.kind === 'swapped') return { name, action: 'redeploy', reason: 'interrupted' };
  return lineage.deployed === lineage.live.facts.version
    ? { name, action: 'skip', reason: 'not-due' }
    : { name, action: 'redeploy', reason: 'not-deployed' };
}
