import 'reflect-metadata';
import assert from 'node:assert/strict';
import { cpSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import type { AcmeServerOptions } from '../support/acme-server/index.ts';
import { authority } from '../unit-kit/chains.ts';
import { createBench, fails, objects, run, type Store, succeeds } from './kit.ts';

const NAME = 'a.example.org';
const EAB_KEY = 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W';

async function begin(t: TestContext, knobs: Partial<AcmeServerOptions> = {}) {
  const bench = await createBench({ authority, ...knobs });
  t.after(() => bench.close());
  const store = bench.store();
  const where = ['--config-dir', store.configDir];
  const server = ['--server', bench.ca.directoryUrl];
  const register = (...more: string[]) => run(['register', ...where, ...server, ...more]);
  const show = (...more: string[]) => run(['show-account', ...where, ...more]);
  const thumbprint = (...more: string[]) => run(['account', 'thumbprint', ...where, ...more]);
  return { ca: bench.ca, store, register, show, thumbprint };
}

const folderOf = (store: Store) => store.path('accounts', readdirSync(store.path('accounts'))[0] ?? '');
const record = (store: Store) => JSON.parse(readFileSync(join(folderOf(store), 'account.json'), 'utf8'));
const edit = (store: Store, changes: object) =>
  writeFileSync(join(folderOf(store), 'account.json'), JSON.stringify({ ...record(store), ...changes }));

describe('register and show-account', { concurrency: 2 }, () => {
  test('an account is made once, shown without its key, and used by certonly', async (t) => {
    const { ca, store, register, show } = await begin(t);
    const made = succeeds(await register('-m', 'a@a.example', '--agree-tos'));
    assert.match(
      made.stdout,
      new RegExp(`^account at ${ca.directoryUrl}\n    URL {9}${ca.accounts[0]?.url}\n`),
    );
    assert.match(made.stdout, /e-mail {6}a@a\.example\n {4}thumbprint {2}[\w-]{43}\n$/);
    for (const result of [await register(), await show(), await show('--server', ca.directoryUrl)])
      assert.equal(succeeds(result).stdout, made.stdout);
    const [told] = objects(succeeds(await show('--json')));
    assert.deepEqual(told, {
      event: 'account',
      server: ca.directoryUrl,
      url: ca.accounts[0]?.url,
      email: 'a@a.example',
      thumbprint: ca.accounts[0]?.key.thumbprint,
    });
    succeeds(await store.certonly(NAME));
    assert.equal(ca.accounts.length, 1);
  });

  test('the thumbprint alone is printed for scripts', async (t) => {
    const { ca, store, register, thumbprint } = await begin(t);
    fails(await thumbprint(), 2, /does not exist/);
    succeeds(await register('-m', 'a@a.example', '--agree-tos'));
    const expected = ca.accounts[0]?.key.thumbprint;
    for (const flags of [[], ['-q'], ['--server', ca.directoryUrl]]) {
      const { stdout, stderr } = succeeds(await thumbprint(...flags));
      assert.deepEqual([stdout, stderr], [`${expected}\n`, '']);
    }
    const told = { event: 'thumbprint', server: ca.directoryUrl, thumbprint: expected };
    assert.deepEqual(objects(succeeds(await thumbprint('--json'))), [told]);
    fails(await thumbprint('--server', 'letsencrypt'), 2, /no account at acme-v02[\s\S]*evercert register/);
    cpSync(folderOf(store), store.path('accounts', 'zz.example'), { recursive: true });
    const { stdout } = fails(await thumbprint(), 2, /accounts at several CAs[\s\S]*--server/);
    assert.equal(stdout, '');
  });

  test('another e-mail address is told to the CA', async (t) => {
    const { ca, store, register } = await begin(t);
    succeeds(await register('-m', 'a@a.example', '--agree-tos'));
    assert.match(succeeds(await register('-m', 'b@a.example')).stdout, /b@a\.example/);
    assert.deepEqual([ca.accounts[0]?.contact, record(store).email], [['mailto:b@a.example'], 'b@a.example']);
  });

  test('nothing to show, and nothing agreed to', async (t) => {
    const { ca, register, show } = await begin(t);
    fails(await show('--server', 'letsencrypt'), 2, /does not exist/);
    fails(
      await register('-m', 'a@a.example'),
      2,
      /terms of service: https:\/\/ca\.test\/terms[\s\S]*--agree-tos/,
    );
    fails(await register('--agree-tos'), 2, /no e-mail address[\s\S]*--email/);
    fails(await show(), 2, /there is no account yet[\s\S]*evercert register/);
    fails(await show('--server', 'letsencrypt'), 2, /no account at acme-v02\.api\.letsencrypt\.org yet/);
    assert.equal(ca.count('newAccount'), 0);
  });

  test('a CA that wants an external account binding says so before anything is made', async (t) => {
    const { ca, store, register } = await begin(t, {
      externalAccountRequired: true,
      externalAccounts: { 'kid-1': EAB_KEY },
    });
    const words = ['-m', 'a@a.example', '--agree-tos'];
    fails(await register(...words), 2, /external account binding[\s\S]*--eab-kid/);
    assert.equal(ca.count('newAccount'), 0);
    assert.deepEqual(readdirSync(store.path('accounts')), []);
    const bound = succeeds(await register(...words, '--eab-kid', 'kid-1', '--eab-hmac-key', EAB_KEY));
    assert.ok(!bound.stdout.includes(EAB_KEY));
    // Bound once, it needs no key any more.
    succeeds(await store.certonly(NAME));
  });

  test('an account that the CA lost is made again by register too', async (t) => {
    const { ca, store, register } = await begin(t);
    succeeds(await register('-m', 'a@a.example', '--agree-tos'));
    const before = record(store).url;
    ca.forgetAccounts();
    const { stderr } = succeeds(await register());
    assert.match(stderr, /had lost the account; it was made again, with the same key/);
    assert.deepEqual(ca.accounts[0]?.contact, ['mailto:a@a.example']);
    assert.notEqual(record(store).url, before);
  });
});

describe('an account that is gone', { concurrency: 2 }, () => {
  test('is made again with the same key and consent, and the renewal goes on', async (t) => {
    const { ca, store } = await begin(t);
    succeeds(await store.certonly(NAME));
    succeeds(await store.certonly('b.example.org'));
    const { url, termsAgreedAt } = record(store);
    const key = readFileSync(join(folderOf(store), 'key.pem'), 'utf8');
    ca.forgetAccounts();
    const { stderr } = succeeds(await store.renew(['--force-renewal']));
    assert.equal(stderr.match(/had lost the account/g)?.length, 1);
    assert.equal(ca.accounts.length, 1);
    assert.notEqual(record(store).url, url);
    assert.equal(record(store).url, ca.accounts[0]?.url);
    assert.equal(record(store).termsAgreedAt, termsAgreedAt);
    assert.equal(readFileSync(join(folderOf(store), 'key.pem'), 'utf8'), key);
    assert.doesNotMatch(succeeds(await store.renew(['--force-renewal'])).stderr, /lost/);
  });

  test('its order under way is placed anew', async (t) => {
    const { ca, store } = await begin(t);
    succeeds(await store.certonly(NAME));
    ca.inject({ endpoint: 'finalize', fault: { kind: 'drop' } });
    fails(await store.renew(['--force-renewal']), 1, /cut off/);
    ca.forgetAccounts();
    succeeds(await store.renew(['--retry-now']));
    assert.deepEqual([store.live(NAME), ca.orders.length], ['0002', 3]);
  });

  test('and moved: it is found by its key, and its record is corrected', async (t) => {
    const { ca, store } = await begin(t);
    succeeds(await store.certonly(NAME));
    edit(store, { url: `${ca.url}/acme/account/nowhere`, email: 'a@a.example' });
    const { stderr } = succeeds(await store.renew(['--force-renewal']));
    assert.equal(stderr, '');
    assert.deepEqual(
      [record(store).url, record(store).email, ca.accounts.length],
      [ca.accounts[0]?.url, 'a@a.example', 1],
    );
  });

  test('is not made again where nobody agreed to the terms', async (t) => {
    const { ca, store } = await begin(t);
    succeeds(await store.certonly(NAME));
    edit(store, { termsAgreedAt: undefined });
    ca.forgetAccounts();
    fails(await store.renew(['--force-renewal']), 1, /terms of service[\s\S]*--agree-tos/);
    assert.equal(ca.accounts.length, 0);
    assert.equal(store.live(NAME), '0001');
  });

  test('is not made again where the CA wants a binding that we do not have; certonly brings it', async (t) => {
    const { ca, store } = await begin(t, { externalAccounts: { 'kid-1': EAB_KEY } });
    succeeds(await store.certonly(NAME));
    ca.knobs.externalAccountRequired = true;
    ca.forgetAccounts();
    fails(await store.renew(['--force-renewal']), 1, /external account binding[\s\S]*--eab-kid/);
    const eab = ['--force-renewal', '--eab-kid', 'kid-1', '--eab-hmac-key', EAB_KEY];
    succeeds(await store.certonly(NAME, eab));
    assert.equal(ca.accounts.length, 1);
  });

  test('because it was closed is told, and no other is made', async (t) => {
    const { ca, store } = await begin(t);
    succeeds(await store.certonly(NAME));
    const [account] = ca.accounts;
    assert.ok(account);
    account.status = 'deactivated';
    fails(
      await store.renew(['--force-renewal']),
      1,
      /the account at .* was closed[\s\S]*hint: .*evercert register/,
    );
    assert.deepEqual([ca.accounts.length, store.live(NAME)], [1, '0001']);
  });
});

for (const [endpoint, finalizes] of [
  ['newOrder', 2],
  ['finalize', 2],
] as const) {
  test(`the answer to ${endpoint} was lost: the next run goes on with the same order`, async (t) => {
    const { ca, store } = await begin(t, { ordersPerPage: 1 });
    succeeds(await store.certonly(NAME));
    ca.inject({ endpoint, fault: { kind: 'lost-reply' } });
    fails(await store.renew(['--force-renewal']), 1, /cut off/);
    succeeds(await store.renew(['--retry-now']));
    assert.deepEqual([store.live(NAME), ca.orders.length, ca.count('finalize')], ['0002', 2, finalizes]);
  });
}
