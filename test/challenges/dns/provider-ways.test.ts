import assert from 'node:assert/strict';
import { test } from 'node:test';
import { provider as cloudflare } from '../../../src/challenges/dns/providers/cloudflare.ts';
import { provider as desec } from '../../../src/challenges/dns/providers/desec.ts';
import { provider as digitalocean } from '../../../src/challenges/dns/providers/digitalocean.ts';
import { provider as gandi } from '../../../src/challenges/dns/providers/gandi.ts';
import { provider as hetzner } from '../../../src/challenges/dns/providers/hetzner.ts';
import { EvercertError } from '../../../src/errors.ts';
import { serveCloudflare, ZONE_ID } from '../../support/dns-apis/cloudflare.ts';
import { serveDesec } from '../../support/dns-apis/desec.ts';
import { serveDigitalOcean } from '../../support/dns-apis/digitalocean.ts';
import { serveGandi } from '../../support/dns-apis/gandi.ts';
import { serveHetzner } from '../../support/dns-apis/hetzner.ts';
import { type ApiRequest, SECRET, ZONE } from '../../support/dns-apis/server.ts';
import { failure, rejection } from '../../unit-kit/expect.ts';
import { edgesFor, record } from './provider-suite.ts';

const [NAME, ONE] = [record('one').name, record('one')];
const paths = (requests: readonly ApiRequest[]) => requests.map(({ method, path }) => `${method} ${path}`);

test('cloudflare: a zone is looked up once', async (t) => {
  const api = await serveCloudflare(t);
  const dns = cloudflare.create(api.credentials, edgesFor(t));
  await dns.add(ONE);
  await dns.add(record('two'));
  const records = `POST /client/v4/zones/${ZONE_ID}/dns_records`;
  assert.deepEqual(paths(api.requests), ['GET /client/v4/zones', records, records]);
});

test('cloudflare: a token for records alone says what it lacks; zone_id or a second token help', async (t) => {
  const api = await serveCloudflare(t, true);
  const { message, hint } = await rejection(
    cloudflare.create(api.credentials, edgesFor(t)).add(ONE),
    'dns-provider',
  );
  assert.equal(message, `cloudflare: there is no zone ${ZONE} that these credentials may see`);
  assert.match(hint, /Zone:Read.*zone_id/);
  for (const more of [{ zone_id: ZONE_ID }, { zone_token: 'zones' }]) {
    const dns = cloudflare.create({ ...api.credentials, ...more }, edgesFor(t));
    await dns.add(ONE);
    assert.deepEqual(api.values(NAME), ['one']);
    await dns.remove(ONE, undefined);
    assert.deepEqual(api.values(NAME), []);
  }
});

test('cloudflare: the zone is told apart from others, and from the same one that is not active', async (t) => {
  const api = await serveCloudflare(t);
  const others = [{ id: 'other', name: 'other.example' }];
  api.answer({ status: 200, json: { success: true, result: others } });
  const dns = cloudflare.create({ ...api.credentials, account_id: 'A1' }, edgesFor(t));
  await rejection(dns.add(ONE), 'dns-provider');
  await dns.add(ONE);
  assert.equal(api.requests[1]?.query.get('account.id'), 'A1');
  assert.deepEqual(api.values(NAME), ['one']);
});

test('cloudflare: the Global API Key with its address', async (t) => {
  const { credentials, values } = await serveCloudflare(t);
  const { api_url = '' } = credentials;
  const dns = cloudflare.create({ api_url, api_key: SECRET, email: 'me@example.org' }, edgesFor(t));
  await dns.add(ONE);
  assert.deepEqual(values(NAME), ['one']);
});

for (const given of [{}, { email: 'me@example.org' }, { api_key: SECRET }, { zone_token: SECRET }])
  test(`cloudflare: ${JSON.stringify(Object.keys(given))} is not enough`, (t) => {
    const { hint } = failure(() => cloudflare.create(given, edgesFor(t)), 'credentials-missing');
    assert.match(hint, /api_token = .*CF_DNS_API_TOKEN/);
  });

