import assert from 'node:assert/strict';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type AcmeServer, startAcmeServer } from '../support/acme-server/index.ts';
import { type Bench, contents, createBench, fails, objects, run, type Store, succeeds } from './kit.ts';

let bench: Bench;
let other: AcmeServer;
before(async () => {
  bench = await createBench();
  other = await startAcmeServer({ alwaysValid: true });
});
after(() => Promise.all([bench.close(), other.close()]));

const NAME = 'a.example.org';

const reconfigure = ({ configDir }: Store, ...flags: string[]) =>
  run(['reconfigure', '--config-dir', configDir, '--cert-name', NAME, ...flags]);
const settingsText = (store: Store) => store.read('renewal', `${NAME}.json`);
const orderCount = () => bench.ca.orders.length;

const REFUSAL = {
  endpoint: 'newOrder',
  fault: {
    kind: 'problem',
    status: 400,
    problem: { type: 'urn:ietf:params:acme:error:rejectedIdentifier', detail: 'no' },
  },
} as const;

describe('reconfigure', () => {
  test('what a dry run cannot judge is saved at once, and no CA is asked', async () => {
    const store = await bench.seeded(NAME);
    const before = bench.ca.requests.length;
    const flags = [
      '--deploy-hook',
      'true',
      '--renew-before',
      '33%',
      '--keep-versions',
      '3',
      '--key-mode',
      '640',
    ];
    const { stdout } = succeeds(await reconfigure(store, ...flags, '--verify', 'a.example.org:443'));
    assert.match(stdout, /^a\.example\.org: saved: .*renewBefore/m);
    assert.doesNotMatch(stdout, /next renew/);
    assert.equal(bench.ca.requests.length, before);
    const { hooks, renewBefore, keepVersions, keyMode, verify, names } = store.settings(NAME);
    assert.deepEqual(
      { hooks, renewBefore, keepVersions, keyMode, verify, names },
      {
        hooks: { deploy: 'true' },
        renewBefore: '33%',
        keepVersions: 3,
        keyMode: '0640',
        verify: ['a.example.org:443'],
        names: [NAME],
      },
    );
    assert.deepEqual(store.versions(NAME), ['0001']);
  });

  test('another key: tried first, then saved; the next renew renews, as it was told', async () => {
    const store = await bench.seeded(NAME);
    const before = orderCount();
    const { stdout } = succeeds(await reconfigure(store, '--key-type', 'rsa'));
    assert.match(stdout, /the dry run passed at /);
    assert.match(
      stdout,
      /saved: key; the next renew orders a certificate: its key type in the settings changed/,
    );
    assert.equal(orderCount(), before + 1);
    assert.deepEqual(store.versions(NAME), ['0001']);
    assert.match(succeeds(await store.renew()).stdout, /renewing: its key type in the settings changed/);
    assert.equal(store.live(NAME), '0002');
  });

  test('a dry run that fails: exit 1, the settings stay; --skip-dry-run saves them', async () => {
    const store = await bench.seeded(NAME);
    const root = join(store.scratch, 'elsewhere');
    mkdirSync(root);
    const old = settingsText(store);
    bench.ca.inject(REFUSAL);
    fails(await reconfigure(store, '--webroot', '-w', root), 1, /the settings stay as they were/);
    assert.equal(settingsText(store), old);
    const before = bench.ca.requests.length;
    succeeds(await reconfigure(store, '--webroot', '-w', root, '--skip-dry-run'));
    assert.equal(bench.ca.requests.length, before);
    assert.deepEqual(store.settings(NAME).challenge, { type: 'webroot', roots: { [NAME]: root } });
  });

  test('nothing changed: says so, exit 0, writes nothing, whatever the file looks like', async () => {
    const store = await bench.seeded(NAME);
    writeFileSync(store.path('renewal', `${NAME}.json`), JSON.stringify(store.settings(NAME)));
    const before = contents(store.configDir);
    assert.match(succeeds(await reconfigure(store, '--key-type', 'ecdsa')).stdout, /nothing changed/);
    assert.match(succeeds(await reconfigure(store, '--deploy-hook', '')).stdout, /nothing changed/);
    assert.deepEqual(contents(store.configDir), before);
    const [told] = objects(succeeds(await reconfigure(store, '--json')));
    assert.deepEqual(told, { event: 'reconfigured', lineage: NAME, changed: [] });
  });

  test('another CA: an account there, and the renewal is left to renew', async () => {
    const store = await bench.seeded(NAME);
    const server = ['--server', other.directoryUrl];
    const old = settingsText(store);
    fails(await reconfigure(store, ...server, '--skip-dry-run'), 2, /no account at this CA yet/);
    assert.equal(settingsText(store), old);
    const account = ['--agree-tos', '--register-unsafely-without-email'];
    const { stdout } = succeeds(await reconfigure(store, ...server, ...account));
    assert.match(stdout, /the next renew orders a certificate: its CA in the settings changed/);
    assert.equal(store.settings(NAME).server, other.directoryUrl);
    succeeds(await store.renew());
    assert.equal(store.live(NAME), '0002');
  });

  test('a fallback CA: its account is made now', async () => {
    const store = await bench.seeded(NAME);
    const before = other.requests.length;
    succeeds(
      await reconfigure(store, '--fallback-server', other.directoryUrl, '--agree-tos', '-m', 'a@a.example'),
    );
    assert.ok(other.requests.length > before);
    assert.deepEqual(store.settings(NAME).fallbackServers, [other.directoryUrl]);
  });

  test('refused: no lineage, no such lineage, names, flags of certonly alone', async () => {
    const store = await bench.seeded(NAME);
    const before = contents(store.configDir);
    const where = ['reconfigure', '--config-dir', store.configDir];
    fails(await run(where), 2, /--cert-name says/);
    fails(await run([...where, '--cert-name', 'b.example.org']), 2, /there is no lineage b\.example\.org/);
    fails(await run([...where, '--cert-name', '../x']), 2, /there is no lineage/);
    fails(await run([...where, '--cert-name', '']), 2, /--cert-name needs a value/);
    fails(await reconfigure(store, '-d', 'b.example.org'), 2, /certonly --cert-name a\.example\.org -d/);
    fails(await reconfigure(store, '--force-renewal'), 2, /there is no flag --force-renewal/);
    fails(await reconfigure(store, '-w', '/a', '-w', '/b'), 2, /--webroot-path is given 2 times/);
    fails(await reconfigure(store, '--key-group', 'nosuchgroup'), 2, /there is no group nosuchgroup/);
    fails(await reconfigure(store, '-w', join(store.scratch, 'missing')), 1, /does not exist/);
    assert.deepEqual(contents(store.configDir), before);
  });

  test('a store that was never made', async () => {
    const store = bench.store();
    fails(await reconfigure(store, '--deploy-hook', 'true'), 2, /does not exist/);
    assert.equal(existsSync(store.configDir), false);
  });

  test('config.json says nothing of one certificate', async () => {
    const store = await bench.seeded(NAME);
    writeFileSync(store.path('config.json'), JSON.stringify({ 'key-type': 'rsa', 'deploy-hook': 'false' }), {
      mode: 0o600,
    });
    succeeds(await reconfigure(store, '--renew-before', '20d'));
    assert.deepEqual(store.settings(NAME).key, { type: 'ecdsa', curve: 'P-256' });
    assert.equal(store.settings(NAME).hooks, undefined);
    writeFileSync(store.path('config.json'), JSON.stringify({ reconfigure: { 'key-type': 'rsa' } }));
    fails(await reconfigure(store), 2, /"reconfigure\.key-type" cannot be set here/);
  });
});

