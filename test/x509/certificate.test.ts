import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkChain, isKeyOf, issuerNames, readLeaf } from '../../src/x509/certificate.ts';
import { loadPrivateKey, publicKeyOfPem } from '../../src/x509/keys.ts';
import { certificatePem } from '../../src/x509/pem.ts';
import {
  authority,
  ecKey,
  issueChain,
  issueOddLeaf,
  issuerPem,
  otherKey,
  pemOf,
  rsaKey,
  unrelatedPem,
} from '../unit-kit/chains.ts';
import { NOW } from '../unit-kit/clock.ts';
import { attempt, failure } from '../unit-kit/expect.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const names = ['a.example', '*.b.example', '192.0.2.1', '2001:db8::1'];
const good = await issueChain(names);
const check = (pem: string, now = NOW, wanted: readonly string[] = names) =>
  checkChain(pem, good.publicKey, wanted, now);

test('what a leaf says', () => {
  const leaf = readLeaf(good.leafPem);
  assert.deepEqual(leaf.names, names);
  assert.deepEqual([leaf.notBefore, leaf.notAfter], [NOW - HOUR, NOW - HOUR + 90 * DAY]);
  assert.equal(leaf.issuer, 'Unit Intermediate E1');
  assert.equal(leaf.serial, new X509Certificate(good.leafPem).serialNumber.toLowerCase());
  assert.deepEqual(leaf.publicKey, publicKeyOfPem(ecKey));
});

test('a key is that of its leaf and of no other', () => {
  const leaf = readLeaf(good.leafPem);
  assert.ok(isKeyOf(loadPrivateKey(ecKey, 'key'), leaf));
  assert.ok(!isKeyOf(loadPrivateKey(otherKey, 'key'), leaf));
});

test('a good chain passes, in blocks that are the bytes to store', () => {
  const { certPem, chainPem, leaf } = check(good.chain);
  assert.deepEqual([certPem, chainPem, leaf.names], [good.leafPem, issuerPem, names]);
  assert.equal(check(good.chain.replaceAll('\n', '\r\n')).certPem, good.leafPem);
});

test('an RSA leaf passes, and one whose names come in another order', async () => {
  const rsa = await issueChain(['a.example', 'b.example'], rsaKey);
  assert.equal(checkChain(rsa.chain, rsa.publicKey, ['b.example', 'a.example'], NOW).chainPem, issuerPem);
});

test('the chain may go on to the root', () => {
  const root = pemOf(authority.root.certificate);
  assert.equal(check(good.chain + root).chainPem, issuerPem + root);
});

const BAD: readonly (readonly [string, () => Promise<string> | string, RegExp])[] = [
  ['the key of the leaf is another', async () => (await issueChain(names, otherKey)).chain, /another key/],
  ['wrong-key', async () => (await issueChain(names, ecKey, 'wrong-key')).chain, /another key/],
  ['extra-name', async () => (await issueChain(names, ecKey, 'extra-name')).chain, /extra\.invalid, not for/],
  ['missing-name', async () => (await issueChain(names, ecKey, 'missing-name')).chain, /the leaf is for/],
  ['expired', async () => (await issueChain(names, ecKey, 'expired')).chain, /certificate 1 ended on/],
  ['not-yet-valid', async () => (await issueChain(names, ecKey, 'not-yet-valid')).chain, /not valid before/],
  ['wrong-order', () => issuerPem + good.leafPem, /another key/],
  ['unrelated-issuer', () => good.leafPem + unrelatedPem, /certificate 1 was not issued by the one after it/],
  ['unrelated root above', () => good.chain + unrelatedPem, /certificate 2 was not issued/],
  ['missing-intermediate', () => good.leafPem, /issuer of the leaf is missing/],
  ['the leaf twice', () => good.leafPem + good.chain, /certificate 2 is not a CA/],
  [
    'the root in place of the issuer',
    () => good.leafPem + pemOf(authority.root.certificate),
    /was not issued/,
  ],
  ['garbage-after', () => `${good.chain}-----BEGIN CERTIFICATE-----\nnot base64!\n`, /after certificate 2/],
  ['garbage-only', () => '<html>502</html>', /no certificate/],
  [
    'a block that is no certificate',
    () => certificatePem(Buffer.from('x')) + issuerPem,
    /the leaf does not decode/,
  ],
  [
    'an issuer that is no certificate',
    () => good.leafPem + certificatePem(Buffer.from('x')),
    /certificate 2 does not decode/,
  ],
  [
    'bytes after the DER',
    () =>
      certificatePem(Buffer.concat([new X509Certificate(good.leafPem).raw, Buffer.from('x')])) + issuerPem,
    /does not decode/,
  ],
];

