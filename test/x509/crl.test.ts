import 'reflect-metadata';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { type CrlQuestion, MAX_CRL_BYTES, searchCrl, serialOf } from '../../src/x509/crl.ts';
import { privateKeyPem } from '../support/acme-server/ca.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NOW } from '../unit-kit/clock.ts';
import { extension, integer, sequence, tlv } from '../unit-kit/der-writer.ts';
import { attempt, failure } from '../unit-kit/expect.ts';
import {
  type CrlOptions,
  caExtensions,
  certify,
  certifyCa,
  crlOf,
  crlPem,
  issuingPoint,
  type Party,
  reason,
  serialHex,
} from '../unit-kit/revocation.ts';

const HOUR = 3_600_000;
const URL = 'http://crl.example/1.crl';
const ca = await certifyCa('Crl');
const rsaCa = await certifyCa('Crl RSA', 'rsa');
const leaf = await certify({ name: 'leaf', serial: '9001' }, ca);
const serial = serialHex(leaf);
const entries = [
  { serial: '05', extensions: [reason(4)] },
  { serial, extensions: [reason(1)] },
  { serial: '07' },
];

const search = (options: Partial<CrlOptions> = {}, more: Partial<CrlQuestion> = {}) =>
  searchCrl({
    bytes: crlOf({ issuer: ca, entries, ...options }),
    issuerPem: (options.issuer ?? ca).pem,
    url: URL,
    serials: new Set([serial, '07', '08']),
    now: NOW,
    ...more,
  });

test('serials are the bytes of the certificate, a leading 00 included', () => {
  assert.equal(serialOf(leaf.pem), '009001');
  failure(() => serialOf('nothing'), 'revocation-unknown');
});

test('what was asked for and is in the list is revoked, with its reason', () => {
  const { revoked, thisUpdate, nextUpdate } = search();
  assert.deepEqual(
    [...revoked],
    [
      [serial, 'keyCompromise'],
      ['07', undefined],
    ],
  );
  assert.deepEqual([thisUpdate, nextUpdate], [NOW - HOUR, NOW + 90 * HOUR]);
});

test('an RSA issuer, an empty list, PEM, an issuer with its chain', () => {
  assert.equal(search({ issuer: rsaCa }).revoked.size, 2);
  assert.equal(search({ entries: [] }).revoked.size, 0);
  const bytes = Buffer.from(crlPem(crlOf({ issuer: ca, entries })));
  assert.equal(search({}, { bytes, issuerPem: ca.pem + rsaCa.pem }).revoked.size, 2);
});

test('an issuer that says nothing of its usages may sign CRLs', async () => {
  const issuer = await certify({ name: 'Silent', extensions: [new x509.BasicConstraintsExtension(true)] });
  assert.equal(search({ issuer }).revoked.size, 2);
});

test('reasons by their names (RFC 5280 section 5.3.1)', () => {
  const named = (extensions: readonly Buffer[]) =>
    search({ entries: [{ serial, extensions }] }).revoked.get(serial);
  assert.deepEqual(
    [0, 4, 6, 10, 7].map((code) => named([reason(code)])),
    ['unspecified', 'superseded', 'certificateHold', 'aACompromise', 'unspecified'],
  );
  assert.equal(named([extension('2.5.29.24', tlv(0x18))]), undefined);
});

test('a part of a CRL answers for those that name it', () => {
  const here = { extensions: [issuingPoint(['ldap://x/', 'http://other.example/', URL], 0x81)] };
  assert.equal(search(here).revoked.size, 2);
  assert.equal(search({ extensions: [issuingPoint([], 0x81)] }).revoked.size, 2);
  assert.match(
    failure(() => search(here, { url: 'http://crl.example/2.crl' }), 'revocation-unknown').message,
    /another one than the certificate names/,
  );
});

test('the clock may be an hour behind at the beginning, not a moment at the end', () => {
  assert.ok(search({ thisUpdate: NOW + HOUR }));
  assert.ok(search({ nextUpdate: NOW + 1000 }));
});

