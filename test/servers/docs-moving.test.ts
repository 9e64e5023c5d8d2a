import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { skipWithout } from '../support/rig/requirements.ts';
import { createShell, evercertScript, paragraph, type Shell, substitute } from './documented.ts';
import { breakHookGround, type HookGround } from './hook-scripts.ts';
import { succeeds } from './kit.ts';

const PAGE = 'moving.md';
const NAME = 'example.com';
/** Nothing that Pebble asks is a zone: nobody could be asked whether it has the record. */
const NO_ZONES = ['--dns-propagation-timeout', '0'];

/** A program as for lego, and a script as for acme.sh, that tell Pebble's DNS server. */
const LEGO = `#!/bin/sh -e
case $1 in
  present) curl -sSf -d "{\\"host\\":\\"$2\\",\\"value\\":\\"$3\\"}" URL/set-txt ;;
  cleanup) curl -sSf -d "{\\"host\\":\\"$2\\"}" URL/clear-txt ;;
esac
`;
const ACME_SH = `dns_xx_add() {
  XX_Api="\${XX_Api:-$(_readaccountconf_mutable XX_Api)}"
  _post "{\\"host\\":\\"$1.\\",\\"value\\":\\"$2\\"}" "$XX_Api/set-txt"
}
dns_xx_rm() { _post "{\\"host\\":\\"$1.\\"}" "$(_readaccountconf_mutable XX_Api)/clear-txt"; }
`;

describe('docs/moving.md', { concurrency: 4, skip: skipWithout(['pebble', 'curl']) }, () => {
  const reader = async (t: Parameters<typeof breakHookGround>[0], more: readonly string[] = []) => {
    const ground = await breakHookGround(t);
    const { dns } = ground.pebble;
    assert.ok(dns);
    const shell = createShell(ground.scratch);
    const resolvers = more.length === 0 ? [] : ['--dns-resolvers', dns.address];
    shell.define('evercert', evercertScript([...ground.flags, ...resolvers, ...more]));
    shell.define('systemctl', 'exit 0');
    return { ground, shell, url: dns.managementUrl };
  };

  const obtains = async (ground: HookGround, shell: Shell, command: string) => {
    const env = { ...shell.env, HOME: ground.scratch };
    await shell.run(`HOME=${env.HOME} ${command}`);
    const { certificate } = ground.lineage(NAME);
    assert.match(certificate.subjectAltName ?? '', /DNS:\*\.example\.com/);
    await succeeds(ground.renew(['--force-renewal'], { env }));
    assert.equal(ground.lineage(NAME).version, '0002');
    assert.deepEqual(await ground.txt(`_acme-challenge.${NAME}`), []);
  };

  test("certbot's hooks", async (t) => {
    const { ground, shell } = await reader(t);
    ground.manual('dns');
    const values = {
      '/etc/letsencrypt/auth.sh': join(ground.scratch, 'auth-dns.sh'),
      '/etc/letsencrypt/cleanup.sh': join(ground.scratch, 'cleanup-dns.sh'),
    };
    await obtains(ground, shell, substitute(paragraph(PAGE, /auth\.sh/), values));
  });

  test("acme.sh's script, with what it saved", async (t) => {
    const { ground, shell, url } = await reader(t, NO_ZONES);
    const home = join(ground.scratch, '.acme.sh');
    mkdirSync(join(home, 'dnsapi'), { recursive: true, mode: 0o755 });
    writeFileSync(join(home, 'dnsapi', 'dns_xx.sh'), ACME_SH);
    writeFileSync(join(home, 'account.conf'), `SAVED_XX_Api='${url}'\n`, { mode: 0o600 });
    await obtains(ground, shell, paragraph(PAGE, /--dns acmesh:dns_xx/));
  });

  test("lego's program, and the variables in a file", async (t) => {
    const { ground, shell, url } = await reader(t, NO_ZONES);
    const program = join(ground.scratch, 'dns.sh');
    writeFileSync(program, LEGO.replaceAll('URL', url), { mode: 0o755 });
    const values = {
      '/etc/evercert/lego.env': join(ground.scratch, 'lego.env'),
      '/etc/lego/dns.sh': program,
    };
    await obtains(ground, shell, substitute(paragraph(PAGE, /--dns exec/), values));
  });

  test("dehydrated's hook, and domains.txt", async (t) => {
    const { ground, shell } = await reader(t);
    ground.dehydrated('dns');
    const domains = join(ground.scratch, 'domains.txt');
    writeFileSync(domains, '# mine\n\na.example  www.a.example\nb.example \nc.example > d\n');
    const hook = { '/etc/dehydrated/hook.sh': join(ground.scratch, 'dehydrated-dns.sh') };
    const all = paragraph(PAGE, /while read/);
    await shell.run(substitute(all, { ...hook, '/etc/dehydrated/domains.txt': domains }));
    assert.deepEqual(ground.list('live'), ['a.example', 'b.example']);
    assert.match(ground.lineage('a.example').certificate.subjectAltName ?? '', /DNS:www\.a\.example/);
    const one = paragraph(PAGE, /hook\.sh -d example\.com/);
    await obtains(ground, shell, substitute(one, hook));
  });
});
