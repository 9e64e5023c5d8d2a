import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { killed, obtain, terminated } from '../soak/solver-kills/attempts.ts';
import { exec, httpreq } from '../soak/solver-kills/script-ways.ts';
import { skipWithout } from '../support/rig/requirements.ts';

/** All ways and moments: soak/solver-kills.ts. */
const CASES = [
  { way: httpreq, moment: 'in clean-up' },
  { way: exec, moment: 'in add' },
] as const;

describe('a run that is ended while names are proven', { skip: skipWithout(['pebble', 'curl']) }, () => {
  for (const { way, moment } of CASES) {
    test(`${way.title}, ${moment}: nothing is left by SIGTERM, nor after the run that follows SIGKILL`, async (t) => {
      const ground = await obtain(way);
      t.after(ground.world.close);
      const kill = await killed(ground, moment);
      assert.ok(kill);
      assert.ok(kill.left.includes('journal'));
      assert.deepEqual([kill.found, kill.isRenewed], [[], true], kill.ended.stderr);
      const end = await terminated(ground, moment);
      assert.deepEqual([end?.ended.status, end?.found], [143, []], end?.ended.stderr);
    });
  }
});
