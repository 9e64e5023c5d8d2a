import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { errorPoints, judgeFailure, sample } from './failure.ts';
import { scenarios } from './scenarios.ts';
import { tryAll } from './trial.ts';

/** All of them: soak/errors.ts. A prime, so that every step and every kind of error gets its turn. */
const STRIDE = 113;

describe('the file system refuses a step: ENOSPC, EIO, EACCES, a short write; once or for good', () => {
  for (const [i, scenario] of scenarios.slice(0, 4).entries()) {
    test(scenario.title, async (context) => {
      const { points, complaints } = await tryAll(
        scenario,
        (steps) => sample(errorPoints(steps), STRIDE, i),
        judgeFailure,
      );
      context.diagnostic(`${points} points: ${scenario.title}`);
      assert.ok(points > 3, `only ${points} points`);
      assert.equal(complaints.length, 0, complaints.join('\n'));
    });
  }
});
