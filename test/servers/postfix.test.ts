import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startPostfix } from '../support/rig/postfix.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { type ServedCertificate, servedByOpenssl } from '../support/rig/tls-client.ts';
import { becomes, breakGround, shellCommand, succeeds } from './kit.ts';

const NAME = 'mail.example.test';

function servedBySmtp(port: number): Promise<ServedCertificate> {
  return servedByOpenssl(port, NAME, ['-starttls', 'smtp']);
}

describe('Postfix', { skip: skipWithout(['pebble', 'postfix', 'openssl', 'root']) }, () => {
  test('offers the renewed certificate by STARTTLS after a reload', async (t) => {
    const ground = await breakGround(t);
    await succeeds(ground.certonly(NAME, ground.standalone));
    const before = ground.lineage(NAME);
    const chainFiles = `smtpd_tls_chain_files = ${ground.live(NAME, 'combined.pem')}`;
    const postfix = await during(
      t,
      startPostfix({ settings: [chainFiles, 'smtpd_tls_security_level = may'] }),
    );
    assert.equal((await servedBySmtp(postfix.smtpPort)).fingerprint, before.fingerprint);
    const hook = ['--deploy-hook', shellCommand(postfix.reloadCommand)];
    await succeeds(ground.renew(['--force-renewal', ...hook]));
    const after = ground.lineage(NAME);
    assert.notEqual(after.fingerprint, before.fingerprint);
    await becomes(after.fingerprint, () => servedBySmtp(postfix.smtpPort));
    assert.match(postfix.log(), / reload -- version/);
    assert.doesNotMatch(postfix.log(), /(warning|error|fatal): .*TLS/);
  });
});