const OPTIONAL = [
  ...['pre-hook', 'deploy-hook', 'reload-hook', 'post-hook', 'fallback-server', 'verify', 'renew-before'],
  ...['preferred-profile', 'required-profile', 'preferred-chain', 'ca-bundle', 'key-group'],
];
const KEPT = {
  fallbackServers: ['https://ca.example/dir'],
  verify: ['a.example.org:443'],
  renewBefore: '30d',
  preferredChain: 'X',
  keyGroup: 'root',
  hooks: { pre: 'true', deploy: 'true', reload: 'true', post: 'true' },
};

describe('an empty value takes a setting away', () => {
  const all = OPTIONAL.flatMap((flag) => [`--${flag}`, '']);

  for (const verb of ['certonly', 'reconfigure']) {
    test(`${verb}: each alone, and all at once`, async () => {
      const store = await bench.seeded(NAME);
      const plain = store.settings(NAME);
      store.edit(NAME, { ...KEPT, requiredProfile: 'p', caBundle: '/nonexistent' });
      const apply = async (...flags: string[]) =>
        succeeds(
          verb === 'certonly'
            ? await run(['certonly', '--config-dir', store.configDir, '-d', NAME, ...flags])
            : await reconfigure(store, '--skip-dry-run', ...flags),
        );
      // The certificate drifts otherwise, and certonly renews it.
      await apply('--required-profile', '', '--ca-bundle', '');
      assert.deepEqual(store.settings(NAME), { ...plain, ...KEPT });
      await apply('--pre-hook', '', '--verify', '');
      const { verify: _, ...rest } = KEPT;
      const { pre: __, ...hooks } = KEPT.hooks;
      assert.deepEqual(store.settings(NAME), { ...plain, ...rest, hooks });
      await apply(...all);
      assert.deepEqual(store.settings(NAME), plain);
      assert.deepEqual(store.versions(NAME), ['0001']);
    });
  }

  test('renew: a hook, with what is renewed', async () => {
    const store = await bench.seeded(NAME);
    store.edit(NAME, { hooks: { deploy: 'false', post: 'true' } });
    succeeds(await store.renew(['--force-renewal', '--deploy-hook', '']));
    assert.deepEqual(store.settings(NAME).hooks, { post: 'true' });
    succeeds(await store.renew(['--force-renewal', '--post-hook', '']));
    assert.equal(store.settings(NAME).hooks, undefined);
  });

  test('a deploy hook that keeps failing: forgotten once it is taken away', async () => {
    const store = await bench.seeded(NAME);
    fails(await store.renew(['--force-renewal', '--deploy-hook', 'false']), 1, /deploy hook false/);
    const { stdout } = succeeds(await reconfigure(store, '--deploy-hook', ''));
    assert.match(stdout, /saved: hooks; waiting to deploy again until .* --retry-now does not wait/);
    succeeds(await store.renew(['--retry-now']));
    assert.match(succeeds(await store.certificates()).stdout, /valid/);
  });

  test('it stands alone, and what must have a value has one', async () => {
    const store = await bench.seeded(NAME);
    const twice = ['--fallback-server', other.directoryUrl, '--fallback-server', ''];
    fails(await reconfigure(store, ...twice), 2, /--fallback-server needs a value/);
    for (const flag of ['--server', '--key-type', '--keep-versions', '--email', '-w'])
      fails(await reconfigure(store, flag, ''), 2, /needs a value/);
    fails(
      await run(['register', '--config-dir', store.configDir, '--ca-bundle', '']),
      2,
      /--ca-bundle needs/,
    );
  });
});
