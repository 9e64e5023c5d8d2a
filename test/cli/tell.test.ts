import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSite } from '../support/evercert.ts';

test('a run for one certificate tells of no recovery of another', async (t) => {
  const site = await createSite();
  t.after(site.close);
  for (const name of ['a.example', 'b.example']) assert.equal((await site.certonly(name)).status, 0);
  const letters = join(site.scratch, 'letters');
  const told = () => (existsSync(letters) ? readFileSync(letters, 'utf8') : '');
  const notify = ['--notify', `exec:echo $EVERCERT_NOTICE_KINDS >> ${letters}`];
  rmSync(join(site.configDir, 'live', 'b.example', 'chain.pem'));
  assert.equal((await site.renew(notify)).status, 1);
  assert.equal(told(), 'failed\n');
  assert.equal((await site.renew(['--cert-name', 'a.example', ...notify])).status, 0);
  assert.equal(told(), 'failed\n');
  assert.equal((await site.renew(['--cert-name', 'b.example', '--force-renewal', ...notify])).status, 0);
  assert.equal(told(), 'failed\nrecovered\n');
});
