import assert from 'node:assert/strict';
import { test } from 'node:test';
import type * as v from 'valibot';
import {
  AccountSchema,
  AuthorizationSchema,
  ChallengeSchema,
  DirectorySchema,
  OrderSchema,
  OrdersListSchema,
  readResource,
} from '../../src/acme/resources.ts';
import { assertPrintable, failure } from '../unit-kit/expect.ts';

const u = 'https://ca.example/x';
const directory = { newNonce: u, newAccount: u, newOrder: u };
const order = {
  status: 'pending',
  identifiers: [{ type: 'dns', value: 'a' }],
  authorizations: [u],
  finalize: u,
};
const challenge = { type: 'http-01', url: u, status: 'pending', token: 'abcdefghijklmnop' };
const authorization = { status: 'pending', identifier: { type: 'dns', value: 'a' }, challenges: [challenge] };
const esc = 'a\u001b[31m';

const TAKEN: readonly (readonly [string, v.GenericSchema, unknown])[] = [
  [
    'a directory',
    DirectorySchema,
    { ...directory, meta: { termsOfService: 'data:text/plain,terms', externalAccountRequired: true } },
  ],
  [
    'a directory with renewalInfo and profiles',
    DirectorySchema,
    { ...directory, renewalInfo: u, meta: { profiles: { classic: 'The usual one', 'tls.short-1': u } } },
  ],
  ['an account', AccountSchema, { status: 'valid', orders: u }],
  ['a list of orders', OrdersListSchema, { orders: [] }],
  ['an order', OrderSchema, { ...order, certificate: u, error: { type: 'x' } }],
  ['a challenge without a token', ChallengeSchema, { type: 'dns-persist-01', url: u, status: 'pending' }],
  ['an authorization', AuthorizationSchema, { ...authorization, wildcard: true }],
];

for (const [name, schema, body] of TAKEN) {
  test(`taken: ${name}`, () => assert.deepEqual(readResource(schema, body, 'ca', 'x'), body));
}

test('fields that we do not know are no mistake', () => {
  assert.deepEqual(readResource(OrdersListSchema, { orders: [], next: 7 }, 'ca', 'x'), { orders: [] });
});

test('what a CA says of its profiles is made printable', () => {
  const meta = { profiles: { classic: esc } };
  const read = readResource(DirectorySchema, { ...directory, meta }, 'ca', 'x');
  assert.deepEqual(read.meta?.profiles, { classic: 'a [31m' });
});

const REFUSED: readonly (readonly [string, v.GenericSchema, unknown, RegExp])[] = [
  [
    'a profile whose name is hostile',
    DirectorySchema,
    { ...directory, meta: { profiles: { [esc]: 'x' } } },
    /no sense/,
  ],
  [
    'a directory of too many profiles',
    DirectorySchema,
    {
      ...directory,
      meta: { profiles: Object.fromEntries(Array.from({ length: 101 }, (_, index) => [`p${index}`, 'x'])) },
    },
    /no sense/,
  ],
  ['a renewalInfo that is no URL', DirectorySchema, { ...directory, renewalInfo: '/x' }, /renewalInfo/],
  ['text', DirectorySchema, '<html>', /^ca sent a thing that makes no sense$/],
  ['nothing', DirectorySchema, null, /no sense/],
  ['a directory without newOrder', DirectorySchema, { newNonce: u, newAccount: u }, /\(newOrder\)/],
  [
    'a URL of another scheme',
    DirectorySchema,
    { ...directory, newOrder: 'file:///etc/passwd' },
    /\(newOrder\)/,
  ],
  ['a URL that is none', DirectorySchema, { ...directory, newNonce: '/relative' }, /\(newNonce\)/],
  [
    'a URL without end',
    DirectorySchema,
    { ...directory, newNonce: `${u}${'x'.repeat(2048)}` },
    /\(newNonce\)/,
  ],
  [
    'terms that drive a terminal',
    DirectorySchema,
    { ...directory, meta: { termsOfService: esc } },
    /termsOfService/,
  ],
  ['an unknown order status', OrderSchema, { ...order, status: 'done' }, /\(status\)/],
  [
    'an order without end',
    OrderSchema,
    { ...order, authorizations: Array(1001).fill(u) },
    /\(authorizations\)/,
  ],
  [
    'an identifier that drives a terminal',
    OrderSchema,
    { ...order, identifiers: [{ type: 'dns', value: esc }] },
    /identifiers\.0\.value/,
  ],
  [
    'an authorization that drives a terminal',
    AuthorizationSchema,
    { ...authorization, identifier: { type: 'dns', value: esc } },
    /identifier\.value/,
  ],
  ['a challenge type that drives a terminal', ChallengeSchema, { ...challenge, type: esc }, /\(type\)/],
  ['a status that drives a terminal', ChallengeSchema, { ...challenge, status: esc }, /\(status\)/],
  ['a token that is a path', ChallengeSchema, { ...challenge, token: '../../../etc/passwd' }, /\(token\)/],
  ['a token that is too short', ChallengeSchema, { ...challenge, token: 'abc' }, /\(token\)/],
  ['a token with a line feed', ChallengeSchema, { ...challenge, token: `${challenge.token}\n` }, /\(token\)/],
  ['a token without end', ChallengeSchema, { ...challenge, token: 'a'.repeat(257) }, /\(token\)/],
];

for (const [name, schema, body, message] of REFUSED) {
  test(`refused: ${name}`, () => {
    const error = failure(() => readResource(schema, body, 'ca', 'thing'), 'bad-answer');
    assert.match(error.message, message);
    assertPrintable(error.message);
  });
}
