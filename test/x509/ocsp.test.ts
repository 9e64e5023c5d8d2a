import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { readOcspResponse } from '../../src/x509/ocsp.ts';
import { NOW } from '../unit-kit/clock.ts';
import { enumerated, explicit, extension, octets, oid, sequence } from '../unit-kit/der-writer.ts';
import { attempt, failure, rejection } from '../unit-kit/expect.ts';
import {
  type Certified,
  certify,
  certifyCa,
  type OcspOptions,
  ocspResponse,
  type Party,
  STATUS,
  wrapped,
} from '../unit-kit/revocation.ts';

const HOUR = 3_600_000;
const OCSP_SIGNING = new x509.ExtendedKeyUsageExtension(['1.3.6.1.5.5.7.3.9']);
const ca = await certifyCa('Ocsp');
const rsaCa = await certifyCa('Ocsp RSA', 'rsa');
const leaf = await certify({ name: 'leaf', serial: '9001' }, ca);
const rsaLeaf = await certify({ name: 'leaf' }, rsaCa);
const other = await certify({ name: 'other', serial: '9002' }, ca);
const delegateOf = (issuer: Party, more: Partial<Certified> = {}) =>
  certify({ name: 'responder', extensions: [OCSP_SIGNING], ...more }, issuer);
const delegate = await delegateOf(ca);

const read = (
  response: Buffer,
  { leaf: of, issuer }: Pick<OcspOptions, 'leaf' | 'issuer'> = { leaf, issuer: ca },
) => readOcspResponse(response, of.pem, issuer.pem, NOW);
const answer = (options: Partial<OcspOptions> = {}) => {
  const all = { leaf, issuer: ca, ...options };
  return read(ocspResponse(all), { leaf, issuer: ca });
};
const GOOD = { status: 'good', reason: undefined, thisUpdate: NOW - HOUR, nextUpdate: NOW + 9 * HOUR };

test('good, signed by the issuer, known by key or by name', () => {
  assert.deepEqual(answer(), GOOD);
  assert.deepEqual(answer({ responderId: 'name' }), GOOD);
});

test('an RSA issuer', () => {
  const options = { leaf: rsaLeaf, issuer: rsaCa };
  assert.deepEqual(read(ocspResponse(options), options), GOOD);
});

test('revoked, with and without a reason; unknown', () => {
  assert.deepEqual(answer({ status: STATUS.revoked(1) }), {
    ...GOOD,
    status: 'revoked',
    reason: 'keyCompromise',
  });
  assert.deepEqual(answer({ status: STATUS.revoked() }), { ...GOOD, status: 'revoked' });
  assert.deepEqual(answer({ status: STATUS.unknown }), { ...GOOD, status: 'unknown' });
});

test('the response may name the certificate by SHA-256', () => {
  assert.deepEqual(answer({ hash: ['sha256', '2.16.840.1.101.3.4.2.1'] }), GOOD);
});

test('a delegate of the issuer may sign; the end of its certificate is that of the answer', async () => {
  for (const responderId of ['name', 'key'] as const)
    assert.deepEqual(answer({ signer: delegate, embedded: [other, delegate], responderId }), GOOD);
  const short = await delegateOf(ca, { notAfter: NOW + HOUR });
  assert.deepEqual(answer({ signer: short, embedded: [short] }), { ...GOOD, nextUpdate: NOW + HOUR });
  const rsa = await delegateOf(ca, { kind: 'rsa' });
  assert.deepEqual(answer({ signer: rsa, embedded: [rsa] }), GOOD);
});

test('an answer without an end holds for a day', () => {
  const at = (thisUpdate: number) => answer({ nextUpdate: null, thisUpdate });
  assert.equal(at(NOW - 23 * HOUR).nextUpdate, undefined);
  assert.match(failure(() => at(NOW - 24 * HOUR), 'revocation-unknown').message, /out of date/);
});

test('the clock may be five minutes behind', () => {
  assert.ok(answer({ thisUpdate: NOW + 300_000 }));
});

