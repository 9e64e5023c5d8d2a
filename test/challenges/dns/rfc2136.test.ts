import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import type { ProviderEdges, TxtRecord } from '../../../src/challenges/dns/provider.ts';
import { provider } from '../../../src/challenges/dns/providers/rfc2136.ts';
import { EvercertError } from '../../../src/errors.ts';
import { sendDns } from '../../../src/system/dns-exchange.ts';
import { type Bind, type BindOptions, startBind, type UpdateKey } from '../../support/rig/bind.ts';
import { during } from '../../support/rig/processes.ts';
import { skipWithout } from '../../support/rig/requirements.ts';
import { failure, NEVER, rejection } from '../../unit-kit/expect.ts';

const SECRET = Buffer.alloc(64, 9).toString('base64');
const KEYS: UpdateKey[] = ['sha256', 'sha384', 'sha512'].map((hash) => ({
  name: `Key-${hash}`,
  algorithm: `hmac-${hash}`,
  secret: SECRET,
}));
const [KEY = { name: '', algorithm: '', secret: '' }] = KEYS;
const NAME = '_acme-challenge.www.example.test';
const unused = async (): Promise<never> => assert.fail('nobody asks for this');

function record(value: string, name = NAME): TxtRecord {
  const challenge = {
    name: 'www.example.test',
    isWildcard: false,
    token: '',
    keyAuthorization: '',
    accountUrl: '',
  };
  return { name, value, challenge };
}

function edges(more: Partial<ProviderEdges> = {}): ProviderEdges {
  const noZone = async () => Promise.reject(new EvercertError('dns-failed', 'no zone', 'hint'));
  return {
    request: unused,
    zoneOf: noZone,
    dns: unused,
    exchange: (server, message) => sendDns(server, message, NEVER),
    run: unused,
    now: Date.now,
    sleep: unused,
    ...more,
  };
}

function client(
  { port }: Pick<Bind, 'port'>,
  key: Partial<UpdateKey> = {},
  more: Partial<ProviderEdges> = {},
) {
  return provider.create({ server: `127.0.0.1:${port}`, ...KEY, ...key }, edges(more));
}

function bind(t: TestContext, more: Partial<BindOptions> = {}): Promise<Bind> {
  const zones = { 'example.test': '_acme-challenge.www TXT "foreign"', 'sub.example.test': '' };
  return during(t, startBind({ zones, keys: KEYS, ...more }));
}

test('what credentials cannot be', () => {
  const good = { server: '127.0.0.1', ...KEY };
  for (const bad of [{ algorithm: 'hmac-md5' }, { secret: '???' }, { name: 'a\x1b' }, { port: '5x' }])
    failure(() => provider.create({ ...good, ...bad }, edges()), 'credentials-missing');
  for (const fine of [{ algorithm: 'HMAC-SHA512' }, { algorithm: 'hmac-sha384.' }, { port: '5353' }])
    provider.create({ ...good, ...fine }, edges());
});

describe('rfc2136 at BIND', { skip: skipWithout(['named', 'root']) }, () => {
  test('each algorithm adds and removes one value; others stay; twice is no error', async (t) => {
    const server = await bind(t);
    for (const key of KEYS) {
      const { add, remove } = client(server, key);
      for (const value of ['one', 'two', 'two']) await add(record(value));
      assert.deepEqual(await server.txt(NAME), ['foreign', 'one', 'two']);
      for (const value of ['one', 'one', 'two']) await remove(record(value), undefined);
      assert.deepEqual(await server.txt(NAME), ['foreign']);
    }
  });

  test('the zone is the one that the server has; the resolvers are not asked', async (t) => {
    const server = await bind(t);
    const name = '_acme-challenge.a.b.sub.example.test';
    await client(server).add(record('deep', name));
    assert.match(
      server.log(),
      /updating zone 'sub\.example\.test\/IN': adding an RR at '_acme-challenge\.a\.b\.sub/,
    );
  });

  test('what is refused, and what to do about it', async (t) => {
    const server = await bind(t, { keys: KEYS.slice(0, 1) });
    const closed = await bind(t, { zoneBlock: 'update-policy { grant Key-sha512 zonesub TXT; };' });
    const hour = 3_600_000;
    const refused = async (word: RegExp, hint: RegExp, client: ReturnType<typeof provider.create>) => {
      const error = await rejection(client.add(record('x')), 'dns-provider');
      assert.match(error.message, word);
      assert.match(error.hint, hint);
      assert.ok(!`${error.message}${error.hint}`.includes(SECRET));
    };
    const zoneOf = async () => 'example.test';
    const wrong = Buffer.alloc(32).toString('base64');
    await refused(/BADSIG/, /secret is not/, client(server, { secret: wrong }, { zoneOf }));
    await refused(/BADKEY/, /no key of this name/, client(server, { name: 'other' }, { zoneOf }));
    const late = { zoneOf, now: () => Date.now() - hour };
    await refused(/BADTIME; its clock: 20\d\d-/, /Set the clock/, client(server, {}, late));
    await refused(/REFUSED/, /update-policy \{ grant/, client(closed));
    const elsewhere = { zoneOf: async () => 'other.test' };
    const foreign = client(server, {}, elsewhere).add(record('x', '_acme-challenge.other.test'));
    const { message, hint } = await rejection(foreign, 'dns-provider');
    assert.match(`${message} ${hint}`, /NOTAUTH.*name the primary/s);
  });
});
