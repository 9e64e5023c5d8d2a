import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ERROR_CODES, type ErrorCode } from '../../src/errors.ts';
import type { FailureKind } from '../../src/renewal/backoff.ts';
import { kindOf } from '../../src/renewal/failure-kind.ts';
import { rule } from '../unit-kit/rule.ts';

type Why = readonly [FailureKind, string];
const HERE: Why = ['local', 'this machine alone can mend it, and trying costs no CA anything'];

/** Of every error, whose fault it is, and why. */
const CODES: Readonly<Record<Exclude<ErrorCode, 'acme-problem' | 'challenge-failed'>, Why>> &
  Record<string, Why> = {
  'connection-failed': ['network', 'the CA is not there'],
  'tls-failed': ['network', 'nobody that may be trusted is there; another CA may be'],
  'bad-answer': ['ca', 'it does not speak ACME just now'],
  'order-failed': ['ca', 'an order became invalid without a word about a name'],
  'order-timeout': ['ca', 'it did not finish'],
  'chain-bad': ['ca', 'what it sent is not what was ordered'],
  'challenge-unsupported': ['account', 'it offers no way to prove the name; tomorrow neither'],
  'terms-not-agreed': ['account', 'the operator must agree'],
  'email-missing': ['account', 'the operator must say'],
  'eab-missing': ['account', 'the operator must say'],
  'account-deactivated': ['account', 'the operator closed it, and must say what now'],
  'profile-unsupported': ['account', 'the CA does not offer what the operator requires'],
  'bad-csr': ['input', 'the same request again would be as bad'],
  'propagation-timeout': ['validation', 'name servers are slow, or the record is elsewhere'],
  'caa-forbids': ['validation', 'its operator mends the CAA record'],
  'dns-failed': HERE,
  'dns-provider': HERE,
  'credentials-missing': HERE,
  'credentials-exposed': HERE,
  'hook-failed': ['hook', 'a pre hook: the CA was not asked'],
  usage: HERE,
  'bad-name': HERE,
  'bad-settings': HERE,
  'store-missing': HERE,
  'store-access': HERE,
  'store-owner': HERE,
  'unknown-lineage': HERE,
  'account-damaged': ['account', 'another CA has another key'],
  'lock-held': HERE,
  'lock-failed': HERE,
  'disk-full': HERE,
  'disk-failed': HERE,
  'lineage-damaged': HERE,
  'lineage-pinned': HERE,
  'webroot-failed': HERE,
  'port-in-use': HERE,
  'account-missing': ['account', 'another CA may know us'],
  'needs-root': HERE,
  'timer-foreign': HERE,
  'timer-failed': HERE,
  'revocation-unknown': HERE,
  'not-served': HERE,
  interrupted: HERE,
};

for (const [code, [kind, why]] of Object.entries(CODES)) {
  rule(`${code} is ${kind}: ${why}`, () => assert.equal(kindOf({ code: code as ErrorCode }), kind));
}

test('every error code has its kind', () => {
  const told = [...Object.keys(CODES), 'acme-problem', 'challenge-failed'];
  assert.deepEqual(
    ERROR_CODES.filter((code) => !told.includes(code)),
    [],
  );
});

const ASKED: Why = ['input', 'the same question has the same answer'];
const NAME: Why = ['validation', 'it is about a name, which its operator mends'];

/** Every type of RFC 8555 section 6.7, and those of its successors that CAs send. */
const TYPES: Readonly<Record<string, Why>> = {
  accountDoesNotExist: ['account', 'it was registered again already, in vain'],
  alreadyReplaced: ['ca', 'it was asked again without replaces, in vain'],
  alreadyRevoked: ASKED,
  badCSR: ASKED,
  badNonce: ['ca', 'it refuses its own nonces'],
  badPublicKey: ASKED,
  badRevocationReason: ASKED,
  badSignatureAlgorithm: ASKED,
  caa: NAME,
  compound: ASKED,
  connection: NAME,
  dns: NAME,
  externalAccountRequired: ['account', 'another CA may not want one'],
  incorrectResponse: NAME,
  invalidContact: ASKED,
  invalidProfile: ASKED,
  malformed: ASKED,
  orderNotReady: ['ca', 'it said before that it was'],
  rateLimited: ['rate-limit', 'it says so'],
  rejectedIdentifier: ASKED,
  serverInternal: ['ca', 'it says so'],
  tls: NAME,
  unauthorized: NAME,
  unsupportedContact: ASKED,
  unsupportedIdentifier: ASKED,
  userActionRequired: ['account', 'a person must go there; another CA can be asked'],
  'about:blank': ['ca', 'whoever answered did not say what is wrong'],
  'urn:of:tomorrow': ASKED,
  constructor: ASKED,
};

for (const [type, [kind, why]] of Object.entries(TYPES)) {
  rule(`problem ${type} is ${kind}: ${why}`, () => {
    assert.equal(kindOf({ code: 'acme-problem', problem: { type, status: 400 } }), kind);
  });
}

/** What is not told by the type is told by the status. */
const STATUSES: readonly (readonly [string, number, FailureKind])[] = [
  ['about:blank', 429, 'rate-limit'],
  ['serverInternal', 429, 'rate-limit'],
  ['about:blank', 408, 'network'],
  ['about:blank', 502, 'network'],
  ['serverInternal', 503, 'network'],
  ['about:blank', 504, 'network'],
  ['malformed', 500, 'ca'],
  ['serverInternal', 500, 'ca'],
  ['about:blank', 302, 'ca'],
  ['rateLimited', 503, 'rate-limit'],
  ['unauthorized', 403, 'validation'],
  ['about:blank', 404, 'ca'],
];

for (const [type, status, kind] of STATUSES) {
  rule(`problem ${type} with status ${status} is ${kind}`, () => {
    assert.equal(kindOf({ code: 'acme-problem', problem: { type, status } }), kind);
  });
}

const CHALLENGES: readonly (readonly [string, readonly string[], FailureKind])[] = [
  ['names that fail are validation', ['connection', 'dns'], 'validation'],
  ['names of which nothing is told too', [], 'validation'],
  ['the CA’s own errors at every name are its fault', ['serverInternal', 'badNonce'], 'ca'],
  ['the CA’s own error at one name of two is validation', ['serverInternal', 'dns'], 'validation'],
  ['a limit at every name is a limit', ['rateLimited'], 'rate-limit'],
  ['an unknown problem of a name is validation', ['toString'], 'validation'],
];

for (const [text, challenges, kind] of CHALLENGES) {
  rule(text, () => assert.equal(kindOf({ code: 'challenge-failed', challenges }), kind));
}

rule('a compound problem is of the kind that all its parts are of', () => {
  const problem = { type: 'compound', status: 400 };
  const of = (...challenges: string[]) => kindOf({ code: 'acme-problem', problem, challenges });
  assert.deepEqual(
    [of('caa', 'dns'), of('caa', 'rejectedIdentifier'), of('rejectedIdentifier')],
    ['validation', 'input', 'input'],
  );
});
