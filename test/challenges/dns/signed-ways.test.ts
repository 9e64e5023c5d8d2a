import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { provider as azure } from '../../../src/challenges/dns/providers/azure.ts';
import { provider as google } from '../../../src/challenges/dns/providers/google.ts';
import { provider as ovh } from '../../../src/challenges/dns/providers/ovh.ts';
import { provider as route53 } from '../../../src/challenges/dns/providers/route53.ts';
import { serveAzure } from '../../support/dns-apis/azure.ts';
import { accountFile, CHANGES, serveGoogle } from '../../support/dns-apis/google.ts';
import { serveOvh } from '../../support/dns-apis/ovh.ts';
import { saying, serveRoute53, ZONE_ID } from '../../support/dns-apis/route53.ts';
import { type ApiRequest, type FakeApi, SECRET, serveApi, ZONE } from '../../support/dns-apis/server.ts';
import { freePort } from '../../support/rig/ports.ts';
import { NOW } from '../../unit-kit/clock.ts';
import { failure, rejection } from '../../unit-kit/expect.ts';
import { edgesFor, record } from './provider-suite.ts';

const [NAME, ONE] = [record('one').name, record('one')];
const paths = (requests: readonly ApiRequest[]) => requests.map(({ method, path }) => `${method} ${path}`);

/** Edges where somebody else changes the zone just before each request of a change, `times` times. */
function rivalEdges(t: TestContext, isChange: (method: string) => boolean, rival: () => void, times: number) {
  const edges = edgesFor(t);
  let left = times;
  return {
    ...edges,
    request: (request: Parameters<typeof edges.request>[0]) => {
      if (isChange(request.method) && !request.url.endsWith('/token') && left > 0) {
        left -= 1;
        rival();
      }
      return edges.request(request);
    },
  };
}

const GUARDED = {
  route53: { provider: route53, serve: serveRoute53 },
  google: { provider: google, serve: serveGoogle },
  azure: { provider: azure, serve: serveAzure },
};
for (const [name, { provider, serve }] of Object.entries(GUARDED)) {
  const isChange = (method: string) => method !== 'GET';

  test(`${name}: values that others add at the same time are not lost`, async (t) => {
    const api: FakeApi = await serve(t);
    let rivals = 0;
    const rival = () => {
      rivals += 1;
      api.put(NAME, `rival ${rivals}`);
    };
    // The token of Azure is a request of a POST too, before any change.
    const dns = provider.create(api.credentials, rivalEdges(t, isChange, rival, 3));
    await dns.add(ONE);
    assert.deepEqual(api.values(NAME).sort(), ['one', 'rival 1', 'rival 2', 'rival 3']);
    const others = provider.create(api.credentials, rivalEdges(t, isChange, rival, 2));
    await others.remove(ONE, undefined);
    assert.deepEqual(api.values(NAME).sort(), ['rival 1', 'rival 2', 'rival 3', 'rival 4', 'rival 5']);
  });

  test(`${name}: a rival without end is told`, async (t) => {
    const api: FakeApi = await serve(t);
    let rivals = 0;
    const rival = () => {
      rivals += 1;
      api.put(NAME, `rival ${rivals}`);
    };
    const dns = provider.create(api.credentials, rivalEdges(t, isChange, rival, 1000));
    const { message } = await rejection(dns.add(ONE), 'dns-provider');
    assert.match(message, /do not match|Precondition/i);
    assert.ok(rivals < 20);
  });
}

test('google and route53: a set that vanishes before its change is made anew', async (t) => {
  for (const { provider, serve } of [GUARDED.google, GUARDED.route53]) {
    const api = await serve(t);
    api.put(NAME, 'foreign');
    const vanish = () => api.sets.clear();
    const isChange = (method: string) => method === 'POST';
    const dns = provider.create(api.credentials, rivalEdges(t, isChange, vanish, 1));
    await dns.add(ONE);
    assert.deepEqual(api.values(NAME), ['one']);
  }
});

