import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createAuthorities, createServers, firstHand } from '../../../src/challenges/dns/authorities.ts';
import { EvercertError } from '../../../src/errors.ts';
import { rejection } from '../../unit-kit/expect.ts';

const RECORD = '_acme-challenge.www.example.test';
const silent = async (): Promise<never> => Promise.reject(new EvercertError('dns-failed', 'nobody', 'there'));

/** A resolver that knows example.test, and its servers, which know these names: their aliases, or ''. */
function setUp(names: Readonly<Record<string, string>>, servers: readonly string[] = ['ok']) {
  const asked: string[] = [];
  const resolver = {
    cname: async (name: string) => {
      asked.push(`CNAME ${name}`);
      return 'by-resolver.test';
    },
    isZone: async (name: string) => {
      asked.push(`SOA ${name}`);
      return name === 'example.test';
    },
  };
  const answering = {
    cname: async (name: string) => names[name] || undefined,
    exists: async (name: string) => name in names,
    txt: async () => [],
  };
  const authoritiesOf = async () => servers.map((address) => ({ server: 'ns', address }));
  const none = { cname: silent, exists: silent, txt: silent };
  const at = (address: string) => (address === 'ok' ? answering : none);
  return { asked, view: firstHand(resolver, authoritiesOf, at) };
}

test('no resolver is asked for a record that is not there yet', async () => {
  const { view, asked } = setUp({});
  assert.equal(await view.cname(RECORD), undefined);
  assert.equal(await view.isZone(RECORD), false);
  assert.equal(await view.isZone(`_label.${RECORD}`), false);
  assert.deepEqual(asked, ['SOA www.example.test', 'SOA example.test']);
});

test('an alias is read first hand; a name that exists may be a zone, which the resolver knows', async () => {
  assert.equal(await setUp({ [RECORD]: 'x.other.test' }).view.cname(RECORD), 'x.other.test');
  const { view, asked } = setUp({ [RECORD]: '' });
  assert.equal(await view.isZone(RECORD), false);
  assert.ok(asked.includes(`SOA ${RECORD}`));
});

test('a server that does not answer is passed over; without any the resolver is asked', async () => {
  assert.equal(await setUp({}, ['dead', 'ok']).view.cname(RECORD), undefined);
  assert.equal(await setUp({}, ['dead', 'dead']).view.cname(RECORD), 'by-resolver.test');
  assert.equal(await setUp({}, []).view.cname(RECORD), 'by-resolver.test');
  assert.equal(await setUp({}).view.cname('plain.example.test'), 'by-resolver.test');
});

test('a bug is no server that does not answer', async () => {
  const bug = async (): Promise<never> => Promise.reject(new TypeError('bug'));
  const resolver = { cname: async () => undefined, isZone: async () => true };
  const one = async () => [{ server: 'ns', address: 'x' }];
  const view = firstHand(resolver, one, () => ({ cname: bug, exists: bug, txt: bug }));
  await assert.rejects(view.cname(RECORD), TypeError);
});

test('all addresses of all name servers that can be found, looked up once', async () => {
  let asked = 0;
  const authoritiesOf = createAuthorities({
    ns: async () => {
      asked += 1;
      return ['a.test', 'b.test', 'c.test'];
    },
    addresses: async (name) => (name === 'b.test' ? silent() : [`4 of ${name}`, `6 of ${name}`]),
  });
  const found = await authoritiesOf('zone');
  assert.deepEqual(
    found.map(({ address }) => address),
    ['4 of a.test', '6 of a.test', '4 of c.test', '6 of c.test'],
  );
  await authoritiesOf('zone');
  assert.equal(asked, 1);
  assert.deepEqual(await createAuthorities({ ns: silent, addresses: silent })('zone'), []);
});

test('a server that is only ever silent is asked twice; one that has answered, always', async () => {
  const asked: string[] = [];
  let isUp = true;
  const server = (address: string) => ({
    cname: silent,
    exists: silent,
    txt: async () => {
      asked.push(address);
      return address === 'up' && isUp ? ['value'] : silent();
    },
  });
  const at = createServers(async (address) => server(address));
  assert.deepEqual(await at('up').txt('a'), ['value']);
  isUp = false;
  for (let round = 0; round < 5; round += 1)
    for (const address of ['up', 'dead']) await rejection(at(address).txt('a'), 'dns-failed');
  assert.deepEqual([asked.filter((address) => address === 'up').length, asked.length], [6, 8]);
});

test('a zone of very many servers does not keep us busy', async () => {
  const many = (count: number, what: string) =>
    Array.from({ length: count }, (_, index) => `${what}${index}`);
  const authoritiesOf = createAuthorities({
    ns: async () => many(5000, 'ns'),
    addresses: async () => many(4000, 'address'),
  });
  assert.equal((await authoritiesOf('zone')).length, 320);
});

test('a zone whose servers could not be found is looked up again', async () => {
  let asked = 0;
  const authoritiesOf = createAuthorities({
    ns: async () => {
      asked += 1;
      return asked === 1 ? silent() : ['a.test'];
    },
    addresses: async (name) => [name],
  });
  assert.deepEqual(await authoritiesOf('zone'), []);
  assert.equal((await authoritiesOf('zone')).length, 1);
});
