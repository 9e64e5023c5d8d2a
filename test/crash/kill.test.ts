import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { scenarios } from './scenarios.ts';
import { killPoints, recover, type Trial, tryAll } from './trial.ts';

describe('a run killed before, in the middle of or after any change', () => {
  for (const scenario of scenarios) {
    test(scenario.title, async (context) => {
      const { points, complaints } = await tryAll(scenario, killPoints, judge);
      context.diagnostic(`${points} points: ${scenario.title}`);
      assert.ok(points > 30, `only ${points} points`);
      assert.equal(complaints.length, 0, complaints.join('\n'));
    });
  }
});

async function judge(trial: Trial): Promise<void> {
  const { result } = trial.first;
  if (result.signal !== 'SIGKILL') trial.complain(`was not killed, but ended with ${result.status}`);
  await recover(trial);
}