test('the TTL and all else of a set stay; azure keeps records of more strings than one', async (t) => {
  const aws = await serveRoute53(t);
  aws.put(NAME, 'foreign');
  await route53.create(aws.credentials, edgesFor(t)).add(ONE);
  assert.equal(aws.sets.get(`${NAME}.`)?.ttl, '300');
  const cloud = await serveGoogle(t);
  cloud.put(NAME, 'foreign');
  await google.create(cloud.credentials, edgesFor(t)).add(ONE);
  assert.equal(cloud.sets.get(`${NAME}.`)?.ttl, 300);

  const api = await serveAzure(t);
  const label = NAME.slice(0, -ZONE.length - 1);
  const before = { TTL: 300, metadata: { by: 'hand' }, TXTRecords: [{ value: ['two ', 'strings'] }] };
  api.sets.set(label, { etag: 'e1', properties: before });
  const dns = azure.create(api.credentials, edgesFor(t));
  await dns.add(ONE);
  const after = api.sets.get(label)?.properties;
  assert.deepEqual(after, { ...before, TXTRecords: [...before.TXTRecords, { value: ['one'] }] });
  await dns.remove(ONE, undefined);
  assert.deepEqual(api.sets.get(label)?.properties, before);
});

test('route53: a zone is looked up once, one request at a time; hosted_zone_id needs no look-up', async (t) => {
  const api = await serveRoute53(t);
  const edges = edgesFor(t);
  let open = 0;
  const dns = route53.create(api.credentials, {
    ...edges,
    request: async (request) => {
      open += 1;
      assert.equal(open, 1);
      const response = await edges.request(request);
      open -= 1;
      return response;
    },
  });
  const names = ['a', 'b', 'c'].map((label) => record('one', `_acme-challenge.${label}.${ZONE}`));
  await Promise.all(names.map((each) => dns.add(each)));
  assert.equal(paths(api.requests).filter((path) => path.endsWith('/hostedzonesbyname')).length, 1);
  assert.equal(api.requests.length, 7);
  for (const hosted_zone_id of [ZONE_ID, `/hostedzone/${ZONE_ID}`]) {
    const asked: number = api.requests.length;
    await route53.create({ ...api.credentials, hosted_zone_id }, edgesFor(t)).add(record(hosted_zone_id));
    assert.equal(api.requests.length, asked + 2);
  }
  const wrong = route53.create({ ...api.credentials, hosted_zone_id: '../x' }, edgesFor(t));
  assert.match((await rejection(wrong.add(ONE), 'dns-provider')).message, /hosted_zone_id/);
  const absent = route53.create({ ...api.credentials, hosted_zone_id: 'ZABSENT' }, edgesFor(t));
  assert.match(
    (await rejection(absent.add(ONE), 'dns-provider')).message,
    /404: NoSuchHostedZone: No hosted zone found with ID: ZABSENT/,
  );
});

test('route53: throttling waits; two public zones of one name, and records that are not simple, are told', async (t) => {
  const api = await serveRoute53(t);
  const edges = edgesFor(t);
  const throttled = { status: 400, text: saying('Rate exceeded', 'Throttling') };
  api.answer(throttled, throttled);
  await route53.create(api.credentials, edges).add(ONE);
  assert.deepEqual(edges.slept, [2000, 4000]);

  api.sets.set(`${NAME}.`, { ttl: '60', values: ['"x"'], more: '<SetIdentifier>a</SetIdentifier>' });
  const weighted = await rejection(route53.create(api.credentials, edges).add(ONE), 'dns-provider');
  assert.match(weighted.message, /weighted/);

  api.zones.push({ id: 'ZSECOND', name: `${ZONE}.`, isPrivate: false });
  const two = await rejection(route53.create(api.credentials, edges).add(ONE), 'dns-provider');
  assert.match(two.message, /more than one public zone example\.org/);
  assert.match(two.hint, /hosted_zone_id/);
});

test('route53: in China and GovCloud, the API and its region are others', async (t) => {
  const hosts: string[] = [];
  for (const region of ['cn-north-1', 'us-gov-east-1', 'eu-west-1']) {
    const dns = route53.create(
      { access_key_id: 'A', secret_access_key: 'B', region },
      {
        ...edgesFor(t),
        request: async ({ url, headers }) => {
          hosts.push(`${new URL(url).host} ${/\d{8}\/([^/]+)/.exec(headers?.authorization ?? '')?.[1]}`);
          return { status: 403, headers: {}, body: '', bytes: Buffer.alloc(0) };
        },
      },
    );
    await rejection(dns.add(ONE), 'dns-provider');
  }
  assert.deepEqual(hosts, [
    'route53.amazonaws.com.cn cn-northwest-1',
    'route53.us-gov.amazonaws.com us-gov-west-1',
    'route53.amazonaws.com us-east-1',
  ]);
});

const role = (minutes: number) => ({
  Code: 'Success',
  AccessKeyId: 'AKIDEXAMPLE',
  SecretAccessKey: SECRET,
  Token: 'sess10n-t0ken==',
  Expiration: new Date(NOW + minutes * 60_000).toISOString(),
});

