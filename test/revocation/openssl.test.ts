import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import * as x509 from '@peculiar/x509';
import { EvercertError } from '../../src/errors.ts';
import { createRevocationCheck } from '../../src/revocation/check.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createHttpSender } from '../../src/system/http.ts';
import { privateKeyPem } from '../support/acme-server/ca.ts';
import { freePort } from '../support/rig/ports.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { certify, certifyCa, type Party } from '../unit-kit/revocation.ts';

const FAR = Date.parse('2049-01-01T00:00:00Z');
const OCSP_SIGNING = new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.9']);
const INDEX = [
  'V\t400101000000Z\t\t4001\tunknown\t/CN=good',
  'R\t400101000000Z\t260101000000Z,keyCompromise\t4002\tunknown\t/CN=revoked',
  '',
].join('\n');

/** `openssl ocsp` as a responder; its URL. */
async function startResponder(t: TestContext, issuer: Party, signer: Party): Promise<string> {
  const { directory, remove } = scratchDirectory('ocsp');
  const key = await privateKeyPem(signer.keys);
  const files = { index: INDEX, 'ca.pem': issuer.pem, 'signer.pem': signer.pem, 'signer.key': key };
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const port = await freePort();
  const words = `ocsp -port ${port} -index index -CA ca.pem -rsigner signer.pem -rkey signer.key -ndays 1`;
  const child = spawn('openssl', words.split(' '), { cwd: directory, stdio: ['ignore', 'pipe', 'pipe'] });
  t.after(() => {
    child.kill();
    remove();
  });
  // It says "waiting" when it listens; a connection without a request would occupy it for ever.
  let said = '';
  const heard = (chunk: Buffer) => {
    said += chunk;
  };
  child.stdout.on('data', heard);
  child.stderr.on('data', heard);
  while (!said.includes('waiting')) await delay(10);
  return `http://127.0.0.1:${port}/`;
}

for (const kind of ['ec', 'rsa'] as const) {
  test(`openssl's responder and a delegate, ${kind}`, { timeout: 30_000 }, async (t) => {
    const issuer = await certifyCa('Responder', kind);
    const signer = await certify({ name: 'signer', kind, extensions: [OCSP_SIGNING], notAfter: FAR }, issuer);
    const responder = await startResponder(t, issuer, signer);
    // It serves one connection at a time, for as long as that is kept.
    const { send, close } = createHttpSender(
      { connectTimeoutMs: 5000, timeoutMs: 5000, maxBytes: 1 << 20, maxSockets: 1 },
      undefined,
      {},
    );
    t.after(close);
    const { check } = createRevocationCheck({ send, clock: systemClock, signal: NEVER, userAgent: 'unit/1' });
    const leaves = await Promise.all(
      ['4001', '4002', '4003'].map((serial) => certify({ name: serial, serial }, issuer)),
    );
    const answers = await check(
      leaves.map(({ pem }, index) => ({
        lineage: String(index),
        certPem: pem,
        issuerPem: issuer.pem,
        responder,
      })),
    );
    const said = [...answers.values()].map((answer) =>
      answer instanceof EvercertError ? answer.message : [answer.status, answer.reason],
    );
    assert.deepEqual(said.slice(0, 2), [
      ['good', undefined],
      ['revoked', 'keyCompromise'],
    ]);
    assert.match(String(said[2]), /does not know the certificate/);
  });
}