for (const [provider, serve] of [
  [cloudflare, serveCloudflare],
  [digitalocean, serveDigitalOcean],
] as const)
  test(`${provider.name}: a value on a later page of answers is found`, async (t) => {
    const api = await serve(t);
    for (const value of ['1', '2', '3', '4', 'one']) api.put(NAME, value);
    const dns = provider.create(api.credentials, edgesFor(t));
    await dns.add(ONE);
    await dns.remove(ONE, undefined);
    assert.deepEqual(api.values(NAME), ['1', '2', '3', '4']);
  });

for (const [restricted, ttl] of [
  [false, 900],
  [true, 3600],
] as const)
  test(`desec: the least TTL of the domain${restricted ? ', as is usual where it cannot be asked for' : ''}`, async (t) => {
    const api = await serveDesec(t, restricted);
    const dns = desec.create(api.credentials, edgesFor(t));
    await dns.add(ONE);
    const { text = '' } = api.requests.at(-1) ?? {};
    assert.equal(JSON.parse(text)[0].ttl, ttl);
    assert.deepEqual(api.values(NAME), ['one']);
  });

test('gandi: the old kind of key', async (t) => {
  const { credentials, values, requests } = await serveGandi(t);
  const { api_url = '' } = credentials;
  await gandi.create({ api_url, api_key: SECRET }, edgesFor(t)).add(ONE);
  assert.deepEqual([values(NAME), requests[0]?.headers.authorization], [['one'], `Apikey ${SECRET}`]);
  failure(() => gandi.create({}, edgesFor(t)), 'credentials-missing');
});

test('hetzner: a change is waited for', async (t) => {
  const api = await serveHetzner(t);
  const edges = edgesFor(t);
  await hetzner.create(api.credentials, edges).add(ONE);
  assert.deepEqual(edges.slept, [1000, 1000]);
  assert.deepEqual(paths(api.requests).slice(-2), ['GET /v1/actions/42', 'GET /v1/actions/42']);
});

test('hetzner: a change that fails, and one that is never done', async (t) => {
  const failing = await serveHetzner(t, 'error');
  const failed = await rejection(hetzner.create(failing.credentials, edgesFor(t)).add(ONE), 'dns-provider');
  assert.equal(failed.message, 'hetzner: the change failed: Action failed');
  const slow = await serveHetzner(t, 'running');
  const error = await rejection(hetzner.create(slow.credentials, edgesFor(t)).add(ONE), 'dns-provider');
  assert.match(error.message, /not done within 120 s/);
});

test('hetzner: a zone that is locked by another change is waited for', async (t) => {
  const api = await serveHetzner(t);
  api.answer(undefined, { status: 423, json: { error: { code: 'locked', message: 'zone is locked' } } });
  const edges = edgesFor(t);
  await hetzner.create(api.credentials, edges).add(ONE);
  assert.deepEqual([api.values(NAME), edges.slept[0]], [['one'], 2000]);
});

for (const [provider, serve] of [
  [cloudflare, serveCloudflare],
  [digitalocean, serveDigitalOcean],
] as const)
  test(`${provider.name}: an answer to an addition with no word of success`, async (t) => {
    const api = await serve(t);
    api.answer(undefined, { status: 200, json: { success: false } });
    await rejection(provider.create(api.credentials, edgesFor(t)).add(ONE), 'dns-provider');
  });

for (const url of ['http://api.example', 'ftp://api.example', 'api.example', ''])
  test(`the secret is not sent to ${JSON.stringify(url)}`, (t) => {
    const given = { token: SECRET, api_url: url };
    assert.match(
      failure(() => desec.create(given, edgesFor(t)), 'bad-settings').message,
      /must be an https URL/,
    );
  });

test('the end of the run, and a proxy that makes no sense, are no failure of the provider', async (t) => {
  for (const code of ['interrupted', 'usage'] as const) {
    const request = () => Promise.reject(new EvercertError(code, 'm', 'h'));
    const dns = desec.create({ token: SECRET }, { ...edgesFor(t), request });
    await rejection(dns.add(ONE), code);
  }
});

test('Retry-After as a date; one that is past', async (t) => {
  const api = await serveDesec(t);
  const edges = edgesFor(t);
  const at = (ms: number) => ({
    status: 503,
    headers: { 'retry-after': new Date(edges.now() + ms).toUTCString() },
  });
  api.answer(at(30_000), at(-30_000));
  await desec.create(api.credentials, edges).add(ONE);
  assert.deepEqual([api.values(NAME), edges.slept], [['one'], [30_000, 0]]);
});