test('route53: the role of an EC2 instance (IMDSv2), fetched anew before it runs out', async (t) => {
  const aws = await serveRoute53(t);
  let minutes = 0.5;
  const roles = '/latest/meta-data/iam/security-credentials/';
  const metadata = await serveApi(t, ({ method, path, headers }) => {
    if (path === '/latest/api/token' && method === 'PUT')
      return headers['x-aws-ec2-metadata-token-ttl-seconds'] === '300'
        ? { status: 200, text: 'imds-t0ken' }
        : { status: 400 };
    if (headers['x-aws-ec2-metadata-token'] !== 'imds-t0ken') return { status: 401 };
    if (path === roles) return { status: 200, text: 'my-role' };
    return path === `${roles}my-role` ? { status: 200, json: role(minutes) } : { status: 404 };
  });
  const { api_url = '' } = aws.credentials;
  const dns = route53.create({ metadata_url: metadata.url, api_url }, edgesFor(t));
  minutes = 60;
  await dns.add(ONE);
  await dns.add(record('two'));
  assert.equal(metadata.requests.length, 3);
  assert.deepEqual(aws.values(NAME).sort(), ['one', 'two']);
  assert.equal(aws.requests[0]?.headers['x-amz-security-token'], 'sess10n-t0ken==');

  minutes = 0.5;
  const brief = route53.create({ metadata_url: metadata.url, api_url }, edgesFor(t));
  await brief.remove(ONE, undefined);
  assert.equal(metadata.requests.length, 3 + 3 * 3);
});

test('route53: the role of a container', async (t) => {
  const aws = await serveRoute53(t);
  const container = await serveApi(t, ({ path, headers }) =>
    path === '/v2/credentials/1' && headers.authorization === 'c0ntainer'
      ? { status: 200, json: role(60) }
      : { status: 400, json: { message: 'invalid token c0ntainer' } },
  );
  const given = {
    container_url: `${container.url}/v2/credentials/1`,
    api_url: aws.credentials.api_url ?? '',
  };
  await route53.create({ ...given, container_token: 'c0ntainer' }, edgesFor(t)).add(ONE);
  assert.deepEqual(aws.values(NAME), ['one']);
  await rejection(route53.create(given, edgesFor(t)).add(ONE), 'credentials-missing');
});

test('route53: neither keys nor a role: the keys are what is missing', async (t) => {
  const metadata_url = `http://127.0.0.1:${await freePort()}`;
  const { message, hint } = await rejection(
    route53.create({ metadata_url }, edgesFor(t)).add(ONE),
    'credentials-missing',
  );
  assert.match(message, /needs keys: no keys are given, and this machine has no role: .*connection refused/);
  assert.match(hint, /AWS_ACCESS_KEY_ID/);
  failure(() => route53.create({ access_key_id: 'A' }, edgesFor(t)), 'credentials-missing');
});

test('google: one token and one look-up for all; a token that runs out is fetched anew', async (t) => {
  const api = await serveGoogle(t);
  const dns = google.create(api.credentials, edgesFor(t));
  await Promise.all(['a', 'b'].map((label) => dns.add(record('one', `_acme-challenge.${label}.${ZONE}`))));
  const count = (end: string) => paths(api.requests).filter((path) => path.endsWith(end)).length;
  assert.deepEqual([count('POST /token'), count('/managedZones'), count(CHANGES)], [1, 1, 2]);
  api.setLifetime(30);
  const brief = google.create(api.credentials, edgesFor(t));
  await brief.add(ONE);
  assert.ok(count('POST /token') > 2);
});

test('google: project and zone by name; the account of the machine', async (t) => {
  const api = await serveGoogle(t);
  const { api_url = '' } = api.credentials;
  const named = { ...api.credentials, managed_zone: 'zone-public' };
  await google.create(named, edgesFor(t, 'never asked')).add(ONE);
  assert.deepEqual(api.values(NAME), ['one']);
  const elsewhere = google.create({ ...named, project: 'project-2' }, edgesFor(t));
  assert.match(
    (await rejection(elsewhere.add(ONE), 'dns-provider')).message,
    /404: The 'parameters\.managedZone'/,
  );
  await google.create({ metadata_url: api.url, api_url }, edgesFor(t)).remove(ONE, undefined);
  assert.deepEqual(api.values(NAME), []);
  const nowhere = { metadata_url: `http://127.0.0.1:${await freePort()}`, api_url };
  const { message, hint } = await rejection(
    google.create(nowhere, edgesFor(t)).add(ONE),
    'credentials-missing',
  );
  assert.match(message, /none is given, and this machine has no account/);
  assert.match(hint, /GOOGLE_APPLICATION_CREDENTIALS/);
});

