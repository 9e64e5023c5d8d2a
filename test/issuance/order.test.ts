import 'reflect-metadata';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { listOrders, registerAccount } from '../../src/acme/account.ts';
import { type Problem, problemError, readProblem } from '../../src/acme/problem.ts';
import type { Recover } from '../../src/acme/recovery.ts';
import type { Solver } from '../../src/challenges/solver.ts';
import { type ErrorCode, EvercertError } from '../../src/errors.ts';
import { isFinal, type OrderRequest, obtainCertificate } from '../../src/issuance/order.ts';
import { checkChain } from '../../src/x509/certificate.ts';
import { createCsr } from '../../src/x509/csr.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { publicKeyOfPem } from '../../src/x509/keys.ts';
import { type Meeting, meetRegistered } from '../unit-kit/ca.ts';
import { ecKey } from '../unit-kit/chains.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { aChallenge, anAuthorization, anOrder, scripted, urlOf } from '../unit-kit/scripted.ts';

const names = ['a.example', '192.0.2.1'];
const identifiers = names.map(parseIdentifier);
const solver: Solver = {
  type: 'http-01',
  leavesTraces: false,
  present: async () => undefined,
  cleanUp: async () => undefined,
};

/** Obtains a certificate for the names; tells what happened in between. */
async function obtain(
  { connection }: Pick<Meeting, 'connection'>,
  more: Partial<OrderRequest> = {},
  by = solver,
) {
  const steps: string[] = [];
  const request: OrderRequest = {
    identifiers,
    preferredChain: undefined,
    earlier: undefined,
    replaces: undefined,
    profile: undefined,
    timeoutMs: 60_000,
    ...more,
  };
  const listener = {
    placed: async (url: string) => void steps.push(`placed ${url.replace(/^.*\//, '')}`),
    step: (step: string) => void steps.push(step),
    presented: async () => undefined,
    replacesRefused: ({ type }: Problem) => void steps.push(`refused ${type}`),
    profileMissing: (offered: readonly string[]) => void steps.push(`missing ${offered.join()}`),
  };
  const { pem } = await obtainCertificate(
    connection,
    request,
    () => by,
    () => createCsr(ecKey, identifiers),
    listener,
  );
  return { pem, steps };
}

const check = (pem: string) =>
  assert.deepEqual(checkChain(pem, publicKeyOfPem(ecKey), names, Date.now()).leaf.names, names);

test('from newOrder to a certificate', async (t) => {
  const meeting = await meetRegistered(t);
  const { pem, steps } = await obtain(meeting);
  check(pem);
  assert.deepEqual(
    steps.map((step) => step.split(' ')[0]),
    ['order', 'placed', 'challenges', 'finalize', 'download'],
  );
});

test('an order that is ready at once needs no challenges', async (t) => {
  const meeting = await meetRegistered(t, { validAuthzReuse: true });
  await obtain(meeting);
  assert.deepEqual(
    (await obtain(meeting)).steps.filter((step) => !step.startsWith('placed')),
    ['order', 'finalize', 'download'],
  );
});

/** Breaks an order off by a fault, and has the next run take it up. */
async function resumed(
  meeting: Meeting,
  endpoint: 'challenge' | 'finalize' | 'certificate',
  code: ErrorCode,
) {
  meeting.ca.inject({
    endpoint,
    fault: { kind: 'problem', status: 503, problem: { type: 'serverInternal' } },
    times: 3,
  });
  await rejection(obtain(meeting), code);
  meeting.ca.clearFaults();
  const [url] = await listOrders(meeting.connection);
  assert.ok(url !== undefined);
  return obtain(meeting, { earlier: url });
}

for (const [endpoint, steps] of Object.entries({
  challenge: ['resume-order', 'challenges', 'finalize', 'download'],
  finalize: ['resume-order', 'finalize', 'download'],
  certificate: ['resume-order', 'download'],
}) as ['challenge' | 'finalize' | 'certificate', string[]][]) {
  test(`an order that broke off at ${endpoint} is taken up, and no other is placed`, async (t) => {
    const meeting = await meetRegistered(t);
    const done = await resumed(meeting, endpoint, 'acme-problem');
    check(done.pem);
    assert.deepEqual(done.steps, steps);
    assert.equal(meeting.ca.orders.length, 1);
  });
}

test('an order whose answer was lost is found again', async (t) => {
  const meeting = await meetRegistered(t);
  meeting.ca.inject({ endpoint: 'newOrder', fault: { kind: 'lost-reply' } });
  await rejection(obtain(meeting), 'connection-failed');
  const { pem, steps } = await obtain(meeting, { earlier: 'unknown' });
  check(pem);
  assert.deepEqual(
    steps.map((step) => step.split(' ')[0]),
    ['resume-order', 'placed', 'challenges', 'finalize', 'download'],
  );
  assert.equal(meeting.ca.orders.length, 1);
});

