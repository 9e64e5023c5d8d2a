import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Order } from '../../src/acme/resources.ts';
import type { Challenge, Proof, Solver } from '../../src/challenges/solver.ts';
import { EvercertError } from '../../src/errors.ts';
import { authorize, explainInvalid } from '../../src/issuance/authorize.ts';
import { challengeFailuresOf, orderProblemOf } from '../../src/issuance/failures.ts';
import { assertPrintable, rejection } from '../unit-kit/expect.ts';
import { aChallenge, anAuthorization, type Scripted, scripted, urlOf } from '../unit-kit/scripted.ts';

const order = (...authorizations: string[]): Order => ({
  status: 'pending',
  identifiers: ['a.example', 'b.example'].map((value) => ({ type: 'dns', value })),
  authorizations: authorizations.map(urlOf),
  finalize: urlOf('finalize'),
});

function solverOf(log: string[], fails: (name: string) => boolean = () => false): Solver {
  const note = (what: string, { name, token, keyAuthorization }: Challenge) =>
    log.push(`${what} ${name} ${token} ${keyAuthorization}`);
  return {
    type: 'http-01',
    leavesTraces: false,
    present: async (challenges) => {
      await Promise.resolve();
      for (const challenge of challenges) note('present', challenge);
      if (challenges.some(({ name }) => fails(name))) throw new EvercertError('webroot-failed', 'no', 'x');
    },
    cleanUp: async (challenges) => {
      for (const challenge of challenges) note('clean', challenge);
    },
  };
}

async function run(
  authorizations: Record<string, Scripted>,
  fails?: (name: string) => boolean,
  validated?: () => Promise<Order>,
  names = ['a.example', 'b.example'],
) {
  const answers = Object.fromEntries(
    Object.entries(authorizations).map(([path, answer]) => [path, [answer]]),
  );
  const { connection, log } = scripted({
    ...answers,
    chall: [{ body: aChallenge }],
    chall2: [{ body: aChallenge }],
  });
  const asked = {
    ...order(...Object.keys(authorizations)),
    identifiers: names.map((value) => ({ type: 'dns', value })),
  };
  const solver = solverOf(log, fails);
  const presented = async (proofs: readonly Proof[]) => void log.push(`presented ${proofs.length}`);
  const done = authorize(
    connection,
    asked,
    () => solver,
    presented,
    async () => {
      log.push('validated');
      return (await validated?.()) ?? asked;
    },
  );
  return { done, log };
}

const second = anAuthorization('pending', {
  identifier: { type: 'dns', value: 'b.example' },
  challenges: [
    { ...aChallenge, type: 'dns-01' },
    { ...aChallenge, url: urlOf('chall2'), token: 'bbbbbbbbbbbbbbbb' },
  ],
});
const ONE = 'a.example abcdefghijklmnop abcdefghijklmnop.thumb';
const TWO = 'b.example bbbbbbbbbbbbbbbb bbbbbbbbbbbbbbbb.thumb';

test('all are presented, then told, then waited for, then cleaned up', async () => {
  const { done, log } = await run({ one: anAuthorization('pending'), two: second });
  await done;
  assert.deepEqual(log, [
    'get one',
    'get two',
    `present ${ONE}`,
    `present ${TWO}`,
    'presented 2',
    'post chall',
    'post chall2',
    'validated',
    `clean ${ONE}`,
    `clean ${TWO}`,
  ]);
});

test('what is valid already is left alone', async () => {
  const { done, log } = await run({ one: anAuthorization('valid'), two: second });
  await done;
  assert.deepEqual(
    log.filter((line) => !line.startsWith('get')),
    [`present ${TWO}`, 'presented 1', 'post chall2', 'validated', `clean ${TWO}`],
  );
});

test('one that cannot be presented: the CA is not told, all are cleaned up after all have ended', async () => {
  const { done, log } = await run(
    { one: anAuthorization('pending'), two: second },
    (name) => name === 'a.example',
  );
  await rejection(done, 'webroot-failed');
  assert.deepEqual(log.slice(2), [`present ${ONE}`, `present ${TWO}`, `clean ${ONE}`, `clean ${TWO}`]);
});

test('whatever fails while the CA looks, all are cleaned up', async () => {
  const { done, log } = await run({ one: anAuthorization('pending') }, undefined, () =>
    Promise.reject(new TypeError('bug')),
  );
  await assert.rejects(done, TypeError);
  assert.equal(log.at(-1), `clean ${ONE}`);
});

