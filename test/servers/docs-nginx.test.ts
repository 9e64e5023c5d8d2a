import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { executable } from '../support/rig/executables.ts';
import { freePort } from '../support/rig/ports.ts';
import { during, startServer } from '../support/rig/processes.ts';
import { NGINX_STREAM, skipWithout } from '../support/rig/requirements.ts';
import {
  createShell,
  evercertScript,
  evercertWithAccount,
  paragraph,
  substitute,
  systemctlScript,
  withoutIpv6,
} from './documented.ts';
import { answersByItself, breakGround, type Ground, serves, shellCommand, succeeds } from './kit.ts';

const PAGE = 'nginx.md';
const NAME = 'example.com';

/** An nginx that includes sites/*.conf, run as the page's reader runs it: by `nginx` and `systemctl`. */
async function nginxWith(t: TestContext, ground: Ground, firstSite: string, main = '') {
  const directory = join(ground.scratch, 'nginx');
  mkdirSync(join(directory, 'sites'), { recursive: true });
  const site = (name: string, text: string): void =>
    writeFileSync(join(directory, 'sites', `${name}.conf`), text);
  writeFileSync(join(directory, 'nginx.conf'), main + CONFIGURATION);
  site('80', firstSite);
  const words = [
    executable('nginx'),
    '-p',
    directory,
    '-e',
    join(directory, 'error.log'),
    '-c',
    'nginx.conf',
  ];
  const shell = createShell(ground.scratch);
  shell.define('nginx', `exec ${shellCommand(words)} "$@"`);
  shell.define('systemctl', systemctlScript('nginx', 'nginx -s reload'));
  await shell.run('nginx -t');
  const [command = '', ...args] = words;
  await during(t, startServer({ command, args, ports: [ground.pebble.httpPort] }));
  return { shell, site };
}

const CONFIGURATION = `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid nginx.pid;
events { worker_connections 64; }
http {
  access_log off;
  ${['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${name};`).join(' ')}
  include sites/*.conf;
}
`;

describe('docs/nginx.md', { skip: skipWithout(['pebble', 'nginx', 'openssl']) }, () => {
  test('leads to an nginx that answers the CA, and serves what is renewed', async (t) => {
    const ground = await breakGround(t);
    const { httpPort } = ground.pebble;
    const webroot = join(ground.scratch, 'acme');
    mkdirSync(webroot);
    const plain = substitute(paragraph(PAGE, /listen 80 /), {
      'listen 80 ': `listen 127.0.0.1:${httpPort} `,
      '[::]:80': `[::1]:${httpPort}`,
      '/var/www/acme': webroot,
    });
    const { shell, site } = await nginxWith(t, ground, withoutIpv6(plain));
    shell.define('evercert', evercertScript(ground.flags));
    await shell.run(
      substitute(paragraph(PAGE, /certonly --webroot.*--deploy-hook/), { '/var/www/acme': webroot }),
    );
    const moved = await fetch(`http://127.0.0.1:${httpPort}/page?x=1`, { redirect: 'manual' });
    assert.equal(moved.status, 301);
    assert.match(moved.headers.get('location') ?? '', /^https:.*\/page\?x=1$/);
    const tlsPort = await freePort();
    const secure = substitute(paragraph(PAGE, /listen 443 /), {
      'listen 443 ': `listen 127.0.0.1:${tlsPort} `,
      '[::]:443': `[::1]:${tlsPort}`,
      '/etc/evercert': ground.configDir,
    });
    site('443', withoutIpv6(secure));
    await shell.run('nginx -t && systemctl reload nginx');
    await serves(tlsPort, ground.lineage(NAME).fingerprint, NAME);
    await succeeds(ground.renew(['--force-renewal'], { env: shell.env }));
    const renewed = ground.lineage(NAME);
    assert.equal(renewed.version, '0002');
    for (const name of [NAME, 'www.example.com']) await serves(tlsPort, renewed.fingerprint, name);
  });

  test('leads to an nginx that hands the challenge on to evercert', async (t) => {
    const ground = await breakGround(t);
    const port = String(await freePort());
    const location = substitute(paragraph(PAGE, /^location \/.*\s+proxy_pass/), { '8402': port });
    const site = `server { listen 127.0.0.1:${ground.pebble.httpPort}; ${location} }`;
    const { shell } = await nginxWith(t, ground, site);
    shell.define('evercert', evercertScript(ground.flags));
    await shell.run(substitute(paragraph(PAGE, /certonly --standalone/), { '8402': port }));
    assert.equal(ground.lineage(NAME).version, '0001');
  });

  test('leads to an nginx that answers the CA by itself', async (t) => {
    const ground = await breakGround(t);
    const port = ground.pebble.httpPort;
    const { shell, site } = await nginxWith(t, ground, `server { listen 127.0.0.1:${port}; }`);
    shell.define('evercert', evercertWithAccount(ground));
    const thumbprint = (await shell.run(paragraph(PAGE, /account thumbprint/))).trimEnd().split('\n').at(-1);
    const location = substitute(paragraph(PAGE, /THUMBPRINT/), { THUMBPRINT: thumbprint ?? '' });
    site('80', `server { listen 127.0.0.1:${port}; ${location} }`);
    await shell.run('nginx -t && systemctl reload nginx');
    await answersByItself(port, thumbprint ?? '');
    await shell.run(paragraph(PAGE, /--challenge static/));
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
  });
});

const WITH_STREAM = skipWithout(['pebble', 'nginx', 'nginx-stream', 'openssl']);

describe('docs/nginx.md, tls-alpn-01', { skip: WITH_STREAM }, () => {
  test('leads to an nginx that hands acme-tls/1 on to evercert, and all else to its sites', async (t) => {
    const ground = await breakGround(t);
    const { httpPort, tlsPort } = ground.pebble;
    const [port, sitesPort] = [String(await freePort()), String(await freePort())];
    const stream = substitute(paragraph(PAGE, /^stream/), {
      'listen 443;': `listen 127.0.0.1:${tlsPort};`,
      '[::]:443': `[::1]:${tlsPort}`,
      '8443': port,
      '4443': sitesPort,
    });
    const main = `load_module ${NGINX_STREAM};\n${withoutIpv6(stream)}\n`;
    const { shell, site } = await nginxWith(t, ground, `server { listen 127.0.0.1:${httpPort}; }`, main);
    shell.define('evercert', evercertScript(ground.flags));
    await shell.run(substitute(paragraph(PAGE, /certonly --tls-alpn/), { '8443': port }));
    const secure = substitute(paragraph(PAGE, /listen 443 /), {
      'listen 443 ': `listen 127.0.0.1:${sitesPort} `,
      '[::]:443': `[::1]:${sitesPort}`,
      '/etc/evercert': ground.configDir,
    });
    site('443', withoutIpv6(secure));
    await shell.run('nginx -t && systemctl reload nginx');
    await serves(tlsPort, ground.lineage(NAME).fingerprint, NAME);
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
  });
});
