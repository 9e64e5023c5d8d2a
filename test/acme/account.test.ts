import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkAccount,
  findAccount,
  findOrder,
  listOrders,
  registerAccount,
  updateEmail,
} from '../../src/acme/account.ts';
import type { Connection } from '../../src/acme/connection.ts';
import { problemOf } from '../../src/acme/problem.ts';
import { OrderSchema } from '../../src/acme/resources.ts';
import { meet, meetRegistered } from '../unit-kit/ca.ts';
import { ecKey } from '../unit-kit/chains.ts';
import { rejection } from '../unit-kit/expect.ts';
import { scripted, urlOf } from '../unit-kit/scripted.ts';

const agreed = { email: 'a@a.example', termsAgreed: true };
const identifiers = [{ type: 'dns', value: 'a.example' }];

async function place(connection: Connection): Promise<string | undefined> {
  const { newOrder } = await connection.directory();
  return (await connection.post(newOrder, { identifiers }, 'newOrder', OrderSchema)).location;
}

test('an account is made once for a key, with contact and consent', async (t) => {
  const { ca, connection, again } = await meet(t);
  const url = await registerAccount(connection, agreed);
  assert.equal(connection.accountUrl(), url);
  assert.equal(await registerAccount(again(), agreed), url);
  assert.notEqual(await registerAccount(again({ accountKey: ecKey }), { ...agreed, email: undefined }), url);
  assert.deepEqual(
    ca.accounts.map(({ contact }) => contact),
    [['mailto:a@a.example'], []],
  );
});

test('without consent to its terms the CA makes no account', async (t) => {
  const { ca, connection } = await meet(t);
  const { message } = await rejection(
    registerAccount(connection, { email: undefined, termsAgreed: false }),
    'acme-problem',
  );
  assert.match(message, /userActionRequired/);
  assert.equal(ca.accounts.length, 0);
});

test('an account is found by its key, or undefined', async (t) => {
  const { ca, connection, again } = await meet(t);
  assert.equal(await findAccount(connection), undefined);
  const url = await registerAccount(connection, agreed);
  const other = again({ externalAccount: { kid: 'kid', hmacKey: 'c2VjcmV0' } });
  assert.equal(await findAccount(other), url);
  assert.equal(other.accountUrl(), url);
  assert.equal(ca.accounts.length, 1);
  ca.inject({ endpoint: 'newAccount', fault: { kind: 'status', status: 503 } });
  await rejection(findAccount(again()), 'acme-problem');
});

test('a CA without terms needs no consent, and is told of none', async (t) => {
  const { ca, connection } = await meet(t, { termsOfService: null });
  await registerAccount(connection, { email: undefined, termsAgreed: false });
  assert.deepEqual(ca.requests.find(({ endpoint }) => endpoint === 'newAccount')?.payload, {});
});

test('external account binding: wanted, wrong, right', async (t) => {
  const { ca, again } = await meet(t, {
    externalAccountRequired: true,
    externalAccounts: { kid: 'c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1vci1tb3Jl' },
  });
  const bind = (hmacKey?: string) =>
    registerAccount(again(hmacKey === undefined ? {} : { externalAccount: { kid: 'kid', hmacKey } }), agreed);
  const { message, hint } = await rejection(bind(), 'acme-problem');
  assert.match(message, /externalAccountRequired/);
  assert.match(hint, /--eab-kid/);
  await rejection(bind('d3Jvbmcta2V5LW9mLTMyLWJ5dGVzLW9yLW1vcmU'), 'acme-problem');
  assert.equal(await bind('c2VjcmV0LWtleS1vZi0zMi1ieXRlcy1vci1tb3Jl'), ca.accounts[0]?.url);
});

test('an address that the CA refuses', async (t) => {
  const { connection } = await meet(t);
  await rejection(registerAccount(connection, { ...agreed, email: 'no address' }), 'acme-problem');
});

