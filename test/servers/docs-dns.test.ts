import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { startBind, zoneFile } from '../support/rig/bind.ts';
import { startDnsFront } from '../support/rig/dns-front.ts';
import { executable } from '../support/rig/executables.ts';
import { during, startServer } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { createShell, evercertScript, paragraph, type Shell, substitute } from './documented.ts';
import { breakGround, succeeds } from './kit.ts';

const PAGE = 'dns.md';
const NAME = 'example.com';
const EXAMPLE_SECRET = 'bm90IGEgc2VjcmV0LCBidXQgYW4gZXhhbXBsZSE=';

/** Proves the name and its wildcard as the page says, and once more by renew. */
async function proves(t: TestContext, shell: Shell, server: Server, secret: string): Promise<void> {
  const ground = await breakGround(t, { dnsServer: `127.0.0.1:${server.port}` });
  shell.define('evercert', evercertScript([...ground.flags, '--dns-resolvers', server.address]));
  const credentials = join(ground.scratch, 'rfc2136.ini');
  const values = { '192.0.2.53': server.address, [EXAMPLE_SECRET]: secret };
  writeFileSync(credentials, substitute(paragraph(PAGE, /^server = /), values), { mode: 0o600 });
  const command = paragraph(PAGE, /certonly --dns rfc2136/);
  await shell.run(substitute(command, { '/etc/evercert/rfc2136.ini': credentials }));
  await succeeds(ground.renew(['--force-renewal']));
  assert.equal(ground.lineage(NAME).version, '0002');
}

interface Server {
  readonly address: string;
  readonly port: number;
}

function scratch(t: TestContext): string {
  const { directory, remove } = scratchDirectory('docs-dns');
  t.after(remove);
  return directory;
}

describe('docs/dns.md', { skip: skipWithout(['pebble', 'named', 'root']) }, () => {
  test('leads to a BIND in which a name and its wildcard are proven', async (t) => {
    const directory = scratch(t);
    const key = { '/etc/bind/evercert.key': join(directory, 'evercert.key') };
    const shell = createShell(directory);
    shell.define('tsig-keygen', `exec ${executable('tsig-keygen')} "$@"`);
    await shell.run(substitute(paragraph(PAGE, /^tsig-keygen/), key));
    const statements = (zones: string) =>
      substitute(paragraph(PAGE, /^include/), { ...key, '/var/lib/bind': zones });
    const bind = await during(t, startBind({ zones: { [NAME]: '' }, statements }));
    const made = readFileSync(join(directory, 'evercert.key'), 'utf8');
    await proves(t, shell, bind, /secret "(.*)"/.exec(made)?.[1] ?? '');
  });
});

describe('docs/dns.md', { skip: skipWithout(['pebble', 'knotd', 'root']) }, () => {
  test('leads to a Knot in which a name and its wildcard are proven', async (t) => {
    const directory = scratch(t);
    const front = await startDnsFront();
    t.after(front.stop);
    writeFileSync(join(directory, 'zone'), `$ORIGIN ${NAME}.\n${zoneFile([front.address], '')}`);
    const around = [
      `server:\n  rundir: ${directory}\n  listen: 127.0.0.1@${front.port}\ndatabase:\n  storage: ${directory}`,
      paragraph(PAGE, /^key:/),
      `    file: ${directory}/zone\n`,
    ];
    const file = join(directory, 'knot.conf');
    writeFileSync(file, around.join('\n'));
    const ports = [front.port];
    await during(t, startServer({ command: executable('knotd'), args: ['-c', file], ports }));
    await proves(t, createShell(directory), front, EXAMPLE_SECRET);
  });
});