test('it is found on the last page of many', async (t) => {
  const meeting = await meetRegistered(t, { ordersPerPage: 3 });
  for (let count = 0; count < 7; count += 1) await obtain(meeting);
  meeting.ca.inject({ endpoint: 'newOrder', fault: { kind: 'lost-reply' } });
  await rejection(obtain(meeting), 'connection-failed');
  check((await obtain(meeting, { earlier: 'unknown' })).pem);
  assert.equal(meeting.ca.orders.length, 8);
});

test('a finalize whose answer was lost is not sent again, and no other order is placed', async (t) => {
  const meeting = await meetRegistered(t);
  meeting.ca.inject({ endpoint: 'finalize', fault: { kind: 'lost-reply' } });
  await rejection(obtain(meeting), 'connection-failed');
  const { pem, steps } = await obtain(meeting, { earlier: meeting.ca.orders[0]?.url });
  check(pem);
  assert.deepEqual(steps, ['resume-order', 'download']);
  assert.deepEqual([meeting.ca.orders.length, meeting.ca.count('finalize')], [1, 1]);
  assert.equal(meeting.ca.certificates.length, 1);
});

/** A meeting whose account is made again when the CA has lost it. */
async function forgiving(t: TestContext): Promise<Meeting> {
  const meeting = await meetRegistered(t);
  const recover: Recover = async (lost) =>
    void (await registerAccount(lost, { email: undefined, termsAgreed: true }));
  return { ...meeting, connection: meeting.again({ accountUrl: meeting.connection.accountUrl() }, recover) };
}

test('an order of an account that the CA lost is gone with it: another is placed', async (t) => {
  const meeting = await forgiving(t);
  meeting.ca.inject({ endpoint: 'challenge', fault: { kind: 'drop' } });
  await rejection(obtain(meeting), 'connection-failed');
  meeting.ca.forgetAccounts();
  const { pem, steps } = await obtain(meeting, { earlier: meeting.ca.orders[0]?.url });
  check(pem);
  assert.deepEqual(steps.slice(0, 2), ['resume-order', 'order']);
  assert.equal(meeting.ca.orders.length, 2);
});

test('an account that is lost in the middle of its order: another is placed in the same run', async (t) => {
  const meeting = await forgiving(t);
  let isFirst = true;
  const losing: Solver = {
    ...solver,
    present: async () => {
      if (isFirst) meeting.ca.forgetAccounts();
      isFirst = false;
    },
  };
  const { pem, steps } = await obtain(meeting, {}, losing);
  check(pem);
  assert.deepEqual(
    steps.map((step) => step.split(' ')[0]),
    ['order', 'placed', 'challenges', 'order', 'placed', 'challenges', 'finalize', 'download'],
  );
});

test('an order of other names, or one that is done, is not taken for the lost one', async (t) => {
  const meeting = await meetRegistered(t);
  await obtain(meeting);
  const { steps } = await obtain(meeting, { earlier: 'unknown' });
  assert.deepEqual(steps.slice(0, 2), ['resume-order', 'order']);
  assert.equal(meeting.ca.orders.length, 2);
});

test('an order that the CA has lost, or calls invalid, is placed anew', async (t) => {
  const meeting = await meetRegistered(t);
  meeting.ca.inject({ endpoint: 'challenge', fault: { kind: 'drop' } });
  await rejection(obtain(meeting), 'connection-failed');
  const [url = ''] = await listOrders(meeting.connection);
  meeting.ca.forgetOrders();
  assert.deepEqual((await obtain(meeting, { earlier: url })).steps.slice(0, 2), ['resume-order', 'order']);
  meeting.ca.knobs.issuanceProblem = { type: 'serverInternal', detail: 'broken' };
  await rejection(obtain(meeting), 'order-failed');
  meeting.ca.knobs.issuanceProblem = null;
  const last = meeting.ca.orders.at(-1)?.url;
  assert.deepEqual((await obtain(meeting, { earlier: last })).steps.slice(0, 2), ['resume-order', 'order']);
});

test('names that cannot be validated', async (t) => {
  const meeting = await meetRegistered(t, {
    alwaysValid: false,
    validationProblems: {
      'a.example': { type: 'dns', detail: 'NXDOMAIN' },
      '192.0.2.1': { type: 'connection', detail: 'refused' },
    },
  });
  const { message, details } = await rejection(obtain(meeting), 'challenge-failed');
  assert.match(message, /could not validate a\.example, 192\.0\.2\.1$|could not validate /);
  assert.ok(
    details.some((line) => /: (dns: NXDOMAIN|connection: refused)$/.test(line)),
    details.join(),
  );
});

