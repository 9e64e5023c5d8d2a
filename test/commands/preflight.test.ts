import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Questions } from '../../src/challenges/self-check/authority.ts';
import type { Proof } from '../../src/challenges/solver.ts';
import { type Checked, createPreflight, type PreflightEdges } from '../../src/commands/preflight.ts';
import type { Event } from '../../src/events.ts';
import { challengeFailed, failedNamesOf } from '../../src/issuance/failures.ts';
import type { CaaRecord } from '../../src/system/dns.ts';
import { fakeClock, NOW } from '../unit-kit/clock.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { scripted } from '../unit-kit/scripted.ts';

const ALWAYS = { always: true, waits: false };
const FRESH: Checked = { name: 'a', state: undefined };
const proof: Proof = {
  type: 'http-01',
  challenge: {
    name: 'a.example',
    isWildcard: false,
    token: 'token',
    keyAuthorization: 'token.thumb',
    accountUrl: 'https://ca.example/1',
  },
};

/** A name with no address, at a CA that calls itself ca.example. */
function ground(caa: readonly CaaRecord[] = [], environment: Record<string, string> = {}) {
  const told: Event[] = [];
  const asked: string[] = [];
  const dns: Questions = {
    cname: async () => undefined,
    isZone: async () => true,
    ns: async () => ['ns.example'],
    addresses: async (name) => (name === 'ns.example' ? ['192.0.2.53'] : []),
    caa: async (name) => (name === 'a.example' ? [...caa] : []),
  };
  const edges: PreflightEdges = {
    emit: (event) => void told.push(event),
    signal: NEVER,
    clock: { ...fakeClock(NOW), sleep: () => new Promise(() => undefined) },
    ask: async (question) => {
      asked.push(question);
      return '';
    },
    environment,
    dns: async () => dns,
    probeHttp: async () => () => assert.fail('there is no address'),
    probeAlpn: async () => () => assert.fail('there is no address'),
  };
  const { connection } = scripted({});
  const directory = async () => ({
    ...(await connection.directory()),
    meta: { caaIdentities: ['ca.example'] },
  });
  return { edges, told, asked, connection: { ...connection, directory } };
}

const failedOf = (name: string) => challengeFailed('ca', [{ name, type: 'dns', detail: 'no' }], 'x');
const finding = { code: 'no-address', names: ['a.example'] } as const;

test('what is found is told, and kept for what the CA may say', async () => {
  const { edges, told, connection, asked } = ground();
  const preflight = createPreflight(edges, ALWAYS);
  await preflight.presented(FRESH, connection, [proof]);
  assert.deepEqual(told, [{ type: 'self-check', lineage: 'a', finding }]);
  assert.deepEqual(preflight.findingsOf('a', failedOf('a.example')), [finding]);
  assert.deepEqual(preflight.findingsOf('a', failedOf('b.example')), []);
  assert.deepEqual(preflight.findingsOf('b', failedOf('a.example')), []);
  assert.deepEqual(asked, []);
});

test('an hourly run looks only where a validation failed', async () => {
  const { edges, told, connection } = ground();
  const preflight = createPreflight(edges, { always: false, waits: false });
  const failure = { server: 's', code: 'c', message: 'm', count: 1, firstAt: 0, lastAt: 0, nextAt: 0 };
  const after = (kind: 'validation' | 'network'): Checked => ({
    name: 'a',
    state: { version: 1, failures: [{ ...failure, kind }] },
  });
  await preflight.presented(FRESH, connection, [proof]);
  await preflight.presented(after('network'), connection, [proof]);
  assert.deepEqual(told, []);
  await preflight.presented(after('validation'), connection, [proof]);
  assert.equal(told.length, 1);
});

test('EVERCERT_SELF_CHECK=off: nothing is looked at, but what is presented is shown', async () => {
  const { edges, told, connection, asked } = ground([], { EVERCERT_SELF_CHECK: 'off' });
  await createPreflight(edges, { always: true, waits: true }).presented(FRESH, connection, [proof]);
  assert.deepEqual(
    told.map(({ type }) => type),
    ['presented'],
  );
  assert.deepEqual(asked, ['Press Enter to have the CA look at it: ']);
});

test('CAA that forbids ends the order before the CA is told, and names the name', async () => {
  const { edges, told, connection } = ground([{ critical: false, tag: 'issue', value: 'other.example' }]);
  const preflight = createPreflight(edges, ALWAYS);
  const error = await rejection(preflight.presented(FRESH, connection, [proof]), 'caa-forbids');
  assert.equal(error.message, 'ca.example may not issue for a.example');
  assert.deepEqual(error.details, [
    'a.example: the CAA records of a.example allow only other.example, not ca.example',
  ]);
  assert.deepEqual(failedNamesOf(error, ['b.example', 'a.example']), ['a.example']);
  assert.deepEqual(
    told.flatMap((event) => (event.type === 'self-check' ? event.finding.code : [])),
    ['no-address'],
  );
  assert.deepEqual(preflight.findingsOf('a', error), [finding]);
});
