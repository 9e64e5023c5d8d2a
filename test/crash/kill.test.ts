import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { LoggedStep } from './fault-plan.ts';
import { type Scenario, scenarios } from './scenarios.ts';
import { killPoints, type Point, recover, type Trial, tryAll } from './trial.ts';

describe('a run killed before, in the middle of or after any change', () => {
  for (const scenario of scenarios) {
    test(scenario.title, async (context) => {
      const choose = (steps: readonly LoggedStep[]) => distinct(scenario, killPoints(steps));
      const { points, complaints } = await tryAll(scenario, choose, judge);
      context.diagnostic(`${points} points: ${scenario.title}`);
      assert.ok(points > 20, `only ${points} points`);
      assert.equal(complaints.length, 0, complaints.join('\n'));
    });
  }
});

/** Of a scenario that begins like another, the points at which it does not. */
function distinct({ beginsLikeAnother }: Scenario, points: readonly Point[]): readonly Point[] {
  if (!beginsLikeAnother) return points;
  const own = points.slice(points.findIndex(({ step }) => step.path.endsWith('.tmp')));
  return own.filter(({ action }) => action === 'kill-before');
}

async function judge(trial: Trial): Promise<void> {
  const { result } = trial.first;
  if (result.signal !== 'SIGKILL') trial.complain(`was not killed, but ended with ${result.status}`);
  await recover(trial);
}