test('a name that the CA refuses', async (t) => {
  const meeting = await meetRegistered(t, { rejectedIdentifiers: ['a.example'] });
  const error = await rejection(obtain(meeting), 'acme-problem');
  assert.match(error.message, /rejectedIdentifier/);
  assert.ok(isFinal(error));
});

const forA = { identifiers: [{ type: 'dns', value: 'a.example' }] } as const;
const odd = (answers: Parameters<typeof scripted>[0]) =>
  obtain(scripted(answers), { ...forA, earlier: urlOf('o') });

test('answers that make no sense: an order without a URL, a valid one without a certificate', async () => {
  const unplaced = scripted({ newOrder: [anOrder('pending')] });
  assert.match((await rejection(obtain(unplaced), 'bad-answer')).message, /without a URL/);
  const authz = [anAuthorization('valid')];
  assert.match(
    (await rejection(odd({ o: [anOrder('valid')], authz }), 'bad-answer')).message,
    /names no certificate/,
  );
});

test('an order for other names than those asked for: nothing is proven', async () => {
  const foreign = { identifiers: [{ type: 'dns', value: 'other.example' }] };
  const meeting = scripted({ o: [anOrder('pending', foreign)] });
  await rejection(obtain(meeting, { ...forA, earlier: urlOf('o') }), 'order-failed');
  assert.deepEqual(meeting.log, ['get o']);
});

test('an order that never ends is left to the next run', async () => {
  const error = await rejection(
    odd({ o: [anOrder('processing')], authz: [anAuthorization('valid')] }),
    'order-timeout',
  );
  assert.equal(isFinal(error), false);
});

test('a slow DNS takes nothing from the time that the CA has', async () => {
  const { connection, clock } = scripted({
    newOrder: [{ ...anOrder('pending'), location: urlOf('order') }],
    authz: [anAuthorization('pending')],
    chall: [{ body: { ...aChallenge, status: 'processing' } }],
    order: [anOrder('pending'), anOrder('pending'), anOrder('valid', { certificate: urlOf('cert') })],
    cert: [new EvercertError('bad-answer', 'far enough', 'hint')],
  });
  const slow: Solver = { ...solver, present: () => clock.sleep(600_000, NEVER) };
  const asked = { identifiers: [parseIdentifier('a.example')] };
  assert.equal((await rejection(obtain({ connection }, asked, slow), 'bad-answer')).message, 'far enough');
});

test('why an order failed is asked while the answers still stand, which others may need', async () => {
  const error = { type: 'urn:ietf:params:acme:error:dns', detail: 'no such name' };
  const refused = { challenges: [{ ...aChallenge, status: 'invalid', error }] };
  const meeting = scripted({
    o: [anOrder('pending'), anOrder('invalid')],
    authz: [anAuthorization('pending'), anAuthorization('invalid', refused)],
    chall: [{ body: aChallenge }],
  });
  const by = { ...solver, cleanUp: async () => void meeting.log.push('clean up') };
  await rejection(obtain(meeting, { ...forA, earlier: urlOf('o') }, by), 'challenge-failed');
  assert.deepEqual(meeting.log.slice(-2), ['get authz', 'clean up']);
});

const problem = (status: number, type: string) => problemError(readProblem(status, { type }), 'ca', 'x');
const FINAL: readonly (readonly [EvercertError, boolean])[] = [
  ...(
    ['challenge-failed', 'order-failed', 'challenge-unsupported', 'profile-unsupported', 'chain-bad'] as const
  ).map((code) => [new EvercertError(code, code, ''), true] as const),
  ...(
    [
      'connection-failed',
      'tls-failed',
      'bad-answer',
      'order-timeout',
      'webroot-failed',
      'port-in-use',
      'interrupted',
      'disk-full',
    ] as const
  ).map((code) => [new EvercertError(code, code, ''), false] as const),
  [problem(400, 'malformed'), true],
  [problem(403, 'unauthorized'), true],
  [problem(404, 'about:blank'), false],
  [problem(429, 'about:blank'), false],
  [problem(400, 'badCSR'), true],
  [problem(400, 'badNonce'), false],
  [problem(403, 'orderNotReady'), false],
  [problem(403, 'userActionRequired'), false],
  [problem(429, 'rateLimited'), false],
  [problem(500, 'serverInternal'), false],
  [problem(503, 'about:blank'), false],
];

for (const [error, final] of FINAL) {
  test(`an order that ended with ${error.message} is ${final ? 'of no more use' : 'kept'}`, () =>
    assert.equal(isFinal(error), final));
}