test('the orders of an account: listed, or none where the CA keeps no list', async (t) => {
  const { ca, connection, again } = await meetRegistered(t);
  const placed = [await place(connection), await place(connection)];
  assert.deepEqual(await listOrders(connection), placed);
  assert.deepEqual(await listOrders(again()), []);
  const gone = { kind: 'problem', status: 404, problem: { type: 'malformed' } } as const;
  ca.inject({ endpoint: 'accountOrders', fault: gone });
  assert.deepEqual(await listOrders(connection), []);
  ca.inject({ endpoint: 'accountOrders', fault: { kind: 'garbage' } });
  await rejection(listOrders(connection), 'bad-answer');
});

test('a list of orders is read page by page', async (t) => {
  const { ca, connection } = await meetRegistered(t, { ordersPerPage: 2 });
  const placed = [];
  for (let count = 0; count < 5; count += 1) placed.push(await place(connection));
  assert.deepEqual(await listOrders(connection), placed);
  assert.equal(ca.count('accountOrders'), 3);
  const gone = { kind: 'problem', status: 404, problem: { type: 'malformed' } } as const;
  ca.inject({ endpoint: 'accountOrders', fault: gone, skip: 1 });
  assert.deepEqual(await listOrders(connection), placed.slice(0, 2));
});

test('no more than twenty pages, and none twice', async () => {
  const page = (next: string) => ({ body: { orders: [urlOf('o')] }, link: `<${urlOf(next)}>;rel="next"` });
  const account = [{ body: { status: 'valid', orders: urlOf('p0') } }];
  const many = Array.from({ length: 30 }, (_, index) => [`p${index}`, [page(`p${index + 1}`)]] as const);
  const endless = scripted({ account, ...Object.fromEntries(many) });
  assert.equal((await listOrders(endless.connection)).length, 20);
  const circle = scripted({ account, p0: [page('p1')], p1: [page('p0')] });
  assert.equal((await listOrders(circle.connection)).length, 2);
});

for (const answer of ['deactivated', 'revoked'] as const) {
  test(`an account that was ${answer} is told, not taken for missing`, async (t) => {
    const { ca, connection, again } = await meetRegistered(t);
    const [account] = ca.accounts;
    assert.ok(account);
    account.status = answer;
    const error = await rejection(findAccount(again()), 'account-deactivated');
    assert.match(error.message, new RegExp(answer));
    assert.equal(ca.count('newAccount'), 2);
    assert.equal(problemOf(await rejection(checkAccount(connection), 'acme-problem'))?.status, 403);
  });
}

test('an account whose answer says that it is closed is told', async () => {
  const { connection } = scripted({ account: [{ body: { status: 'deactivated' } }] });
  await rejection(checkAccount(connection), 'account-deactivated');
  await rejection(findAccount(connection), 'account-deactivated');
});

test('a refused nonce does not make an account missing', async (t) => {
  const { ca, again } = await meetRegistered(t);
  ca.knobs.refuseNoncePercent = 100;
  assert.equal(problemOf(await rejection(findAccount(again()), 'acme-problem'))?.type, 'badNonce');
});

test('the e-mail address of an account is replaced', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  await updateEmail(connection, connection.accountUrl() ?? '', 'b@b.example');
  assert.deepEqual(ca.accounts[0]?.contact, ['mailto:b@b.example']);
});

test('an account without a list of orders has none that could be found', async () => {
  assert.deepEqual(await listOrders(scripted({ account: [{ body: { status: 'valid' } }] }).connection), []);
});

test('an order is found, or undefined when the CA has it no more', async (t) => {
  const { ca, connection } = await meetRegistered(t);
  const url = (await place(connection)) ?? '';
  assert.equal((await findOrder(connection, url))?.status, 'pending');
  for (const status of [403, 404, 410]) {
    ca.inject({ endpoint: 'order', fault: { kind: 'problem', status, problem: { type: 'malformed' } } });
    assert.equal(await findOrder(connection, url), undefined);
  }
  ca.inject({ endpoint: 'order', fault: { kind: 'problem', status: 400, problem: { type: 'malformed' } } });
  await rejection(findOrder(connection, url), 'acme-problem');
  ca.forgetOrders();
  assert.equal(await findOrder(connection, url), undefined);
});
