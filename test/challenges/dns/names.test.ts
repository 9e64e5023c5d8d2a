import assert from 'node:assert/strict';
import { test } from 'node:test';
import { followAliases, proofName, proofValue } from '../../../src/challenges/dns/names.ts';
import { createZoneOf } from '../../../src/challenges/dns/zone.ts';
import { rejection } from '../../unit-kit/expect.ts';

const CHALLENGE = { name: 'www.example.org', accountUrl: 'https://example.com/acme/acct/ExampleAccount' };

test('the value is the digest of the key authorization', () => {
  assert.equal(proofValue({ keyAuthorization: 'abc' }), 'ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0');
});

test('the name, and the one of an account, as in the draft', () => {
  assert.equal(proofName(CHALLENGE, false), '_acme-challenge.www.example.org');
  assert.equal(proofName(CHALLENGE, true), '_ujmmovf2vn55tgye._acme-challenge.www.example.org');
});

function aliases(of: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const cname = async (name: string) => {
    asked.push(name);
    return of[name];
  };
  return { asked, follow: (name: string) => followAliases({ cname }, name) };
}

test('a chain of CNAMEs is followed to its end', async () => {
  const { follow, asked } = aliases({ a: 'b', b: 'c' });
  assert.equal(await follow('a'), 'c');
  assert.deepEqual(asked, ['a', 'b', 'c']);
  assert.equal(await follow('x'), 'x');
});

test('a circle and a chain too long are told', async () => {
  const circle = await rejection(aliases({ a: 'b', b: 'c', c: 'b' }).follow('a'), 'dns-failed');
  assert.match(circle.message, /leads round in a circle: a -> b -> c -> b$/);
  const numbered = Array.from({ length: 30 }, (_, index) => [`n${index}`, `n${index + 1}`]);
  const { follow, asked } = aliases(Object.fromEntries(numbered));
  const { message } = await rejection(follow('n0'), 'dns-failed');
  assert.match(message, /leads on more than 10 times/);
  assert.equal(asked.length, 11);
});

test('exactly ten CNAMEs are followed', async () => {
  const ten = Array.from({ length: 10 }, (_, index) => [`n${index}`, `n${index + 1}`]);
  assert.equal(await aliases(Object.fromEntries(ten)).follow('n0'), 'n10');
});

test('the zone is the closest name above with a SOA; each name is asked about once', async () => {
  const asked: string[] = [];
  const isZone = async (name: string) => {
    asked.push(name);
    return ['example.org', 'deep.example.org'].includes(name);
  };
  const zoneOf = createZoneOf({ isZone });
  assert.equal(await zoneOf('_acme-challenge.www.example.org'), 'example.org');
  assert.equal(await zoneOf('_acme-challenge.mail.example.org'), 'example.org');
  assert.equal(await zoneOf('_acme-challenge.deep.example.org'), 'deep.example.org');
  assert.equal(await zoneOf('example.org'), 'example.org');
  assert.equal(asked.filter((name) => name === 'example.org').length, 1);
  const { message } = await rejection(zoneOf('x.test'), 'dns-failed');
  assert.match(message, /no zone was found for x\.test/);
});

test('a look-up that failed is tried again', async () => {
  let fails = true;
  const isZone = async () => {
    if (fails) throw new TypeError('now');
    return true;
  };
  const zoneOf = createZoneOf({ isZone });
  await assert.rejects(zoneOf('a.test'), TypeError);
  fails = false;
  assert.equal(await zoneOf('a.test'), 'a.test');
});
