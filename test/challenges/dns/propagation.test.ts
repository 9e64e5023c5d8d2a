import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  judge,
  type PropagationEdges,
  untilPropagated,
  type Watch,
} from '../../../src/challenges/dns/propagation.ts';
import { EvercertError } from '../../../src/errors.ts';
import { rejection } from '../../unit-kit/expect.ts';

const A = '_acme-challenge.a.test';
const B = '_acme-challenge.b.test';
const unreachable = () => new EvercertError('dns-failed', 'nobody', 'there');

/** What an address shows of a name at that second; undefined: it does not answer. */
type Show = (name: string, seconds: number) => readonly string[] | undefined;

/** Name servers ns1, ns2 … of every zone, each with these addresses, and a clock that only sleeping moves. */
function world(servers: readonly Readonly<Record<string, Show>>[], more: Partial<PropagationEdges> = {}) {
  let now = 0;
  const asked: string[] = [];
  const unchecked: string[] = [];
  const shows = new Map(servers.flatMap((addresses) => Object.entries(addresses)));
  const edges: PropagationEdges = {
    zoneOf: async () => 'test',
    authoritiesOf: async () =>
      servers.flatMap((addresses, index) =>
        Object.keys(addresses).map((address) => ({ server: `ns${index + 1}`, address })),
      ),
    txtAt: async (address, name) => {
      asked.push(`${address} ${name}`);
      const shown = shows.get(address)?.(name, now / 1000);
      if (shown === undefined) throw unreachable();
      return shown;
    },
    monotonic: () => now,
    sleep: async (ms) => {
      now += ms;
    },
    unchecked: (names) => unchecked.push(...names),
    ...more,
  };
  const wait = (records: Readonly<Record<string, readonly string[]>>, timeoutS = 60) =>
    untilPropagated(new Map(Object.entries(records)), timeoutS * 1000, edges);
  return { wait, asked, unchecked, seconds: () => now / 1000 };
}

const always = (): Show => () => ['1', '2', 'foreign'];
const from =
  (second: number): Show =>
  (_, seconds) =>
    seconds >= second ? ['1', '2'] : ['1'];
const never = (): Show => () => undefined;

test('all addresses of all servers are asked, once when they show all', async () => {
  const { wait, asked, seconds } = world([{ v4: always(), v6: always() }, { other: always() }]);
  await wait({ [A]: ['1', '2'], [B]: ['1'] });
  assert.deepEqual(
    asked.sort(),
    [A, B].flatMap((name) => ['other', 'v4', 'v6'].map((at) => `${at} ${name}`)).sort(),
  );
  assert.equal(seconds(), 0);
});

test('one address that lags is waited for, and only that one is asked again', async () => {
  const { wait, asked, seconds } = world([{ fast: always(), slow: from(20) }]);
  await wait({ [A]: ['1', '2'] });
  assert.ok(seconds() >= 20 && seconds() < 23, `${seconds()} s`);
  assert.equal(asked.filter((line) => line.startsWith('fast')).length, 1);
  assert.ok(asked.length < 15, `${asked.length} questions`);
});

test('a server that answers without the value until the end is told, with its records', async () => {
  const { wait, seconds } = world([{ fast: always() }, { '192.0.2.7': from(1000) }]);
  const { message, details } = await rejection(
    wait({ [A]: ['1', '2'], [B]: ['1'] }, 60),
    'propagation-timeout',
  );
  assert.equal(message, `not all name servers show the TXT record of ${A} after 60 s`);
  assert.deepEqual(details, ['still without it: ns2 (192.0.2.7)']);
  assert.equal(seconds(), 60);
});

test('one that never answers counts for nothing beside one that does', async () => {
  const { wait, unchecked, seconds } = world([{ fast: always(), '2001:db8::1': never() }]);
  await wait({ [A]: ['1'] });
  assert.deepEqual([unchecked, seconds()], [[], 0]);
});

test('one that answered once without the value, and then no more, is late', async () => {
  const falters: Show = (_, seconds) => (seconds === 0 ? [] : undefined);
  const { wait } = world([{ fast: always(), falters }]);
  await rejection(wait({ [A]: ['1'] }, 5), 'propagation-timeout');
});

test('where nobody can be asked some time is waited, no longer than is allowed', async () => {
  const alone = world([{ silent: never() }]);
  await alone.wait({ [A]: ['1'] });
  assert.deepEqual([alone.unchecked, alone.seconds()], [[A], 30]);
  const brief = world([{ silent: never() }]);
  await brief.wait({ [A]: ['1'] }, 7);
  assert.equal(brief.seconds(), 7);
});

test('so it is for a name whose zone or servers are not found', async () => {
  const noZone = async (name: string) => (name === A ? Promise.reject(unreachable()) : 'test');
  const { wait, unchecked, seconds } = world([{ fast: always() }], { zoneOf: noZone });
  await wait({ [A]: ['1'], [B]: ['1'] });
  assert.deepEqual([unchecked, seconds()], [[A], 30]);
  const second = world([]);
  await second.wait({ [A]: ['1'] });
  assert.deepEqual(second.unchecked, [A]);
});

test('an interruption ends the wait', async () => {
  const interrupted = new EvercertError('interrupted', 'stop', 'now');
  const { wait } = world([{ slow: from(50) }], { sleep: () => Promise.reject(interrupted) });
  await rejection(wait({ [A]: ['1', '2'] }), 'interrupted');
});

test('a bug in the edges is no server that does not answer', async () => {
  const { wait } = world([{ fast: always() }], { txtAt: () => Promise.reject(new TypeError('bug')) });
  await assert.rejects(wait({ [A]: ['1'] }), TypeError);
});

test('the verdict: late is who answered without all, unseen is what nobody answered about', () => {
  const watch = (name: string, shown: readonly string[] | undefined): Watch => ({
    name,
    values: ['1'],
    authority: { server: 'ns', address: 'at' },
    shown,
  });
  const late = watch(A, ['foreign']);
  const verdict = judge([late, watch(A, ['1']), watch(A, undefined), watch(B, undefined)]);
  assert.deepEqual(verdict, { late: [late], unseen: [B] });
});