const REFUSED: readonly (readonly [string, () => unknown, RegExp])[] = [
  ['a CRL of an hour and a second ahead', () => search({ thisUpdate: NOW + HOUR + 1000 }), /from the future/],
  ['a CRL that ends now', () => search({ nextUpdate: NOW }), /out of date/],
  ['a CRL without an end', () => search({ nextUpdate: null }), /until when/],
  ['the CRL of another CA', () => search({}, { issuerPem: rsaCa.pem }), /another CA/],
  [
    'an unknown algorithm',
    () => search({ algorithm: '1.2.840.113549.1.1.5' }),
    /kind 1\.2\.840\.113549\.1\.1\.5/,
  ],
  ['the algorithm of another key', () => search({ algorithm: '1.2.840.113549.1.1.11' }), /does not hold/],
  ['a delta CRL', () => search({ extensions: [extension('2.5.29.27', integer('01'), true)] }), /critical/],
  ['CA certificates only', () => search({ extensions: [issuingPoint([], 0x82)] }), /not for all/],
  ['some reasons only', () => search({ extensions: [issuingPoint([], 0x83)] }), /not for all/],
  ['an indirect CRL', () => search({ extensions: [issuingPoint([], 0x84)] }), /not for all/],
  ['attribute certificates only', () => search({ extensions: [issuingPoint([], 0x85)] }), /not for all/],
  [
    'an entry of another issuer',
    () =>
      search({
        entries: [...entries, { serial: '09', extensions: [extension('2.5.29.29', sequence(), true)] }],
      }),
    /critical extension, 2\.5\.29\.29/,
  ],
  ['too many bytes', () => search({}, { bytes: Buffer.alloc(MAX_CRL_BYTES + 1, 0x30) }), /larger than/],
  ['a page of HTML', () => search({}, { bytes: Buffer.from('<html>') }), /no CRL/],
  ['nothing', () => search({}, { bytes: Buffer.alloc(0) }), /no CRL/],
  [
    'bytes after the end',
    () => search({}, { bytes: Buffer.concat([crlOf({ issuer: ca }), Buffer.from([0])]) }),
    /does not decode/,
  ],
  ['an issuer that does not decode', () => search({}, { issuerPem: 'nothing' }), /does not decode/],
];

for (const [name, run, message] of REFUSED) {
  test(`refused: ${name}`, () => assert.match(failure(run, 'revocation-unknown').message, message));
}

test('refused: the same name with another key, and a key that may not sign CRLs', async () => {
  const namesake = await certifyCa('Crl');
  assert.match(
    failure(() => search({}, { issuerPem: namesake.pem }), 'revocation-unknown').message,
    /not hold/,
  );
  const usage = caExtensions(x509.KeyUsageFlags.keyCertSign);
  const issuer = await certify({ name: 'Certificates only', extensions: usage });
  assert.match(failure(() => search({ issuer }), 'revocation-unknown').message, /may not sign CRLs/);
});

test('100,000 entries take well under a second', () => {
  const many = Array.from({ length: 100_000 }, (_, index) => {
    const own = (0x4000_0000_0000 + index).toString(16);
    return { serial: own, extensions: [reason(4)] };
  });
  const bytes = crlOf({ issuer: ca, entries: [...many, { serial }] });
  const started = performance.now();
  assert.ok(search({}, { bytes }).revoked.has(serial));
  assert.ok(performance.now() - started < 1000);
});

test('property: a mutated CRL is refused', () => {
  const bytes = crlOf({ issuer: ca, entries });
  fc.assert(
    fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const mutated = Buffer.from(bytes);
      mutated[at] = (mutated[at] ?? 0) ^ flip;
      assert.equal(
        attempt(() => search({}, { bytes: mutated }), 'revocation-unknown'),
        undefined,
      );
    }),
    { numRuns: 500 },
  );
});

test('property: garbage is refused', () => {
  const garbage = fc.uint8Array({ maxLength: 60 }).map((tail) => Buffer.concat([Buffer.from([0x30]), tail]));
  fc.assert(
    fc.property(garbage, (bytes) =>
      assert.equal(
        attempt(() => search({}, { bytes }), 'revocation-unknown'),
        undefined,
      ),
    ),
  );
});

async function opensslCrl(issuer: Party, revoked: string, directory: string): Promise<Buffer> {
  const path = (name: string) => join(directory, name);
  const index = `R\t400101000000Z\t260101000000Z,keyCompromise\t${revoked.toUpperCase()}\tunknown\t/CN=leaf\n`;
  const config =
    '[ca]\ndefault_ca=d\n[d]\ndatabase=index\ncrlnumber=number\ndefault_md=sha384\ncrl_extensions=e\n';
  const files = { index, number: '01\n', 'ca.pem': issuer.pem, 'ca.key': await privateKeyPem(issuer.keys) };
  const all = {
    ...files,
    config: `${config}[e]\nissuingDistributionPoint=critical,@p\n[p]\nfullname=URI:${URL}\n`,
  };
  for (const [name, text] of Object.entries(all)) writeFileSync(path(name), text);
  const words = 'ca -config config -gencrl -crldays 7 -keyfile ca.key -cert ca.pem -out crl.pem'.split(' ');
  execFileSync('openssl', words, { cwd: directory, stdio: 'pipe' });
  return execFileSync('openssl', ['crl', '-in', 'crl.pem', '-outform', 'DER'], {
    cwd: directory,
    stdio: 'pipe',
  });
}

for (const issuer of [ca, rsaCa]) {
  test(`a CRL that openssl made, ${issuer.kind}`, async (t) => {
    const { directory, remove } = scratchDirectory('crl');
    t.after(remove);
    const revoked = `4${randomBytes(8).toString('hex').slice(1)}`;
    const bytes = await opensslCrl(issuer, revoked, directory);
    const question = {
      bytes,
      issuerPem: issuer.pem,
      url: URL,
      serials: new Set([revoked, '07']),
      now: Date.now(),
    };
    assert.deepEqual([...searchCrl(question).revoked], [[revoked, 'keyCompromise']]);
  });
}