for (const [name, make, message] of BAD) {
  test(`refused: ${name}`, async () => {
    const pem = await make();
    assert.match(failure(() => check(pem), 'chain-bad').message, message);
  });
}

const ODD_NAMES: Record<string, Parameters<typeof issueOddLeaf>[0]> = {
  'no subjectAltName': undefined,
  'an e-mail address': [{ type: 'email', value: 'a@a.example' }],
  'a URI': [{ type: 'url', value: 'https://a.example/' }],
  'a comma in a name': [{ type: 'dns', value: 'a.example, DNS:b.example' }],
  'a control character in a name': [{ type: 'dns', value: 'a\u001b[31m.example' }],
  'a single label': [{ type: 'dns', value: 'localhost' }],
  'an underscore': [{ type: 'dns', value: 'a_b.example' }],
};

for (const [name, altNames] of Object.entries(ODD_NAMES)) {
  test(`refused: a leaf with ${name}`, async () => {
    const leaf = await issueOddLeaf(altNames);
    failure(() => check(leaf + issuerPem, NOW, ['a.example', 'b.example']), 'chain-bad');
  });
}

test('the clock may be an hour behind at the beginning, not a second at the end', () => {
  const { notBefore, notAfter } = readLeaf(good.leafPem);
  assert.ok(check(good.chain, notBefore - HOUR));
  failure(() => check(good.chain, notBefore - HOUR - 1000), 'chain-bad');
  assert.ok(check(good.chain, notAfter - 1));
  failure(() => check(good.chain, notAfter), 'chain-bad');
});

test('issuer names are those of each certificate, the topmost last', () => {
  assert.deepEqual(issuerNames(good.chain), ['Unit Intermediate E1', 'Unit Root X1']);
  assert.deepEqual(issuerNames(pemOf(authority.crossSigned)), ['Unit Root X2']);
});

test('property: a mutated leaf is refused or says the same', () => {
  const { raw } = new X509Certificate(good.leafPem);
  const facts = readLeaf(good.leafPem);
  fc.assert(
    fc.property(fc.nat(raw.length - 1), fc.integer({ min: 1, max: 255 }), (at, flip) => {
      const mutated = Buffer.from(raw);
      mutated[at] = (mutated[at] ?? 0) ^ flip;
      const chain = attempt(() => check(certificatePem(mutated) + issuerPem), 'chain-bad');
      if (chain !== undefined) assert.deepEqual(chain.leaf, facts);
    }),
    { numRuns: 1000 },
  );
});

test('property: a chain with a mutated character is refused or says the same', () => {
  const facts = readLeaf(good.leafPem);
  const edit = fc.record({
    at: fc.nat(good.chain.length - 1),
    cut: fc.nat(3),
    insert: fc.string({ maxLength: 3 }),
  });
  fc.assert(
    fc.property(edit, ({ at, cut, insert }) => {
      const text = good.chain.slice(0, at) + insert + good.chain.slice(at + cut);
      const chain = attempt(() => check(text), 'chain-bad');
      if (chain !== undefined) assert.deepEqual(chain.leaf, facts);
    }),
    { numRuns: 700 },
  );
});
