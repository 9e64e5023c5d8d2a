import assert from 'node:assert/strict';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { startApache } from '../support/rig/apache.ts';
import { freePort } from '../support/rig/ports.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { createShell, evercertScript, evercertWithAccount, paragraph, substitute } from './documented.ts';
import { answersByItself, breakGround, type Ground, serves, shellCommand, succeeds } from './kit.ts';

const PAGE = 'apache.md';
const NAME = 'example.com';

/** A directory that every user may read, as /var/www is. */
function publicDirectory(t: TestContext): string {
  const { directory, remove } = scratchDirectory('www');
  t.after(remove);
  chmodSync(directory, 0o755);
  return directory;
}

const load = (name: string) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so\n`;

/** An Apache that answers the CA as the page says and includes what is in `sites`. */
function apacheWith(t: TestContext, ground: Ground, webroot: string, sites: string) {
  const alias = substitute(paragraph(PAGE, /^Alias/), { '/var/www/acme': webroot });
  return startedApache(t, ground, `${load('alias')}${alias}\nIncludeOptional ${sites}/*.conf`);
}

/** An Apache with these directives, and the shell of the page's reader. */
async function startedApache(t: TestContext, ground: Ground, directives: string) {
  const apache = await during(t, startApache({ httpPort: ground.pebble.httpPort, directives }));
  const command = shellCommand(apache.reloadCommand.slice(0, -2));
  const shell = createShell(ground.scratch);
  shell.define(
    'apachectl',
    `case $1 in configtest) exec ${command} -t ;; *) exec ${command} -k "$1" ;; esac`,
  );
  shell.define('evercert', evercertScript(ground.flags));
  return { apache, shell };
}

/** The page's virtual host on a port of our own. */
function virtualHost(ground: Ground, port: number): string {
  const host = substitute(paragraph(PAGE, /^<VirtualHost/), {
    '*:443': `127.0.0.1:${port}`,
    '/etc/evercert': ground.configDir,
  });
  return `Listen 127.0.0.1:${port}\n${host}\n`;
}

/** The same as the page's last paragraph wants it. */
function withOneFile(host: string): string {
  return host.replace('fullchain.pem', 'combined.pem').replace(/^.*SSLCertificateKeyFile.*\n/m, '');
}

describe('docs/apache.md', { skip: skipWithout(['pebble', 'apache2', 'openssl']) }, () => {
  for (const layout of ['two files', 'combined.pem alone'] as const) {
    test(`leads to an Apache that answers the CA, and serves what is renewed from ${layout}`, async (t) => {
      const ground = await breakGround(t);
      const [webroot, sites] = [publicDirectory(t), publicDirectory(t)];
      const { shell } = await apacheWith(t, ground, webroot, sites);
      await shell.run(substitute(paragraph(PAGE, /certonly --webroot/), { '/var/www/acme': webroot }));
      const tlsPort = await freePort();
      const host = virtualHost(ground, tlsPort);
      writeFileSync(join(sites, 'tls.conf'), layout === 'two files' ? host : withOneFile(host));
      await succeeds(ground.renew(['--force-renewal'], { env: shell.env }));
      const renewed = ground.lineage(NAME);
      assert.equal(renewed.version, '0002');
      await serves(tlsPort, renewed.fingerprint, NAME);
    });
  }

  test('leads to an Apache that hands the challenge on to evercert', async (t) => {
    const ground = await breakGround(t);
    const port = String(await freePort());
    const pass = substitute(paragraph(PAGE, /^ProxyPass/), { '8402': port });
    const { shell } = await startedApache(t, ground, `${load('proxy')}${load('proxy_http')}${pass}`);
    await shell.run(substitute(paragraph(PAGE, /certonly --standalone/), { '8402': port }));
    assert.equal(ground.lineage(NAME).version, '0001');
  });

  test('leads to an Apache that answers the CA by itself', async (t) => {
    const ground = await breakGround(t);
    const place = { '/var/www/acme': publicDirectory(t) };
    const modules = ['alias', 'setenvif', 'include'].map(load).join('');
    const directives = modules + substitute(paragraph(PAGE, /^SetEnvIf/), place);
    const { shell } = await startedApache(t, ground, directives);
    shell.define('evercert', evercertWithAccount(ground));
    await shell.run(substitute(paragraph(PAGE, /account thumbprint/), place));
    const thumbprint = (await shell.run('evercert account thumbprint')).trimEnd();
    await answersByItself(ground.pebble.httpPort, thumbprint);
    await shell.run(paragraph(PAGE, /--challenge static/));
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
  });
});
