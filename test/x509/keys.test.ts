import assert from 'node:assert/strict';
import { createPrivateKey, createPublicKey, generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import {
  generateKey,
  isSigningKey,
  type KeyKind,
  kindOf,
  loadPrivateKey,
  publicKeyOf,
  publicKeyOfPem,
  sameKind,
  thumbprintOf,
} from '../../src/x509/keys.ts';
import { failure } from '../unit-kit/expect.ts';

const KINDS: readonly KeyKind[] = [
  { type: 'ecdsa', curve: 'P-256' },
  { type: 'ecdsa', curve: 'P-384' },
  { type: 'ecdsa', curve: 'P-521' },
  { type: 'rsa', bits: 2048 },
];

for (const kind of KINDS) {
  test(`a generated key is ${JSON.stringify(kind)}, PKCS#8 with one final line feed`, async () => {
    const pem = await generateKey(kind);
    assert.match(pem, /^-----BEGIN PRIVATE KEY-----\n[\s\S]+\n-----END PRIVATE KEY-----\n$/);
    const key = loadPrivateKey(pem, 'key');
    assert.deepEqual(kindOf(key), kind);
    assert.deepEqual(publicKeyOf(key), publicKeyOfPem(pem));
    assert.ok(!publicKeyOfPem(await generateKey(kind)).equals(publicKeyOfPem(pem)));
  });
}

test('a key that we do not make has no kind', () => {
  const { privateKey } = generateKeyPairSync('ed25519');
  const { privateKey: koblitz } = generateKeyPairSync('ec', { namedCurve: 'secp256k1' });
  assert.deepEqual([kindOf(privateKey), kindOf(koblitz)], [undefined, undefined]);
});

test('a signing key is a private one of a kind that accounts can have', async () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  assert.ok(isSigningKey(await generateKey({ type: 'ecdsa', curve: 'P-256' })));
  for (const pem of [
    privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    publicKey.export({ type: 'spki', format: 'pem' }).toString(),
    '',
    'key',
  ])
    assert.ok(!isSigningKey(pem));
});

test('the public half is the same from either half', () => {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  assert.deepEqual(
    publicKeyOf(createPrivateKey(privateKey.export({ type: 'pkcs8', format: 'pem' }))),
    publicKeyOf(publicKey),
  );
});

for (const text of ['', 'no key', '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n']) {
  test(`${JSON.stringify(text)} is no private key`, () => {
    const { message } = failure(() => loadPrivateKey(text, '/x/privkey.pem'), 'lineage-damaged');
    assert.equal(message, '/x/privkey.pem is no private key');
  });
}

test('kinds are the same when type and size are', () => {
  for (const left of KINDS) for (const right of KINDS) assert.equal(sameKind(left, right), left === right);
  assert.equal(sameKind({ type: 'rsa', bits: 2048 }, { type: 'rsa', bits: 4096 }), false);
});

test('thumbprints: the example of RFC 7638, and equal for a key and its public half', async () => {
  const n =
    '0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw';
  const example = createPublicKey({ key: { kty: 'RSA', n, e: 'AQAB' }, format: 'jwk' });
  const pem = example.export({ type: 'spki', format: 'pem' }).toString();
  assert.equal(thumbprintOf(pem), 'NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs');
  const key = await generateKey({ type: 'ecdsa', curve: 'P-256' });
  const half = createPublicKey(key).export({ type: 'spki', format: 'pem' }).toString();
  assert.equal(thumbprintOf(half), thumbprintOf(key));
});
