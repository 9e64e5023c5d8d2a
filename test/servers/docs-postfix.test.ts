import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { startPostfix } from '../support/rig/postfix.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { servedByOpenssl } from '../support/rig/tls-client.ts';
import { createShell, evercertScript, paragraph, substitute } from './documented.ts';
import { becomes, breakGround, shellCommand, standaloneOn, succeeds } from './kit.ts';

const PAGE = 'postfix.md';
const NAME = 'mail.example.com';

describe('docs/postfix.md', { skip: skipWithout(['pebble', 'postfix', 'openssl', 'root']) }, () => {
  test('leads to a Postfix that offers what is renewed', async (t) => {
    const ground = await breakGround(t);
    const postfix = await during(t, startPostfix({ settings: [] }));
    const [program = '', option = '', config = ''] = postfix.reloadCommand;
    const shell = createShell(ground.scratch);
    shell.define('postfix', `exec ${shellCommand([program, option, config])} "$@"`);
    shell.define(
      'postconf',
      `exec ${shellCommand([program.replace(/postfix$/, 'postconf'), option, config])} "$@"`,
    );
    shell.define(
      'evercert',
      evercertScript([...ground.flags, ...standaloneOn(ground.pebble.httpPort).slice(1)]),
    );
    await shell.run(paragraph(PAGE, /certonly --standalone/));
    await shell.run(substitute(paragraph(PAGE, /^postconf/), { '/etc/evercert': ground.configDir }));
    const chainFiles = await shell.run('postconf -h smtpd_tls_chain_files');
    assert.equal(chainFiles.trim(), ground.live(NAME, 'combined.pem'));
    await succeeds(ground.renew(['--force-renewal'], { env: shell.env }));
    const renewed = ground.lineage(NAME);
    assert.equal(renewed.version, '0002');
    await becomes(renewed.fingerprint, () => servedByOpenssl(postfix.smtpPort, NAME, ['-starttls', 'smtp']));
    assert.doesNotMatch(postfix.log(), /(warning|error|fatal): .*TLS/);
  });
});
