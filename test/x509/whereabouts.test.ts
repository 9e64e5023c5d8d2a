import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { readLeaf } from '../../src/x509/certificate.ts';
import { certificatePem } from '../../src/x509/pem.ts';
import { readWhereabouts } from '../../src/x509/whereabouts.ts';
import { ariId } from '../support/acme-server/leaf.ts';
import { explicit, integer, octets, oid, sequence, tlv } from '../unit-kit/der-writer.ts';
import { attempt } from '../unit-kit/expect.ts';
import { certify, certifyCa } from '../unit-kit/revocation.ts';

const KEY_ID = '2.5.29.35';
const ACCESS = '1.3.6.1.5.5.7.1.1';
const POINTS = '2.5.29.31';
const NOTHING = { renewalId: undefined, responder: undefined, crl: undefined };

const issuer = await certifyCa('Whereabouts');
const san = new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: 'a.example' }]);
const rawWith = async (...extensions: x509.Extension[]) =>
  Buffer.from((await certify({ name: 'leaf', serial: '87654321', extensions }, issuer)).certificate.rawData);
const whereabouts = async (id: string, value: Buffer) =>
  readWhereabouts(await rawWith(new x509.Extension(id, false, value)));

const uri = (text: string) => tlv(0x86, Buffer.from(text));
const ocspAt = (location: Buffer) => sequence(oid('1.3.6.1.5.5.7.48.1'), location);
const pointAt = (...names: Buffer[]) => sequence(explicit(0, explicit(0, Buffer.concat(names))));
const keyId = (hex: string) => sequence(tlv(0x80, Buffer.from(hex, 'hex')));

test('the certificate identifier is that of RFC 9773 section 4.1', async () => {
  const found = await whereabouts(KEY_ID, keyId('69885b6b87464041e1b37b847ba0ae2cde01c8d4'));
  assert.deepEqual(found, { ...NOTHING, renewalId: 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE' });
});

test('what is longer than state takes is nothing', async () => {
  assert.deepEqual(await whereabouts(KEY_ID, keyId('69'.repeat(4000))), NOTHING);
  const long = `http://a.example/${'<'.repeat(2000)}`;
  assert.deepEqual(await whereabouts(ACCESS, sequence(ocspAt(uri(long)))), NOTHING);
});

test('a leaf tells all three', async () => {
  const full = await certify(
    {
      name: 'full',
      extensions: [
        san,
        await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
        new x509.AuthorityInfoAccessExtension({
          caIssuers: 'http://ca.example/issuer',
          ocsp: 'http://ocsp.example/',
        }),
        new x509.CRLDistributionPointsExtension(['http://crl.example/1.crl']),
      ],
    },
    issuer,
  );
  const { renewalId, responder, crl } = readLeaf(full.pem);
  assert.equal(renewalId, ariId(full.certificate));
  assert.deepEqual([responder, crl], ['http://ocsp.example/', 'http://crl.example/1.crl']);
});

test('a leaf without them tells nothing', async () => {
  assert.deepEqual(readWhereabouts(await rawWith()), NOTHING);
});

test('the first http(s) URL counts', async () => {
  const ldap = uri('ldap://ca.example/cn=crl');
  const access = sequence(
    ocspAt(ldap),
    ocspAt(uri('HTTPS://ocsp.example')),
    ocspAt(uri('http://late.example/')),
  );
  assert.equal((await whereabouts(ACCESS, access)).responder, 'https://ocsp.example/');
  const points = sequence(
    pointAt(ldap),
    pointAt(ldap, uri('http://crl.example/a'), uri('http://crl.example/b')),
  );
  assert.equal((await whereabouts(POINTS, points)).crl, 'http://crl.example/a');
});

const USELESS: Record<string, readonly [string, Buffer]> = {
  'a key identifier that is missing': [KEY_ID, sequence(tlv(0x82, Buffer.from([1])))],
  'a key identifier that is empty': [KEY_ID, keyId('')],
  'garbage for a key identifier': [KEY_ID, Buffer.from('garbage')],
  'bytes after the key identifier': [KEY_ID, Buffer.concat([keyId('aa'), Buffer.from([0])])],
  'a responder that is no URI': [ACCESS, sequence(ocspAt(octets(Buffer.from('http://a.example/'))))],
  'a responder with a control character': [ACCESS, sequence(ocspAt(uri('http://a.example/\u001b[31m')))],
  'a responder that is no URL': [ACCESS, sequence(ocspAt(uri('http://[')))],
  'a responder of 3000 characters': [ACCESS, sequence(ocspAt(uri(`http://a.example/${'a'.repeat(3000)}`)))],
  'an access method that is no identifier': [
    ACCESS,
    sequence(sequence(integer('01'), uri('http://a.example/'))),
  ],
  'a distribution point without a name': [POINTS, sequence(sequence(tlv(0x81, Buffer.from([0, 1]))))],
  'a name relative to the issuer': [
    POINTS,
    sequence(sequence(explicit(0, explicit(1, uri('http://a.example/'))))),
  ],
  'a distribution point of another type': [POINTS, sequence(uri('http://a.example/'))],
};

for (const [name, [id, value]] of Object.entries(USELESS)) {
  test(`nothing: ${name}`, async () => assert.deepEqual(await whereabouts(id, value), NOTHING));
}

test('an extension that comes twice makes all of them unclear', async () => {
  const value = sequence(ocspAt(uri('http://a.example/')));
  const twice = [new x509.Extension(ACCESS, false, value), new x509.Extension(ACCESS, false, value)];
  assert.deepEqual(readWhereabouts(await rawWith(...twice)), NOTHING);
});

test('property: a mutated certificate tells something or nothing, and never fails otherwise', async () => {
  const raw = await rawWith(
    san,
    await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    new x509.AuthorityInfoAccessExtension({ ocsp: 'http://ocsp.example/' }),
    new x509.CRLDistributionPointsExtension(['http://crl.example/1.crl']),
  );
  const edit = fc.record({
    at: fc.nat(raw.length - 1),
    cut: fc.nat(3),
    put: fc.uint8Array({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 3 }), (edits) => {
      const mutated = edits.reduce(
        (bytes, { at, cut, put }) => Buffer.concat([bytes.subarray(0, at), put, bytes.subarray(at + cut)]),
        raw,
      );
      const { renewalId = 'a.b', responder = 'http://', crl = 'http://' } = readWhereabouts(mutated);
      assert.match(renewalId, /^[\w-]+\.[\w-]+$/);
      for (const url of [responder, crl]) assert.match(url, /^https?:\/\/[\x21-\x7e]*$/);
      attempt(() => readLeaf(certificatePem(mutated)), 'chain-bad');
    }),
    { numRuns: 2000 },
  );
  for (let length = 0; length < raw.length; length += 1) readWhereabouts(raw.subarray(0, length));
  assert.ok(new X509Certificate(raw));
});
