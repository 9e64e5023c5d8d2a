import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { RunOptions } from '../support/evercert.ts';
import { until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { type DnsGround, dnsGround, FOREIGN, laggingGround, newKey, RECORD, ZONE } from './dns-kit.ts';
import { succeeds } from './kit.ts';

const skip = skipWithout(['pebble', 'named', 'root']);
/** Seconds after which a secondary has what its primary has; and one that never has. */
const LAG_S = 3;
const NEVER_S = 3600;

async function assertClean({ primary, list }: DnsGround): Promise<void> {
  assert.deepEqual(await primary.txt(RECORD), [FOREIGN]);
  assert.deepEqual(list('challenges'), []);
}

async function isThere({ primary }: DnsGround): Promise<boolean> {
  return (await primary.txt(RECORD)).length > 1;
}

/** A run that is sent this signal once its record is there, and waits for a secondary that never shows it. */
async function endedInTheWait(ground: DnsGround, signal: NodeJS.Signals) {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  const options: RunOptions = {
    onStart: (killIt) => {
      kill = killIt;
    },
  };
  const ended = ground.certonly(ZONE, ground.dns, options);
  await until('the record is there', () => isThere(ground));
  kill(signal);
  return ended;
}

describe('dns-01 by rfc2136 at BIND', { skip }, () => {
  test('base name, wildcard and a delegated name in one order; nobody else’s record is touched', async (t) => {
    const ground = await dnsGround(t);
    await succeeds(ground.certonly(`${ZONE},*.${ZONE},away.${ZONE}`, ground.dns));
    const { certificate } = ground.lineage(ZONE);
    assert.equal(certificate.subjectAltName, `DNS:${ZONE}, DNS:*.${ZONE}, DNS:away.${ZONE}`);
    assert.match(ground.primary.log(), /adding an RR at 'deep\.proof\.other\.test' TXT/);
    assert.deepEqual(await ground.primary.txt('deep.proof.other.test'), []);
    await assertClean(ground);
    const account = ['--challenge', 'dns-account:rfc2136', ...ground.dns.slice(2)];
    await succeeds(ground.certonly(`b.${ZONE}`, account));
    assert.match(
      ground.primary.log(),
      /adding an RR at '_[a-z2-7]{16}\._acme-challenge\.b\.example\.test' TXT/,
    );
  });

  test('a secondary that lags is waited for; the CA, which asks it, never fails', async (t) => {
    const ground = await laggingGround(t, LAG_S);
    const run = ground.certonly(`${ZONE},*.${ZONE}`, ground.dns);
    await until('the primary has both', async () => (await ground.primary.txt(RECORD)).length === 3);
    assert.deepEqual(await ground.secondary.txt(RECORD), [FOREIGN]);
    await succeeds(run);
    assert.doesNotMatch(ground.pebble.log(), /set INVALID/);
    await assertClean(ground);
  });

  test('a key that the server does not know is told, and nothing is left', async (t) => {
    const key = newKey();
    const ground = await dnsGround(t, newKey(), key);
    const { status, stdout, stderr } = await ground.certonly(ZONE, ground.dns);
    assert.equal(status, 1);
    assert.match(
      stderr,
      /refused to change the TXT record _acme-challenge\.example\.test with the key evercert-key \(hmac-sha256\): BADSIG/,
    );
    assert.match(stderr, /hint: The secret is not the one/);
    assert.doesNotMatch(stderr, /stands longer/);
    assert.ok(!`${stdout}${stderr}`.includes(key.secret));
    await assertClean(ground);
    assert.doesNotMatch(ground.pebble.log(), /POST \/chalZ/);
  });
});

describe('dns-01 while a secondary does not follow', { skip }, () => {
  test('what a killed run left is taken away by the next, and what an interrupted one did by itself', async (t) => {
    const ground = await laggingGround(t, NEVER_S);
    assert.equal((await endedInTheWait(ground, 'SIGKILL')).signal, 'SIGKILL');
    assert.ok(await isThere(ground));
    assert.equal(ground.list('challenges').length, 1);
    await succeeds(ground.renew());
    await assertClean(ground);
    assert.equal((await endedInTheWait(ground, 'SIGTERM')).status, 143);
    await assertClean(ground);
    const { status, stderr } = await ground.certonly(ZONE, [...ground.dns, '--dns-propagation-timeout', '1']);
    assert.equal(status, 1);
    const { address } = ground.secondary;
    assert.match(stderr, new RegExp(`not all name servers show the TXT record of ${RECORD} after 1 s`));
    assert.match(stderr, new RegExp(`still without it: ns2\\.example\\.test \\(${address}\\)`));
    assert.doesNotMatch(ground.pebble.log(), /POST \/chalZ/);
    await assertClean(ground);
  });
});
