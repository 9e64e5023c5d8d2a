import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemOf } from '../../src/acme/problem.ts';
import { type OrderTerms, placeOrder } from '../../src/issuance/place.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { type Meeting, meetRegistered } from '../unit-kit/ca.ts';
import { rejection } from '../unit-kit/expect.ts';

const identifiers = [parseIdentifier('a.example')];
const replaces = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE';
const preferred = (name: string) => ({ name, required: false });
const required = (name: string) => ({ name, required: true });

/** Places an order; tells what was sent beside the names each time, and what the listener heard. */
async function place({ ca, connection }: Meeting, terms: Partial<OrderTerms>) {
  const heard: string[] = [];
  const listener = {
    replacesRefused: ({ type }: { type: string }) => void heard.push(`refused ${type}`),
    profileMissing: (offered: readonly string[]) => void heard.push(`missing: ${offered.join()}`),
  };
  const done = placeOrder(
    connection,
    { identifiers, replaces: undefined, profile: undefined, ...terms },
    listener,
  ).then(
    ({ url }) => url,
    (error: unknown) => error,
  );
  const outcome = await done;
  const sent = ca.requests
    .filter(({ endpoint }) => endpoint === 'newOrder')
    .map(({ payload }) => {
      const { identifiers: _, ...rest } = payload as Record<string, unknown>;
      return rest;
    });
  return { outcome, sent, heard };
}

const refuse = (meeting: Meeting, status: number, type: string) =>
  meeting.ca.inject({ endpoint: 'newOrder', fault: { kind: 'problem', status, problem: { type } } });

test('nothing is sent that nobody wants', async (t) => {
  const { sent, heard } = await place(await meetRegistered(t), {});
  assert.deepEqual([sent, heard], [[{}], []]);
});

for (const [status, type] of [
  [409, 'alreadyReplaced'],
  [409, 'conflict'],
  [403, 'unauthorized'],
  [404, 'malformed'],
  [400, 'malformed'],
  [500, 'serverInternal'],
] as const) {
  test(`replaces: refused with ${status} ${type}, the order is placed without`, async (t) => {
    const meeting = await meetRegistered(t);
    refuse(meeting, status, type);
    const { outcome, sent, heard } = await place(meeting, { replaces });
    assert.equal(outcome, meeting.ca.orders[0]?.url);
    assert.deepEqual([sent, heard], [[{ replaces }, {}], [`refused ${type}`]]);
  });
}

test('replaces: refused, and then again without: no third attempt', async (t) => {
  const meeting = await meetRegistered(t);
  refuse(meeting, 404, 'malformed');
  refuse(meeting, 400, 'malformed');
  const { outcome, sent } = await place(meeting, { replaces });
  assert.equal(problemOf(outcome)?.status, 400);
  assert.deepEqual(sent, [{ replaces }, {}]);
});

for (const [status, type] of [
  [429, 'rateLimited'],
  [400, 'rejectedIdentifier'],
  [503, 'serverInternal'],
] as const) {
  test(`replaces: ${type} says nothing against it`, async (t) => {
    const meeting = await meetRegistered(t);
    refuse(meeting, status, type);
    const { outcome, sent, heard } = await place(meeting, { replaces });
    assert.equal(problemOf(outcome)?.type, type);
    assert.deepEqual([sent, heard], [[{ replaces }], []]);
  });
}

test('replaces: where it was not sent, a refusal is final', async (t) => {
  const meeting = await meetRegistered(t, { renewalInfo: false });
  refuse(meeting, 400, 'malformed');
  const { outcome, sent, heard } = await place(meeting, { replaces });
  assert.equal(problemOf(outcome)?.type, 'malformed');
  assert.deepEqual([sent, heard], [[{}], []]);
});

test('a profile that the CA offers is asked for', async (t) => {
  const meeting = await meetRegistered(t);
  const { sent } = await place(meeting, { profile: preferred('shortlived') });
  assert.deepEqual(sent, [{ profile: 'shortlived' }]);
  assert.equal(meeting.ca.orders[0]?.profile, 'shortlived');
});

for (const name of ['tls', 'constructor', '__proto__', '']) {
  test(`a preferred profile ${JSON.stringify(name)} that the CA has not: without, and told`, async (t) => {
    const { outcome, sent, heard } = await place(await meetRegistered(t), { profile: preferred(name) });
    assert.equal(typeof outcome, 'string');
    assert.deepEqual([sent, heard], [[{}], ['missing: classic,shortlived']]);
  });
}

test('a required profile that the CA has not: nothing is asked of it', async (t) => {
  const { outcome, sent } = await place(await meetRegistered(t), { profile: required('tls') });
  const { message } = await rejection(Promise.reject(outcome), 'profile-unsupported');
  assert.match(message, /does not offer the profile "tls", but classic, shortlived$/);
  assert.deepEqual(sent, []);
  const bare = await place(await meetRegistered(t, { profiles: {} }), { profile: required('tls') });
  assert.match((await rejection(Promise.reject(bare.outcome), 'profile-unsupported')).message, /but none$/);
});

test('a CA that takes back what it offers: preferred goes without, required fails', async (t) => {
  const meeting = await meetRegistered(t);
  refuse(meeting, 400, 'invalidProfile');
  const { outcome, sent, heard } = await place(meeting, { profile: preferred('classic'), replaces });
  assert.equal(problemOf(outcome), undefined);
  assert.deepEqual(sent.slice(0, 2), [{ replaces, profile: 'classic' }, { replaces }]);
  assert.equal(heard[0], 'missing: classic,shortlived');
  const strict = await meetRegistered(t);
  refuse(strict, 400, 'invalidProfile');
  const failed = await place(strict, { profile: required('classic') });
  await rejection(Promise.reject(failed.outcome), 'profile-unsupported');
  assert.equal(failed.sent.length, 1);
});

test('both refused, one after the other: each is left out once', async (t) => {
  const meeting = await meetRegistered(t);
  refuse(meeting, 409, 'alreadyReplaced');
  refuse(meeting, 400, 'invalidProfile');
  const { outcome, sent } = await place(meeting, { replaces, profile: preferred('classic') });
  assert.equal(typeof outcome, 'string');
  assert.deepEqual(sent, [{ replaces, profile: 'classic' }, { profile: 'classic' }, {}]);
});
