import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { executable } from '../support/rig/executables.ts';
import { freePort } from '../support/rig/ports.ts';
import { during, startServer, until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { createShell, evercertWithAccount, paragraph, substitute, systemctlScript } from './documented.ts';
import { answersByItself, breakGround, type Ground, serves, succeeds } from './kit.ts';

const PAGE = 'haproxy.md';
const NAME = 'example.com';

/** What Debian's haproxy.cfg begins with, as far as it matters. */
const DEFAULTS = `
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
`;

/** An HAProxy with this configuration, run as the page's reader runs it: by `systemctl`. */
async function haproxyWith(t: TestContext, ground: Ground, text: string, port: number) {
  const file = join(ground.scratch, 'haproxy.cfg');
  const shell = createShell(ground.scratch);
  const write = async (changed: string): Promise<void> => {
    writeFileSync(file, `${DEFAULTS}\n${changed}\n`);
    await shell.run(`haproxy -c -f ${file}`);
  };
  await write(text);
  const args = ['-W', '-db', '-f', file];
  const haproxy = await during(t, startServer({ command: executable('haproxy'), args, ports: [port] }));
  await until('the master of HAProxy listens to signals', () => haproxy.log().includes('Loading success'));
  shell.define('systemctl', systemctlScript('haproxy', `kill -USR2 ${haproxy.pid}`));
  shell.define('evercert', evercertWithAccount(ground));
  return { shell, write };
}

/** HAProxy does not start while the file of a bind line is missing: for the first certificate it does without. */
function withoutTls(frontend: string): string {
  return frontend.replace(/^.* ssl crt .*\n/m, '');
}

describe('docs/haproxy.md', { skip: skipWithout(['pebble', 'haproxy', 'openssl']) }, () => {
  test('leads to an HAProxy that hands the challenge on, and serves what is renewed', async (t) => {
    const ground = await breakGround(t);
    const { httpPort } = ground.pebble;
    const [port, tlsPort] = [String(await freePort()), await freePort()];
    const frontend = substitute(paragraph(PAGE, /^frontend web/), {
      'bind :443 ': `bind 127.0.0.1:${tlsPort} `,
      'bind :80': `bind 127.0.0.1:${httpPort}`,
      '/etc/evercert': ground.configDir,
    });
    const backend = substitute(paragraph(PAGE, /^backend evercert\n/), { '8402': port });
    const { shell, write } = await haproxyWith(t, ground, `${withoutTls(frontend)}\n\n${backend}`, httpPort);
    await shell.run(substitute(paragraph(PAGE, /certonly --standalone/), { '8402': port }));
    await write(`${frontend}\n\n${backend}`);
    await succeeds(ground.renew(['--force-renewal'], { env: shell.env }));
    const renewed = ground.lineage(NAME);
    assert.equal(renewed.version, '0002');
    await serves(tlsPort, renewed.fingerprint, NAME);
  });

  test('leads to an HAProxy that answers the CA by itself', async (t) => {
    const ground = await breakGround(t);
    const port = ground.pebble.httpPort;
    const answering = substitute(paragraph(PAGE, /THUMBPRINT/), { 'bind :80': `bind 127.0.0.1:${port}` });
    const { shell, write } = await haproxyWith(t, ground, answering, port);
    const thumbprint = (await shell.run(paragraph(PAGE, /account thumbprint/))).trimEnd().split('\n').at(-1);
    await write(substitute(answering, { THUMBPRINT: thumbprint ?? '' }));
    await shell.run('systemctl reload haproxy');
    await answersByItself(port, thumbprint ?? '');
    await shell.run(paragraph(PAGE, /--challenge static/));
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
  });

  test('leads to an HAProxy that hands acme-tls/1 on to evercert, and all else to its sites', async (t) => {
    const ground = await breakGround(t);
    const { tlsPort } = ground.pebble;
    const port = String(await freePort());
    const words = {
      'bind :443': `bind 127.0.0.1:${tlsPort}`,
      '8443': port,
      'abns@sites': `abns@sites-${port}`,
    };
    const parts = [/^frontend tls/, /^backend evercert_tls/, /^backend sites/, /^frontend https/];
    const page = parts.map((part) => paragraph(PAGE, part)).join('\n\n');
    const text = substitute(page, { ...words, '/etc/evercert': ground.configDir });
    const { shell, write } = await haproxyWith(t, ground, withoutTls(text), tlsPort);
    await shell.run(substitute(paragraph(PAGE, /certonly --tls-alpn/), { '8443': port }));
    await write(text);
    await shell.run('systemctl reload haproxy');
    await serves(tlsPort, ground.lineage(NAME).fingerprint, NAME);
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
  });
});
