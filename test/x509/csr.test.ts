import 'reflect-metadata';
import assert from 'node:assert/strict';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import * as x509 from '@peculiar/x509';
import fc from 'fast-check';
import { EvercertError } from '../../src/errors.ts';
import { createCsr, readCsr } from '../../src/x509/csr.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { generateKey, publicKeyOfPem } from '../../src/x509/keys.ts';
import { ecKey, issuerPem, rsaKey } from '../unit-kit/chains.ts';
import { rejection } from '../unit-kit/expect.ts';

const LONG = `${'a'.repeat(60)}.example`;
const NAMES: readonly (readonly string[])[] = [
  ['a.example'],
  ['a.example', '*.a.example', 'xn--bcher-kva.example'],
  ['192.0.2.1', '2001:db8::1'],
  ['192.0.2.1', 'a.example'],
  [LONG, 'a.example'],
  Array.from({ length: 100 }, (_, index) => `host-${index}.example`),
];

const keys = {
  'P-256': ecKey,
  'P-384': await generateKey({ type: 'ecdsa', curve: 'P-384' }),
  'P-521': await generateKey({ type: 'ecdsa', curve: 'P-521' }),
  RSA: rsaKey,
};

for (const [kind, keyPem] of Object.entries(keys)) {
  test(`a request of a ${kind} key is read as it was made`, async () => {
    for (const names of NAMES) {
      const der = await createCsr(keyPem, names.map(parseIdentifier));
      const csr = await readCsr(der);
      assert.deepEqual([...csr.names], names);
      assert.deepEqual(csr.der, der);
      assert.deepEqual(csr.publicKey, publicKeyOfPem(keyPem));
    }
  });
}

test('the common name is the first DNS name that fits, and absent without one', async () => {
  const commonName = async (...names: string[]) => {
    const der = await createCsr(ecKey, names.map(parseIdentifier));
    return new x509.Pkcs10CertificateRequest(der).subjectName.getField('CN');
  };
  assert.deepEqual(await commonName('192.0.2.1', LONG, 'b.example', 'a.example'), ['b.example']);
  assert.deepEqual(await commonName('192.0.2.1', LONG), []);
});

async function operatorsCsr(
  name: string,
  altNames?: x509.JsonGeneralNames,
  algorithm: object = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
) {
  const pair = (await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyGenParams, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
  return x509.Pkcs10CertificateRequestGenerator.create({
    name,
    keys: pair,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: altNames === undefined ? [] : [new x509.SubjectAlternativeNameExtension(altNames)],
  });
}

test('PEM and DER, with text around the PEM', async () => {
  const request = await operatorsCsr('CN=', [{ type: 'dns', value: 'A.Example' }]);
  const pem = request.toString('pem');
  for (const bytes of [
    Buffer.from(request.rawData),
    Buffer.from(pem),
    Buffer.from(`Certificate Request:\n${pem}\n`),
  ]) {
    assert.deepEqual([...(await readCsr(bytes)).names], ['a.example']);
  }
});

test('without a subjectAltName the common name counts', async () => {
  assert.deepEqual((await readCsr(Buffer.from((await operatorsCsr('CN=a.example')).rawData))).names, [
    'a.example',
  ]);
});

test('a key of a kind that we do not make is the operator’s choice', async () => {
  const csr = await operatorsCsr('CN=a.example', undefined, { name: 'Ed25519' });
  assert.deepEqual((await readCsr(Buffer.from(csr.rawData))).names, ['a.example']);
});

const good = await createCsr(ecKey, [parseIdentifier('a.example')]);

test('refused: no names, names of another kind, a bad signature', async () => {
  const noNames = await operatorsCsr('O=nobody');
  assert.match((await rejection(readCsr(Buffer.from(noNames.rawData)), 'bad-csr')).message, /neither/);
  const mail = await operatorsCsr('CN=a.example', [{ type: 'email', value: 'a@a.example' }]);
  assert.match((await rejection(readCsr(Buffer.from(mail.rawData)), 'bad-csr')).message, /"email"/);
  const forged = Buffer.from(good);
  const at = forged.indexOf('a.example');
  forged.write('b', at);
  assert.match((await rejection(readCsr(forged), 'bad-csr')).message, /signature/);
});

for (const [name, bytes] of Object.entries({
  nothing: Buffer.alloc(0),
  text: Buffer.from('hello'),
  'a certificate': Buffer.from(issuerPem),
  'a private key': Buffer.from(ecKey),
  'a torn PEM': Buffer.from('-----BEGIN CERTIFICATE REQUEST-----\nMIIB'),
  'DER of something else': Buffer.from('3003020101', 'hex'),
  'a length without end': Buffer.from('3084ffffffff', 'hex'),
  'nested without end': Buffer.from('3080'.repeat(2000), 'hex'),
})) {
  test(`refused: ${name}`, async () => {
    await rejection(readCsr(bytes), 'bad-csr');
  });
}

async function refusedOrSame(bytes: Buffer): Promise<void> {
  try {
    assert.deepEqual([...(await readCsr(bytes)).names], ['a.example']);
  } catch (error) {
    if (!(error instanceof EvercertError && error.code === 'bad-csr')) throw error;
  }
}

test('property: hostile bytes are refused', async () => {
  const mutation = fc.record({
    at: fc.nat(good.length - 1),
    flip: fc.integer({ min: 1, max: 255 }),
    length: fc.nat(good.length),
  });
  await fc.assert(
    fc.asyncProperty(mutation, async ({ at, flip, length }) => {
      const mutated = Buffer.from(good);
      mutated[at] = (mutated[at] ?? 0) ^ flip;
      await refusedOrSame(mutated);
      await refusedOrSame(good.subarray(0, length));
    }),
    { numRuns: 250 },
  );
});
