import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Haproxy, startHaproxy } from '../support/rig/haproxy.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { servedByOpenssl } from '../support/rig/tls-client.ts';
import { breakGround, type Ground, seenByBoth, serves, succeeds } from './kit.ts';

const NAME = 'www.example.test';

/** What `systemctl reload haproxy` does. */
function reloadHook({ pid }: Haproxy): string {
  return `kill -USR2 ${pid}`;
}

async function obtain(ground: Ground, names: string): Promise<string> {
  await succeeds(ground.certonly(names, ground.standalone));
  return ground.live(names, 'combined.pem');
}

describe('HAProxy', { skip: skipWithout(['pebble', 'haproxy', 'openssl']) }, () => {
  test('serves the renewed combined.pem after a reload, chain included', async (t) => {
    const ground = await breakGround(t, { chainLength: 2 });
    const haproxy = await during(t, startHaproxy({ crt: await obtain(ground, NAME) }));
    const before = ground.lineage(NAME);
    assert.equal((await seenByBoth(haproxy.tlsPort, NAME)).fingerprint, before.fingerprint);
    await succeeds(ground.renew(['--force-renewal', '--deploy-hook', reloadHook(haproxy)]));
    const after = ground.lineage(NAME);
    assert.notEqual(after.fingerprint, before.fingerprint);
    await serves(haproxy.tlsPort, after.fingerprint, NAME);
    const root = join(ground.scratch, 'root.pem');
    writeFileSync(root, await ground.pebble.rootPem());
    const { output } = await servedByOpenssl(haproxy.tlsPort, NAME, ['-CAfile', root]);
    assert.match(output, /Verify return code: 0 \(ok\)/);
  });

  test('takes many certificates from a crt-list, each renewed with its own reload', async (t) => {
    const ground = await breakGround(t);
    const names = ['a.example.test', 'b.example.test'];
    const list = join(ground.scratch, 'certificates.list');
    const paths: string[] = [];
    for (const name of names) paths.push(await obtain(ground, name));
    writeFileSync(list, `${paths.join('\n')}\n`);
    const haproxy = await during(t, startHaproxy({ crt: paths[0] ?? '', bindOptions: `crt-list ${list}` }));
    for (const name of names)
      assert.equal((await seenByBoth(haproxy.tlsPort, name)).fingerprint, ground.lineage(name).fingerprint);
    const hook = ['--deploy-hook', reloadHook(haproxy)];
    await succeeds(ground.renew(['--cert-name', 'b.example.test', '--force-renewal', ...hook]));
    assert.deepEqual(
      [...names].map((name) => ground.lineage(name).version),
      ['0001', '0002'],
    );
    for (const name of names) await serves(haproxy.tlsPort, ground.lineage(name).fingerprint, name);
  });
});
