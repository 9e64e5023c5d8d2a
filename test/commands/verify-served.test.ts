import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate } from 'node:timers/promises';
import { createVerify } from '../../src/commands/verify-served.ts';
import { certificateDer } from '../../src/x509/pem.ts';
import { issueChain } from '../unit-kit/chains.ts';
import { fakeClock } from '../unit-kit/clock.ts';
import { NEVER } from '../unit-kit/expect.ts';

const { leafPem } = await issueChain(['a.example']);

test('a thousand checks do not open a thousand connections at a time', async () => {
  let open = 0;
  let most = 0;
  const probe = async () => {
    open += 1;
    most = Math.max(most, open);
    await setImmediate();
    open -= 1;
    return certificateDer(leafPem);
  };
  const verify = createVerify({ probeTls: async () => probe, clock: fakeClock(), signal: NEVER });
  const checks = Array.from({ length: 1000 }, (_, i) => ({
    lineage: `l${i}`,
    target: 'a.example:443',
    leafPem,
  }));
  const results = await verify(checks, 'wait');
  assert.ok(results.length === 1000 && results.every(({ ok }) => ok));
  assert.ok(most <= 64, String(most));
});
