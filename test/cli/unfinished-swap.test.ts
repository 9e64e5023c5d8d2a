import assert from 'node:assert/strict';
import { cpSync, mkdirSync, readFileSync, readlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSite, type Site } from '../support/evercert.ts';

const NAME = 'a.example';

/** As a run leaves it that dies between the swap to 0002 and the writing of state. */
async function killedAtSwap({ configDir, renew, ca }: Site, hook: string): Promise<void> {
  const at = (...path: string[]) => join(configDir, ...path);
  const before = readFileSync(at('state', `${NAME}.json`));
  assert.equal((await renew(['--force-renewal', '--deploy-hook', hook])).status, 0);
  writeFileSync(at('state', `${NAME}.json`), before);
  mkdirSync(at('archive', NAME, '.pending'));
  cpSync(at('archive', NAME, '0002', 'privkey.pem'), at('archive', NAME, '.pending', 'privkey.pem'));
  const key = { type: 'ecdsa', curve: 'P-256' };
  const order = { version: 1, server: ca.directoryUrl, names: [NAME], key, createdAt: 1, target: '0002' };
  writeFileSync(at('archive', NAME, '.pending', 'order.json'), JSON.stringify(order));
}

test('a swap that no state tells of is none of the operator’s, also when a renewal fails after it', async (t) => {
  const site = await createSite();
  t.after(site.close);
  const { configDir, renew, ca, scratch } = site;
  assert.equal((await site.certonly(NAME)).status, 0);
  const seen = join(scratch, 'seen');
  await killedAtSwap(site, `basename $EVERCERT_VERSION_DIR >> ${seen}`);
  writeFileSync(seen, '');
  const settings = join(configDir, 'renewal', `${NAME}.json`);
  writeFileSync(settings, readFileSync(settings, 'utf8').replace('P-256', 'P-384'));
  ca.inject({
    endpoint: 'newOrder',
    fault: { kind: 'problem', status: 400, problem: { type: 'rejectedIdentifier' } },
  });
  assert.equal((await renew()).status, 3);
  ca.clearFaults();
  const waiting = await renew();
  assert.equal(waiting.status, 3, waiting.stdout);
  assert.equal(readFileSync(seen, 'utf8'), '0002\n', 'what is live is deployed meanwhile');
  const { status, stderr } = await renew(['--retry-now']);
  assert.deepEqual([status, stderr], [0, '']);
  assert.equal(readlinkSync(join(configDir, 'live', NAME)), `../archive/${NAME}/0003`);
  assert.equal(readFileSync(seen, 'utf8'), '0002\n0003\n');
});
