import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { evercert } from '../support/evercert.ts';
import { type Bind, startBind, type UpdateKey } from '../support/rig/bind.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, type Ground, succeeds } from './kit.ts';

const NAME = 'example.test';
const RECORD = `_acme-challenge.${NAME}`;
const FOREIGN = 'put here by somebody else';
const ZONES = {
  'example.test': `_acme-challenge TXT "${FOREIGN}"\n_acme-challenge.away CNAME deep.proof.other.test.`,
  'other.test': '',
};

function newKey(algorithm = 'hmac-sha256'): UpdateKey {
  return { name: 'evercert-key', algorithm, secret: randomBytes(32).toString('base64') };
}

/** A CA that asks `bind`, and a lineage whose names are proven there. */
async function dnsGround(
  t: TestContext,
  bind: Bind,
  key: UpdateKey,
  names: readonly string[],
  more: object = {},
) {
  const ground = await breakGround(t, { dnsServer: `${bind.address}:53` });
  await succeeds(evercert(['register', ...ground.flags]));
  const credentials = join(ground.scratch, 'rfc2136.ini');
  const lines = Object.entries({ server: bind.address, ...key }).map(
    ([name, value]) => `dns_rfc2136_${name} = ${value}`,
  );
  writeFileSync(credentials, `${lines.join('\n')}\n`, { mode: 0o600 });
  chmodSync(credentials, 0o600);
  const challenge = { type: 'dns', provider: 'rfc2136', credentials, resolvers: [bind.address], ...more };
  saveSettings(ground, names, challenge);
  return ground;
}

function saveSettings({ configDir, pebble }: Ground, names: readonly string[], challenge: object): void {
  mkdirSync(join(configDir, 'renewal'), { recursive: true });
  const { directoryUrl: server, caBundle } = pebble;
  const key = { type: 'ecdsa', curve: 'P-256' };
  const settings = { version: 1, names, server, caBundle, challenge, key };
  writeFileSync(join(configDir, 'renewal', `${NAME}.json`), JSON.stringify(settings));
}

const skip = skipWithout(['pebble', 'named', 'root']);

describe('dns-01 by rfc2136 at BIND', { skip }, () => {
  test('base name, wildcard and a delegated name in one order; nobody else’s record is touched', async (t) => {
    const key = newKey();
    const bind = await during(t, startBind({ zones: ZONES, keys: [key] }));
    const ground = await dnsGround(t, bind, key, [NAME, `*.${NAME}`, `away.${NAME}`]);
    await succeeds(ground.renew());
    assert.deepEqual(await bind.txt(RECORD), [FOREIGN]);
    assert.deepEqual(await bind.txt('deep.proof.other.test'), []);
    assert.deepEqual(ground.list('challenges'), []);
  });
});
