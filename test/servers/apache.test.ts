import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startApache } from '../support/rig/apache.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, seenByBoth, serves, shellCommand, succeeds } from './kit.ts';

const NAME = 'www.example.test';

/** Which files Apache is told to read: two, or one for both. */
const LAYOUTS = {
  'fullchain.pem and privkey.pem': { certificate: 'fullchain.pem', key: 'privkey.pem' },
  'combined.pem for both': { certificate: 'combined.pem', key: 'combined.pem' },
} as const;

describe('Apache', { skip: skipWithout(['pebble', 'apache2', 'openssl']) }, () => {
  for (const [layout, files] of Object.entries(LAYOUTS)) {
    test(`serves what was renewed by way of its own webroot, from ${layout}`, async (t) => {
      const ground = await breakGround(t);
      const site = await during(t, startApache({ httpPort: ground.pebble.httpPort }));
      await succeeds(ground.certonly(NAME, ['--webroot', '-w', site.webroot]));
      const certificate = ground.live(NAME, files.certificate);
      const key = ground.live(NAME, files.key);
      const apache = await during(t, startApache({ tls: { certificate, key } }));
      const before = ground.lineage(NAME);
      assert.equal((await seenByBoth(apache.tlsPort, NAME)).fingerprint, before.fingerprint);
      const hook = ['--deploy-hook', shellCommand(apache.reloadCommand)];
      await succeeds(ground.renew(['--force-renewal', ...hook]));
      const after = ground.lineage(NAME);
      assert.notEqual(after.fingerprint, before.fingerprint);
      await serves(apache.tlsPort, after.fingerprint, NAME);
      assert.doesNotMatch(apache.log(), /:(emerg|alert|crit|error)\]/);
    });
  }
});
