import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistRecord } from '../../../src/challenges/dns/persist.ts';

/** The example of draft-ietf-acme-dns-persist-02 section 10.2. */
const account = {
  url: 'https://ca.example/acct/123',
  thumbprint: 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs',
  issuer: 'authority.example',
  hashPrefix: 'https://ca.example/account-hash/',
};

test('since the second draft the account stands there as a hash', () => {
  assert.deepEqual(persistRecord('example.com', false, account), {
    name: '_validation-persist.example.com',
    value:
      'authority.example; accounturi=https://ca.example/account-hash/sha-256/5SQm7n6tPh2-PlLbCKGnViTXX5z19SCN4cPGQHSk-kw',
  });
});

test('before it the account stands there by its URL; a wildcard needs its word', () => {
  assert.equal(
    persistRecord('example.com', true, { ...account, hashPrefix: undefined }).value,
    'authority.example; accounturi=https://ca.example/acct/123; policy=wildcard',
  );
});
