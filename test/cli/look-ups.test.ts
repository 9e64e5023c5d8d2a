import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createSite, type Site } from '../support/evercert.ts';

const NAMES = ['a.example.org', 'b.example.org'];

const pathOf = ({ configDir }: Site, folder: string, name: string) => join(configDir, folder, `${name}.json`);
const read = (path: string) => JSON.parse(readFileSync(path, 'utf8'));

test('a root bundle that is gone keeps nobody from asking about the others', async (t) => {
  const site = await createSite();
  t.after(() => site.close());
  for (const name of NAMES) assert.equal((await site.certonly(name)).status, 0);
  const [broken = '', other = ''] = NAMES;
  const settings = pathOf(site, 'renewal', broken);
  writeFileSync(settings, JSON.stringify({ ...read(settings), caBundle: '/nonexistent/roots.pem' }));
  for (const name of NAMES) {
    const path = pathOf(site, 'state', name);
    const state = read(path);
    writeFileSync(path, JSON.stringify({ ...state, renewalInfo: { ...state.renewalInfo, nextPollAt: 0 } }));
  }
  const { status, stdout, stderr } = await site.renew(['-v']);
  assert.equal(status, 0, stderr);
  assert.match(stdout, /^a\.example\.org: the suggested renewal time could not be asked for: .*roots\.pem/m);
  assert.match(stdout, /2 certificates: 2 unchanged/);
  for (const name of NAMES) {
    const { renewalInfo } = read(pathOf(site, 'state', name));
    assert.ok(renewalInfo.nextPollAt > Date.now(), name);
    assert.equal(renewalInfo.failures, name === other ? undefined : 1);
  }
});
