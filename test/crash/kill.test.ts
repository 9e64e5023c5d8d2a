import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { sample } from './failure.ts';
import type { LoggedStep } from './fault-plan.ts';
import { distinctKills, judgeKill } from './kills.ts';
import { scenarios } from './scenarios.ts';
import { tryAll } from './trial.ts';

/** All of them: soak/kills.ts. */
const STRIDE = 9;

describe('a run killed before, in the middle of or after any change', () => {
  for (const [i, scenario] of scenarios.entries()) {
    test(scenario.title, async (context) => {
      const choose = (steps: readonly LoggedStep[]) => sample(distinctKills(scenario, steps), STRIDE, i);
      const { points, complaints } = await tryAll(scenario, choose, judgeKill);
      context.diagnostic(`${points} points: ${scenario.title}`);
      assert.ok(points > 2, `only ${points} points`);
      assert.equal(complaints.length, 0, complaints.join('\n'));
    });
  }
});
