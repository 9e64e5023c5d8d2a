import 'reflect-metadata';
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { checkAccount, findAccount, listOrders, registerAccount } from '../../src/acme/account.ts';
import type { Connection } from '../../src/acme/connection.ts';
import { problemOf } from '../../src/acme/problem.ts';
import type { Recover } from '../../src/acme/recovery.ts';
import { OrderSchema } from '../../src/acme/resources.ts';
import { meetRegistered } from '../unit-kit/ca.ts';
import { rejection } from '../unit-kit/expect.ts';

async function place(connection: Connection) {
  const { newOrder } = await connection.directory();
  const identifiers = [{ type: 'dns', value: 'a.example' }];
  return connection.post(newOrder, { identifiers }, 'newOrder', OrderSchema);
}

/** A conversation by an account of ours, and a `recover` that makes it again; counts. */
async function recovering(t: TestContext, more: Recover = async () => undefined) {
  const meeting = await meetRegistered(t);
  let count = 0;
  const connection = meeting.again({ accountUrl: meeting.connection.accountUrl() }, async (lost) => {
    count += 1;
    await more(lost);
    if ((await findAccount(lost)) === undefined)
      await registerAccount(lost, { email: undefined, termsAgreed: true });
  });
  return { ...meeting, connection, count: () => count };
}

test('a lost account is made again once, and each request that it signed is sent once more', async (t) => {
  const { ca, connection, count } = await recovering(t);
  const before = connection.accountUrl();
  ca.forgetAccounts();
  await Promise.all([place(connection), place(connection), place(connection)]);
  assert.equal(count(), 1);
  assert.equal(ca.orders.length, 3);
  assert.notEqual(connection.accountUrl(), before);
  await place(connection);
  assert.equal(ca.count('newOrder'), 7);
});

test('the account itself is then read where it is now', async (t) => {
  const { ca, connection } = await recovering(t);
  ca.forgetAccounts();
  await checkAccount(connection);
  await place(connection);
  assert.equal((await listOrders(connection)).length, 1);
});

test('lost again in the same run: the refusal stands', async (t) => {
  const { ca, connection, count } = await recovering(t);
  ca.forgetAccounts();
  await place(connection);
  ca.forgetAccounts();
  assert.equal(problemOf(await rejection(place(connection), 'acme-problem'))?.type, 'accountDoesNotExist');
  assert.equal(count(), 1);
});

test('an account that moved is found by its key', async (t) => {
  const { ca, connection: owner, again } = await recovering(t);
  const recover: Recover = async (lost) => void (await findAccount(lost));
  const astray = again({ accountUrl: `${ca.url}/acme/account/nowhere` }, recover);
  await place(astray);
  assert.equal(astray.accountUrl(), owner.accountUrl());
  assert.equal(ca.accounts.length, 1);
});

test('an outage while the account is looked for is not for ever', async (t) => {
  const { ca, connection, count } = await recovering(t);
  ca.forgetAccounts();
  ca.inject({ endpoint: 'newAccount', fault: { kind: 'drop' } });
  await rejection(place(connection), 'connection-failed');
  await place(connection);
  assert.deepEqual([count(), ca.orders.length], [2, 1]);
});

const REFUSALS = [
  { status: 401, type: 'unauthorized', asks: 1 },
  { status: 403, type: 'unauthorized', asks: 1 },
  { status: 400, type: 'unauthorized', asks: 0 },
  { status: 403, type: 'rejectedIdentifier', asks: 0 },
  { status: 400, type: 'malformed', asks: 0 },
];

for (const { status, type, asks } of REFUSALS) {
  test(`${status} ${type} of an account that is well stands, and is not repeated`, async (t) => {
    const { ca, connection, count } = await recovering(t);
    ca.inject({ endpoint: 'newOrder', fault: { kind: 'problem', status, problem: { type } } });
    assert.equal(problemOf(await rejection(place(connection), 'acme-problem'))?.type, type);
    assert.deepEqual([count(), ca.count('newOrder'), ca.accounts.length], [asks, 1, 1]);
  });
}

test('an account that was closed is not made again', async (t) => {
  const { ca, connection } = await recovering(t);
  const [account] = ca.accounts;
  assert.ok(account);
  account.status = 'deactivated';
  await rejection(place(connection), 'account-deactivated');
  assert.deepEqual([ca.accounts.length, ca.orders.length], [1, 0]);
});
