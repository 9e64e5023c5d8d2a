import assert from 'node:assert/strict';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { flagsOf, VERBS } from '../../src/cli/flags.ts';
import { flagOfAnother, verbOfAnother } from '../../src/cli/other-tools.ts';
import { run } from '../cli/kit.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const OURS = new Set(VERBS.flatMap(flagsOf).flatMap(({ name, also = [] }) => [name, ...also]));

/** What a line of another tool is answered with. */
const LINES: Readonly<Record<string, RegExp>> = {
  'run --nginx -d a.example': /no verb run\n {4}hint: .*evercert certonly/,
  'certonly --nginx -d a.example': /no flag --nginx\n {4}hint: .*--webroot -w DIR/,
  'certonly --no-eff-email -d a.example': /no flag --no-eff-email\n {4}hint: Leave it out/,
  '--issue -d a.example --dns dns_cf': /no verb --issue\n {4}hint: .*evercert certonly/,
  'certonly -d a.example --reloadcmd x': /no flag --reloadcmd\n {4}hint: It is --deploy-hook here/,
  'certonly -d a.example --dns dns_cf': /no DNS provider dns_cf\n {4}hint: .*--dns acmesh:dns_cf/,
  'certonly -d a.example --dns-linode': /no DNS provider linode.*\n {4}hint: .*acmesh:dns_xx/,
  'certonly -d a.example --dns cloudflare':
    /cloudflare needs api_token[^\n]*\n {4}hint: .*--dns-credentials FILE/,
  '--accept-tos --email me@a.example run': /the verb comes first, not --accept-tos/,
  'certonly --http.webroot /x -d a.example': /no flag --http.webroot\n {4}hint: It is --webroot -w DIR here/,
  'certonly --accept-terms': /no flag --accept-terms\n {4}hint: It is --agree-tos here/,
};

const { directory, remove } = scratchDirectory('other-tools');
after(remove);

for (const [line, answer] of Object.entries(LINES)) {
  test(`evercert ${line}`, async () => {
    const { status, stdout, stderr } = await run(line.split(' '), {
      env: { EVERCERT_CONFIG_DIR: join(directory, 'store') },
    });
    assert.match(stderr, answer);
    assert.deepEqual([status, stdout], [2, '']);
  });
}

test('hints name flags of ours alone, and none for a flag that is ours', () => {
  for (const flag of OURS) assert.equal(flagOfAnother(flag), undefined, flag);
  for (const verb of VERBS) assert.equal(verbOfAnother(verb), undefined, verb);
  for (const name of ['nginx', 'reloadcmd', 'keylength', 'dnssleep', 'tls', 'http', 'path', 'days', 'kid'])
    for (const [flag = ''] of flagOfAnother(name)?.matchAll(/(?<=--)[a-z0-9-]+/g) ?? [])
      assert.ok(OURS.has(flag), `--${flag}`);
});
