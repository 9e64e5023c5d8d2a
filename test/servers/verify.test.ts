import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { waitUntilServed } from '../../src/deploy/served.ts';
import { parseVerifyTarget } from '../../src/deploy/verify.ts';
import { systemClock } from '../../src/system/clock.ts';
import { probeTls } from '../../src/system/tls-probe.ts';
import { createAuthority, type KeyPair } from '../support/rig/authority.ts';
import { startHaproxy } from '../support/rig/haproxy.ts';
import { startNginx } from '../support/rig/nginx.ts';
import { startPostfix } from '../support/rig/postfix.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { leafDer } from '../unit-kit/leaf-der.ts';

const NAME = 'www.example.test';

/** A file of key and certificate that a server is given, and the same anew. */
async function issueInto(t: TestContext) {
  const { issue } = await createAuthority();
  const { directory, remove } = scratchDirectory('verify');
  t.after(remove);
  const file = join(directory, 'combined.pem');
  const write = async (): Promise<KeyPair> => {
    const pair = await issue([NAME]);
    writeFileSync(file, pair.key + pair.certificate);
    return pair;
  };
  return { file, write };
}

function look(target: string, { certificate }: KeyPair) {
  const leaf = { der: leafDer(certificate), names: [NAME] };
  return waitUntilServed(probeTls, parseVerifyTarget(target), leaf, systemClock, NEVER);
}

/** The old one while nobody reloads, the new one soon after. */
async function renewed(target: string, write: () => Promise<KeyPair>, old: KeyPair, reload: () => unknown) {
  assert.deepEqual(await look(`${target},within=10s`, old), { served: true });
  const next = await write();
  const before = await look(`${target},within=1s`, next);
  assert.ok(!before.served && before.seen !== undefined, JSON.stringify(before));
  assert.match(before.why, /^it serves another certificate \(serial [0-9a-f]+, valid until \d{4}-/);
  await reload();
  assert.deepEqual(await look(`${target},within=10s`, next), { served: true });
}

describe('is it served: nginx', { skip: skipWithout(['nginx']) }, () => {
  test('after a reload', async (t) => {
    const { file, write } = await issueInto(t);
    const old = await write();
    const nginx = await during(t, startNginx({ tls: { certificate: file, key: file } }));
    await renewed(`127.0.0.1:${nginx.tlsPort}`, write, old, nginx.reload);
  });

  test('by a Unix-domain socket', async (t) => {
    const { file, write } = await issueInto(t);
    const socket = `${file}.sock`;
    const old = await write();
    const directives = `listen unix:${socket} ssl;`;
    const nginx = await during(t, startNginx({ tls: { certificate: file, key: file, directives } }));
    await renewed(`unix:${socket}`, write, old, nginx.reload);
  });
});

describe('is it served: HAProxy', { skip: skipWithout(['haproxy']) }, () => {
  test('after a reload', async (t) => {
    const { file, write } = await issueInto(t);
    const old = await write();
    const haproxy = await during(t, startHaproxy({ crt: file }));
    await renewed(`127.0.0.1:${haproxy.tlsPort}`, write, old, haproxy.reload);
  });
});

describe('is it served: Postfix', { skip: skipWithout(['postfix', 'root']) }, () => {
  const started = (t: TestContext, settings: readonly string[]) => during(t, startPostfix({ settings }));

  test('by STARTTLS, after a reload', async (t) => {
    const { file, write } = await issueInto(t);
    const old = await write();
    const tls = [`smtpd_tls_chain_files = ${file}`, 'smtpd_tls_security_level = may'];
    // A second smtpd, begun while the first one is busy, would read the new file without a reload.
    const postfix = await started(t, [...tls, 'default_process_limit = 1']);
    await renewed(`127.0.0.1:${postfix.smtpPort},starttls=smtp`, write, old, postfix.reload);
  });

  test('one that offers no STARTTLS', async (t) => {
    const { write } = await issueInto(t);
    const postfix = await started(t, []);
    const result = await look(`127.0.0.1:${postfix.smtpPort},starttls=smtp,within=1s`, await write());
    assert.deepEqual(result, { served: false, why: 'it offers no STARTTLS' });
  });
});