test('google: what is no key file is refused without a word of it', (t) => {
  const wrong = [
    SECRET,
    '{"type": "authorized_user", "refresh_token": "S3cr3t-tok3n"}',
    accountFile('https://x.example', `-----BEGIN PRIVATE KEY-----\n${SECRET}\n-----END PRIVATE KEY-----\n`),
    accountFile('not a url'),
  ];
  for (const service_account of wrong) {
    const { message } = failure(() => google.create({ service_account }, edgesFor(t)), 'credentials-missing');
    assert.ok(!message.includes(SECRET), message);
  }
});

test('azure: another cloud, a named zone, an operation of another that is not done yet', async (t) => {
  const api = await serveAzure(t);
  const { environment, ...rest } = { ...api.credentials, environment: 'mars' };
  failure(() => azure.create({ ...rest, environment }, edgesFor(t)), 'bad-settings');
  const dns = azure.create({ ...api.credentials, zone: ZONE }, edgesFor(t, 'never asked'));
  api.answer(undefined, undefined, {
    status: 409,
    json: { code: 'Conflict', message: 'Another operation is pending for requested object.' },
  });
  await dns.add(ONE);
  assert.deepEqual(api.values(NAME), ['one']);
  const missing = azure.create({ ...api.credentials, resource_group: 'other' }, edgesFor(t));
  assert.match(
    (await rejection(missing.add(ONE), 'dns-provider')).message,
    /404: ResourceNotFound: The Resource 'Microsoft\.Network\/dnsZones\/example\.org' was not found/,
  );
});

test('ovh: the zone is served anew after each change, also after one that was cut short', async (t) => {
  const api = await serveOvh(t);
  const dns = ovh.create(api.credentials, edgesFor(t));
  api.answer(undefined, undefined, undefined, { status: 500, json: { message: 'Internal server error' } });
  await rejection(dns.add(ONE), 'dns-provider');
  assert.deepEqual([api.values(NAME), api.served(NAME)], [['one'], []]);
  const trace = await dns.add(ONE);
  assert.deepEqual([api.values(NAME), api.served(NAME)], [['one'], ['one']]);
  await dns.remove(ONE, trace);
  assert.deepEqual([api.values(NAME), api.served(NAME)], [[], []]);
  await dns.remove(ONE, trace);
});

test('ovh: a value that is there twice, after an answer that was lost, goes twice', async (t) => {
  const api = await serveOvh(t);
  const dns = ovh.create(api.credentials, edgesFor(t));
  const trace = await dns.add(ONE);
  api.put(NAME, 'one');
  await dns.remove(ONE, trace);
  assert.deepEqual(api.values(NAME), []);
});

test('ovh: endpoints by name; keys of another endpoint', async (t) => {
  const api = await serveOvh(t);
  const asked: string[] = [];
  const edges = {
    ...edgesFor(t),
    request: async ({ url }: { url: string }) => {
      asked.push(url);
      return {
        status: 403,
        headers: {},
        body: '{"message":"This application key is invalid"}',
        bytes: Buffer.alloc(0),
      };
    },
  };
  const { api_url: _, ...given } = api.credentials;
  for (const endpoint of ['ovh-eu', 'ovh-us', 'https://api.example.net/1.0/'])
    assert.match(
      (await rejection(ovh.create({ ...given, endpoint }, edges).add(ONE), 'dns-provider')).message,
      /403: This application key is invalid/,
    );
  assert.deepEqual(asked, [
    'https://eu.api.ovh.com/1.0/auth/time',
    'https://api.us.ovhcloud.com/1.0/auth/time',
    'https://api.example.net/1.0/auth/time',
  ]);
  failure(() => ovh.create({ ...given, endpoint: 'ovh-mars' }, edges), 'bad-settings');
  failure(() => ovh.create({ ...given, endpoint: 'http://api.example.net' }, edges), 'bad-settings');
});

test('route53: the set that is listed in the place of one that is not there is not taken for it', async (t) => {
  const api = await serveRoute53(t);
  api.put(`zzz.${ZONE}`, 'other');
  const dns = route53.create(api.credentials, edgesFor(t));
  await dns.add(ONE);
  assert.deepEqual([api.values(NAME), api.values(`zzz.${ZONE}`)], [['one'], ['other']]);
  await dns.remove(record('other'), undefined);
  assert.deepEqual([api.values(NAME), api.values(`zzz.${ZONE}`)], [['one'], ['other']]);
});
