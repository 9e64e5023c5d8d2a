import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, type TestContext, test } from 'node:test';
import { installExample, serveExample } from '../challenges/dns/example-package.ts';
import { type Bench, createBench, fails, run, type Store, succeeds } from '../cli/kit.ts';
import { serveCloudflare } from '../support/dns-apis/cloudflare.ts';
import { serveDesec } from '../support/dns-apis/desec.ts';
import { serveDigitalOcean } from '../support/dns-apis/digitalocean.ts';
import { serveGandi } from '../support/dns-apis/gandi.ts';
import { serveHetzner } from '../support/dns-apis/hetzner.ts';
import { type FakeApi, SECRET, ZONE } from '../support/dns-apis/server.ts';
import { type Bind, startBind } from '../support/rig/bind.ts';
import { freePort } from '../support/rig/ports.ts';
import { skipWithout } from '../support/rig/requirements.ts';

const RECORD = `_acme-challenge.${ZONE}`;
const SERVERS: Readonly<Record<string, (t: TestContext) => Promise<FakeApi>>> = {
  cloudflare: serveCloudflare,
  desec: serveDesec,
  digitalocean: serveDigitalOcean,
  example: serveExample,
  gandi: serveGandi,
  hetzner: (t) => serveHetzner(t, 'at once'),
};

/** The real binary, its bundle and its settings; the CA looks into the zone of the API. */
describe('dns-01 by the API of a provider', { skip: skipWithout(['named', 'root']) }, () => {
  let bench: Bench;
  let bind: Bind;
  let values: (name: string) => string[] = () => [];
  const seen: string[][] = [];
  const lookUp = (name: string) => {
    const found = values(name);
    seen.push(found);
    return found;
  };
  before(async () => {
    bind = await startBind({ zones: { [ZONE]: '' } });
    bench = await createBench({ alwaysValid: false, lookupTxt: lookUp });
  });
  after(async () => {
    await bench.close();
    await bind.stop();
  });

  const certonly = ({ configDir }: Store, flags: readonly string[], env?: Record<string, string>) =>
    run(
      [
        ...['certonly', '--config-dir', configDir, '--server', bench.ca.directoryUrl, '--agree-tos'],
        ...['--register-unsafely-without-email', '-d', `${ZONE},*.${ZONE}`],
        ...['--dns-resolvers', bind.address, '--dns-propagation-timeout', '0', ...flags],
      ],
      env && { env },
    );

  const countOrders = () => bench.ca.requests.filter(({ endpoint }) => endpoint === 'newOrder').length;

  /** As certbot's plugins have it. */
  function credentialsFile({ scratch }: Store, name: string, { credentials }: FakeApi): string {
    const path = join(scratch, 'credentials.ini');
    const lines = Object.entries(credentials).map(([key, value]) => `dns_${name}_${key} = ${value}\n`);
    writeFileSync(path, lines.join(''), { mode: 0o600 });
    return path;
  }

  test('base name and wildcard by each of them, from a file', {
    concurrency: false,
  }, async (t) => {
    for (const [name, serve] of Object.entries(SERVERS)) {
      const store = bench.store();
      const api = await serve(t);
      values = api.values;
      api.put(RECORD, 'foreign');
      if (name === 'example') installExample(store.path('node_modules'));
      const file = credentialsFile(store, name, api);
      const { stdout, stderr } = succeeds(await certonly(store, ['--dns', name, '--dns-credentials', file]));
      const { subjectAltName } = new X509Certificate(store.read('live', ZONE, 'cert.pem'));
      assert.equal(subjectAltName, `DNS:${ZONE}, DNS:*.${ZONE}`);
      assert.ok(
        seen.splice(0).some((found) => found.length === 3),
        `${name}: both values at once`,
      );
      assert.deepEqual(api.values(RECORD), ['foreign']);
      const told = stdout + stderr + store.read('renewal', `${ZONE}.json`);
      assert.ok(!told.includes(SECRET), name);
    }
  });

  test('from variables; again by renew', async (t) => {
    const store = bench.store();
    const { values: inZone, credentials } = await serveDigitalOcean(t);
    values = inZone;
    const env = { DO_AUTH_TOKEN: SECRET, DO_API_URL: credentials.api_url ?? '' };
    succeeds(await certonly(store, ['--dns', 'digitalocean'], env));
    succeeds(await store.renew(['--force-renewal'], { env }));
    assert.equal(store.live(ZONE), '0002');
    fails(await store.renew(['--force-renewal']), 1, /digitalocean needs token/);
    assert.deepEqual(inZone(RECORD), []);
  });

  test('what the API refuses is told in its words', async (t) => {
    const store = bench.store();
    const api = await serveDesec(t);
    const wrong = { ...api, credentials: { ...api.credentials, token: 'Wr0ng-token' } };
    const flags = ['--dns', 'desec', '--dns-credentials', credentialsFile(store, 'desec', wrong)];
    const refused = fails(await certonly(store, flags), 1, /desec: the API .* 401: Invalid token\./);
    assert.doesNotMatch(refused.stdout + refused.stderr, /Wr0ng/);
    const nowhere = {
      ...api,
      credentials: { token: SECRET, api_url: `http://127.0.0.1:${await freePort()}` },
    };
    credentialsFile(store, 'desec', nowhere);
    const unreached = fails(await certonly(store, flags), 1, /desec: cannot reach .*connection refused/);
    assert.match(unreached.stderr, /hint: .*api_url/);
  });

  test('nothing is ordered without credentials, with exposed ones, or without a provider', async (t) => {
    const api = await serveGandi(t);
    const store = bench.store();
    const file = credentialsFile(store, 'gandi', api);
    chmodSync(file, 0o644);
    const orders = countOrders();
    fails(await certonly(store, ['--dns', 'gandi', '--dns-credentials', file]), 2, /not safe.*\n.*chmod 600/);
    fails(await certonly(store, ['--dns', 'gandi']), 2, /gandi needs token/);
    fails(await certonly(store, ['--dns', 'nope']), 2, /no npm package evercert-dns-nope is installed/);
    assert.equal(countOrders(), orders);
    assert.deepEqual(api.requests, []);
  });
});