test('a way that is not offered is told, with what is', async () => {
  const one = anAuthorization('pending', {
    wildcard: true,
    challenges: [{ ...aChallenge, type: 'dns-01' }],
  });
  const { done } = await run({ one }, undefined, undefined, ['*.a.example']);
  const { message, hint } = await rejection(done, 'challenge-unsupported');
  assert.equal(message, 'ca.example does not offer http-01 for *.a.example, but dns-01');
  assert.match(hint, /dns-01/);
  const { done: nothing } = await run({ one: anAuthorization('pending', { challenges: [] }) });
  assert.match((await rejection(nothing, 'challenge-unsupported')).message, /but nothing$/);
});

test('a challenge without a token is none', async () => {
  const { token: _, ...tokenless } = aChallenge;
  await rejection(
    (await run({ one: anAuthorization('pending', { challenges: [tokenless] }) })).done,
    'challenge-unsupported',
  );
});

for (const status of ['invalid', 'deactivated', 'expired', 'revoked']) {
  test(`an authorization that is ${status} ends the order before anything is presented`, async () => {
    const { done, log } = await run({ one: anAuthorization(status), two: second });
    const { details } = await rejection(done, 'challenge-failed');
    assert.deepEqual(details, [`a.example: ${status}: the CA gives no reason`]);
    assert.ok(!log.some((line) => line.startsWith('present')));
  });
}

const failed = (type: string, detail: string) =>
  anAuthorization('invalid', {
    challenges: [
      { ...aChallenge, status: 'invalid', error: { type: `urn:ietf:params:acme:error:${type}`, detail } },
    ],
  });

test('why an order is invalid: its authorizations, else its own error', async () => {
  const { connection } = scripted({
    one: [failed('connection', 'refused\u001b[31m')],
    two: [anAuthorization('valid')],
    three: [anAuthorization('pending')],
  });
  const error = await explainInvalid(connection, order('one', 'two'));
  assert.deepEqual(
    [error.code, error.message, error.details],
    ['challenge-failed', 'ca.example could not validate a.example', ['a.example: connection: refused [31m']],
  );
  assert.match(error.hint, /port 80/);
  const own = await explainInvalid(connection, {
    ...order('two', 'three'),
    error: { type: 'x', detail: 'caa changed' },
  });
  assert.deepEqual(
    [own.code, own.message],
    ['order-failed', 'ca.example called the order invalid: x: caa changed'],
  );
  assert.match((await explainInvalid(connection, order('two'))).message, /it does not say why/);
});

test('each name that failed keeps its type; all that ended are told at once', async () => {
  const two = {
    ...failed('caa', 'no').body,
    identifier: { type: 'dns', value: 'b.example' },
    wildcard: true,
  };
  const { connection } = scripted({ one: [failed('dns', 'NXDOMAIN')], two: [{ body: two }] });
  const failures = [
    { name: 'a.example', type: 'dns', detail: 'NXDOMAIN' },
    { name: '*.b.example', type: 'caa', detail: 'no' },
  ];
  assert.deepEqual(challengeFailuresOf(await explainInvalid(connection, order('one', 'two'))), failures);
  const { done, log } = await run({ one: failed('dns', 'NXDOMAIN'), two: { body: two } });
  assert.deepEqual(challengeFailuresOf(await rejection(done, 'challenge-failed')), failures);
  assert.ok(!log.some((line) => line.startsWith('present')));
});

test('an invalid order keeps its own error', async () => {
  const { connection } = scripted({ one: [anAuthorization('valid')] });
  const type = 'urn:ietf:params:acme:error:caa';
  const error = await explainInvalid(connection, { ...order('one'), error: { type, detail: 'changed' } });
  assert.equal(orderProblemOf(error)?.type, 'caa');
  assert.match(error.hint, /CAA record/);
});

for (const type of ['constructor', 'toString', '__proto__', 'other']) {
  test(`a reason that is not known has a hint all the same: ${type}`, async () => {
    const { connection } = scripted({ one: [failed(type, 'x')] });
    const { hint } = await explainInvalid(connection, order('one'));
    assertPrintable(hint);
  });
}

const HINTS: Readonly<Record<string, RegExp>> = {
  'http-01': /-w is what its web server serves/,
  'tls-alpn-01': /acme-tls\/1/,
  'dns-01': /all name servers/,
  'dns-account-01': /all name servers/,
  'dns-persist-01': /persist-value/,
};

for (const [type, hint] of Object.entries(HINTS)) {
  test(`what a person is to look at when ${type} fails`, async () => {
    const challenges = [
      { ...aChallenge, type, status: 'invalid', error: { type: 'urn:ietf:params:acme:error:unauthorized' } },
    ];
    const { connection } = scripted({ one: [anAuthorization('invalid', { challenges })] });
    assert.match((await explainInvalid(connection, order('one'))).hint, hint);
  });
}
