import assert from 'node:assert/strict';
import { test } from 'node:test';
import { persistRecord } from '../../../src/challenges/dns/persist.ts';
import { failure } from '../../unit-kit/expect.ts';

/** The example of draft-ietf-acme-dns-persist-02 section 10.2. */
const account = {
  server: 'https://ca.example/directory',
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

test('a CA cannot have others named in the record', () => {
  const plain = { ...account, hashPrefix: undefined };
  const lies = {
    'an account of another CA': { ...plain, issuer: 'other.example', url: 'https://other.example/acct/666' },
    'a parameter in the URL': { ...plain, url: 'https://ca.example/acct/1;policy=wildcard' },
    'a parameter in the name': { ...plain, issuer: 'ca.example;policy=wildcard' },
    'a parameter in the prefix': { ...account, hashPrefix: 'https://ca.example/;policy=wildcard;x=' },
    'a quote': { ...account, hashPrefix: 'https://ca.example/"' },
  };
  for (const [what, lie] of Object.entries(lies))
    failure(() => assert.fail(`${what}: ${persistRecord('a.example', false, lie).value}`), 'bad-answer');
});
