import type { Check, CheckResult, Verify } from '../deploy/check.ts';
import { CERTIFICATE } from '../lineage/paths.ts';
import { openOf, type Rollout, withResults } from './rollout.ts';
import type { DeployWork } from './work.ts';

type Patience = Parameters<Verify>[1];

/** Asks, side by side, all places that still have to be seen serving what is live. */
export async function verifyLive(
  work: DeployWork,
  rollouts: readonly Rollout[],
  patience: Patience,
): Promise<Rollout[]> {
  const checks = rollouts.map((rollout) => checksOf(work, rollout));
  const results = checks.flat().length === 0 ? [] : await work.verify(checks.flat(), patience);
  const now = work.edges.clock.now();
  let from = 0;
  return rollouts.map((rollout, index) => {
    const own = checks[index] ?? [];
    const found = results.slice(from, from + own.length);
    from += own.length;
    tell(work, own, found, patience);
    const isCut = work.edges.signal.aborted;
    const ended = own.map(
      ({ target }, i) => [target, isCut && !found[i]?.ok ? undefined : found[i]] as const,
    );
    return own.length === 0 ? rollout : withResults(rollout, 'verify', new Map(ended), now);
  });
}

function checksOf({ edges }: DeployWork, rollout: Rollout): Check[] {
  const targets = openOf(rollout, 'verify');
  if (targets.length === 0) return [];
  const { lineage, versionDirectory } = rollout.deployment;
  const leafPem = edges.disk.readText(`${versionDirectory}/${CERTIFICATE}`) ?? '';
  return targets.map((target) => ({ lineage, target, leafPem }));
}

/** What a first look does not find, the next one may. */
function tell(
  { edges }: DeployWork,
  checks: readonly Check[],
  results: readonly CheckResult[],
  patience: Patience,
): void {
  for (const [index, { lineage, target }] of checks.entries()) {
    const result = results[index];
    if (result !== undefined && (result.ok || patience === 'wait')) {
      edges.emit({ type: 'served', lineage, target, ...result });
    }
  }
}
