import type { LoggedStep } from './fault-plan.ts';
import type { Scenario } from './scenarios.ts';
import { killPoints, type Point, recover, type Trial } from './trial.ts';

/** Where a run can be killed; of a scenario that begins like another, the points at which it does not. */
export function distinctKills(
  { beginsLikeAnother }: Scenario,
  steps: readonly LoggedStep[],
): readonly Point[] {
  const points = killPoints(steps);
  if (!beginsLikeAnother) return points;
  const own = points.slice(points.findIndex(({ step }) => step.path.endsWith('.tmp')));
  return own.filter(({ action }) => action === 'kill-before');
}

export async function judgeKill(trial: Trial): Promise<void> {
  const { result } = trial.first;
  if (result.signal !== 'SIGKILL') trial.complain(`was not killed, but ended with ${result.status}`);
  await recover(trial);
}