const signedBy = (signer: Party, more: Partial<OcspOptions> = {}) =>
  answer({ signer, embedded: [signer], ...more });

const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['another certificate', () => answer({ leaf: other }), /about another certificate/],
  ['another issuer', () => answer({ issuer: rsaCa, signer: ca }), /about another certificate/],
  ['an unknown hash', () => answer({ hash: ['sha1', '1.2.3'] }), /about another certificate/],
  ['the certificate twice', () => answer({ times: 2 }), /twice/],
  ['a signer that is not there', () => answer({ signer: delegate }), /signer .* not known/],
  ['a leaf of the issuer as signer', () => signedBy(other), /may not sign such/],
  ['a signer of another CA', async () => signedBy(await delegateOf(rsaCa)), /not certified by the issuer/],
  [
    'a delegate of a delegate',
    async () => {
      const second = await delegateOf(delegate, { name: 'second' });
      return signedBy(second, { embedded: [second, delegate] });
    },
    /not certified/,
  ],
  ['a delegate with the name of the issuer', async () => signedBy(await certifyCa('Ocsp')), /not certified/],
  [
    'a delegate that has ended',
    async () => signedBy(await delegateOf(ca, { notAfter: NOW })),
    /not valid now/,
  ],
  [
    'a delegate whose key is not for signatures',
    async () =>
      signedBy(
        await delegateOf(ca, {
          extensions: [OCSP_SIGNING, new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyAgreement, true)],
        }),
      ),
    /may not sign such/,
  ],
  ['the future', () => answer({ thisUpdate: NOW + 301_000 }), /future/],
  ['the past', () => answer({ nextUpdate: NOW }), /out of date/],
  [
    'an end before the beginning',
    () => answer({ thisUpdate: NOW + 60_000, nextUpdate: NOW + 1000 }),
    /out of date/,
  ],
  ['SHA-1', () => answer({ algorithm: '1.2.840.10045.4.1' }), /not supported/],
  ['the algorithm of another key', () => answer({ algorithm: '1.2.840.113549.1.1.11' }), /does not hold/],
  [
    'critical extensions',
    () => answer({ singleExtensions: extension('1.2.3', octets(Buffer.of(1)), true) }),
    /critical/,
  ],
  ['tryLater', () => read(sequence(enumerated(3))), /says tryLater/],
  ['a status that is none', () => read(sequence(enumerated(99))), /says 99/],
  ['success without an answer', () => read(sequence(enumerated(0))), /unknown type/],
  [
    'another type of answer',
    () => read(sequence(enumerated(0), explicit(0, sequence(oid('1.2.3'), octets(sequence()))))),
    /unknown type/,
  ],
  ['an empty answer', () => read(wrapped(sequence())), /does not decode/],
  [
    'bytes after the end',
    () => read(Buffer.concat([ocspResponse({ leaf, issuer: ca }), Buffer.from([0])])),
    /does not decode/,
  ],
  ['too many bytes', () => read(Buffer.alloc(64 * 1024 + 1)), /larger than/],
  ['too many certificates', () => signedBy(delegate, { embedded: Array(5).fill(delegate) }), /too many/],
  ['a page of HTML', () => read(Buffer.from('<html>')), /does not decode/],
];

for (const [name, run, message] of REFUSED) {
  test(`refused: ${name}`, async () => {
    const error = await rejection(Promise.resolve().then(run), 'revocation-unknown');
    assert.match(error.message, message);
  });
}

test('property: a mutated response is refused or says the same', () => {
  const response = ocspResponse({ leaf, issuer: ca, signer: delegate, embedded: [delegate] });
  fc.assert(
    fc.property(fc.nat(response.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const mutated = Buffer.from(response);
      mutated[at] = (mutated[at] ?? 0) ^ flip;
      assert.deepEqual(attempt(() => read(mutated), 'revocation-unknown') ?? GOOD, GOOD);
    }),
    { numRuns: 1000 },
  );
});
