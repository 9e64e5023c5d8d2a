import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { executable } from '../support/rig/executables.ts';
import { freePort } from '../support/rig/ports.ts';
import { during, startServer, until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { createShell, evercertScript, paragraph, substitute, systemctlScript } from './documented.ts';
import { breakGround, serves, succeeds } from './kit.ts';

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

describe('docs/haproxy.md', { skip: skipWithout(['pebble', 'haproxy', 'openssl']) }, () => {
  test('leads to an HAProxy that hands the challenge on, and serves what is renewed', async (t) => {
    const ground = await breakGround(t);
    const [port, tlsPort] = [String(await freePort()), await freePort()];
    const frontend = substitute(paragraph(PAGE, /^frontend/), {
      'bind :443 ': `bind 127.0.0.1:${tlsPort} `,
      'bind :80': `bind 127.0.0.1:${ground.pebble.httpPort}`,
      '/etc/evercert': ground.configDir,
    });
    const backend = substitute(paragraph(PAGE, /^backend/), { '8402': port });
    const file = join(ground.scratch, 'haproxy.cfg');
    const write = (text: string): void => writeFileSync(file, `${DEFAULTS}\n${text}\n\n${backend}\n`);
    const shell = createShell(ground.scratch);
    write(withoutTls(frontend));
    await shell.run(`haproxy -c -f ${file}`);
    const args = ['-W', '-db', '-f', file];
    const haproxy = await during(
      t,
      startServer({ command: executable('haproxy'), args, ports: [ground.pebble.httpPort] }),
    );
    await until('the master of HAProxy listens to signals', () => haproxy.log().includes('Loading success'));
    shell.define('systemctl', systemctlScript('haproxy', `kill -USR2 ${haproxy.pid}`));
    shell.define('evercert', evercertScript(ground.flags));
    await shell.run(substitute(paragraph(PAGE, /certonly --standalone/), { '8402': port }));
    write(frontend);
    await shell.run(`haproxy -c -f ${file}`);
    await succeeds(ground.renew(['--force-renewal'], { env: shell.env }));
    const renewed = ground.lineage(NAME);
    assert.equal(renewed.version, '0002');
    await serves(tlsPort, renewed.fingerprint, NAME);
  });
});

/** HAProxy does not start while the file of a bind line is missing: for the first certificate it does without. */
function withoutTls(frontend: string): string {
  return frontend.replace(/^.* ssl crt .*\n/m, '');
}
