import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { type Nginx, startNginx } from '../support/rig/nginx.ts';
import { freePort } from '../support/rig/ports.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { servedByOpenssl } from '../support/rig/tls-client.ts';
import {
  breakGround,
  filesBelow,
  type Ground,
  seenByBoth,
  serves,
  shellCommand,
  standaloneOn,
  succeeds,
} from './kit.ts';

const NAME = 'www.example.test';

/** Renews with nginx's own reload for a deploy hook; returns what is live before and after. */
async function renewAndReload(ground: Ground, nginx: Nginx) {
  const before = ground.lineage(NAME);
  assert.equal((await seenByBoth(nginx.tlsPort, NAME)).fingerprint, before.fingerprint);
  const hook = ['--deploy-hook', shellCommand(nginx.reloadCommand)];
  const { stdout } = await succeeds(ground.renew(['--force-renewal', ...hook]));
  assert.match(stdout, /1 renewed/);
  const after = ground.lineage(NAME);
  assert.notEqual(after.fingerprint, before.fingerprint);
  assert.deepEqual([before.version, after.version], ['0001', '0002']);
  return { before, after };
}

describe('behind a webroot that nginx serves', { skip: skipWithout(['pebble', 'nginx', 'openssl']) }, () => {
  test('a renewal with a deploy hook is what nginx serves', async (t) => {
    const ground = await breakGround(t);
    const site = await during(t, startNginx({ httpPort: ground.pebble.httpPort }));
    await succeeds(ground.certonly(`${NAME},example.test`, ['--webroot', '-w', site.webroot]));
    const tls = {
      certificate: ground.live(NAME, 'fullchain.pem'),
      key: ground.live(NAME, 'privkey.pem'),
    };
    const nginx = await during(t, startNginx({ tls }));
    const { after } = await renewAndReload(ground, nginx);
    await serves(nginx.tlsPort, after.fingerprint, NAME);
    assert.equal(after.certificate.subjectAltName, `DNS:${NAME}, DNS:example.test`);
    assert.doesNotMatch(nginx.log(), /\[(emerg|alert|crit|error)\]/);
  });

  test('a client that knows only the root trusts the renewed chain', async (t) => {
    const ground = await breakGround(t, { chainLength: 2 });
    const site = await during(t, startNginx({ httpPort: ground.pebble.httpPort }));
    await succeeds(ground.certonly(NAME, ['--webroot', '-w', site.webroot]));
    const combined = ground.live(NAME, 'combined.pem');
    const nginx = await during(t, startNginx({ tls: { certificate: combined, key: combined } }));
    const { after } = await renewAndReload(ground, nginx);
    await serves(nginx.tlsPort, after.fingerprint, NAME);
    const root = join(ground.scratch, 'root.pem');
    writeFileSync(root, await ground.pebble.rootPem());
    const verify = ['-CAfile', root, '-verify_hostname', NAME];
    const { output } = await servedByOpenssl(nginx.tlsPort, NAME, verify);
    assert.match(output, /Verify return code: 0 \(ok\)/);
  });

  test('without a deploy hook nginx goes on with the old version, whose files are still there', async (t) => {
    const ground = await breakGround(t);
    const site = await during(t, startNginx({ httpPort: ground.pebble.httpPort }));
    await succeeds(ground.certonly(NAME, ['--webroot', '-w', site.webroot]));
    const combined = ground.live(NAME, 'combined.pem');
    const nginx = await during(t, startNginx({ tls: { certificate: combined, key: combined } }));
    const before = ground.lineage(NAME);
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal((await seenByBoth(nginx.tlsPort, NAME)).fingerprint, before.fingerprint);
    assert.deepEqual(ground.list('archive', NAME), ['0001', '0002']);
    await nginx.reload();
    await serves(nginx.tlsPort, ground.lineage(NAME).fingerprint, NAME);
  });

  test('nothing is left in the webroot', async (t) => {
    const ground = await breakGround(t);
    const site = await during(t, startNginx({ httpPort: ground.pebble.httpPort }));
    await succeeds(ground.certonly(`${NAME},example.test`, ['--webroot', '-w', site.webroot]));
    const left = await fetch(`http://127.0.0.1:${site.httpPort}/.well-known/acme-challenge/`);
    assert.equal(left.status === 403 || left.status === 404, true);
    assert.deepEqual(filesBelow(site.webroot), []);
  });
});

describe('nginx in front of --standalone', { skip: skipWithout(['pebble', 'nginx', 'openssl']) }, () => {
  test('hands the challenge on to evercert, and serves the renewed certificate', async (t) => {
    const ground = await breakGround(t);
    const port = await freePort();
    const location = `location /.well-known/acme-challenge/ { proxy_pass http://127.0.0.1:${port}; }`;
    await during(t, startNginx({ httpPort: ground.pebble.httpPort, httpDirectives: location }));
    await succeeds(ground.certonly(NAME, standaloneOn(port)));
    const combined = ground.live(NAME, 'combined.pem');
    const nginx = await during(t, startNginx({ tls: { certificate: combined, key: combined } }));
    const { after } = await renewAndReload(ground, nginx);
    await serves(nginx.tlsPort, after.fingerprint, NAME);
  });
});
