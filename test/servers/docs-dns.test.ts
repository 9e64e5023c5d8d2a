import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { startBind } from '../support/rig/bind.ts';
import { executable } from '../support/rig/executables.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { createShell, evercertScript, paragraph, substitute } from './documented.ts';
import { breakGround, succeeds } from './kit.ts';

const PAGE = 'dns.md';
const NAME = 'example.com';
const EXAMPLE_SECRET = 'bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSE=';

describe('docs/dns.md', { skip: skipWithout(['pebble', 'named', 'root']) }, () => {
  test('leads to a BIND in which evercert proves a name and its wildcard', async (t) => {
    const { directory, remove } = scratchDirectory('docs-dns');
    t.after(remove);
    const key = { '/etc/bind/evercert.key': join(directory, 'evercert.key') };
    const shell = createShell(directory);
    shell.define('tsig-keygen', `exec ${executable('tsig-keygen')} "$@"`);
    await shell.run(substitute(paragraph(PAGE, /^tsig-keygen/), key));
    const statements = (zones: string) =>
      substitute(paragraph(PAGE, /^include/), { ...key, '/var/lib/bind': zones });
    const bind = await during(t, startBind({ zones: { [NAME]: '' }, statements }));
    const ground = await breakGround(t, { dnsServer: `127.0.0.1:${bind.port}` });
    shell.define('evercert', evercertScript([...ground.flags, '--dns-resolvers', bind.address]));
    const credentials = join(directory, 'rfc2136.ini');
    const secret = /secret "(.*)"/.exec(readFileSync(join(directory, 'evercert.key'), 'utf8'));
    const values = { '192.0.2.53': bind.address, [EXAMPLE_SECRET]: secret?.[1] ?? '' };
    writeFileSync(credentials, substitute(paragraph(PAGE, /^server = /), values), { mode: 0o600 });
    const command = paragraph(PAGE, /certonly --dns rfc2136/);
    await shell.run(substitute(command, { '/etc/evercert/rfc2136.ini': credentials }));
    await succeeds(ground.renew(['--force-renewal']));
  });
});
