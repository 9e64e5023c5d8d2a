import 'reflect-metadata';
import { createPublicKey, type KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { EvercertError } from '../errors.ts';
import { type Identifier, parseIdentifier } from './identifier.ts';
import { kindOf, loadPrivateKey } from './keys.ts';

/** A certificate request (PKCS#10): its DER, the names it asks for, its SubjectPublicKeyInfo. */
export interface Csr {
  readonly der: Buffer;
  readonly names: readonly string[];
  readonly publicKey: Buffer;
}

const MAX_COMMON_NAME = 64;

/** A request for `identifiers`, signed by the key. The first DNS name that fits is the common name: CAs without profiles expect one. */
export async function createCsr(keyPem: string, identifiers: readonly Identifier[]): Promise<Buffer> {
  const commonName = identifiers.find(
    ({ type, value }) => type === 'dns' && value.length <= MAX_COMMON_NAME,
  )?.value;
  const key = loadPrivateKey(keyPem, 'the pending key');
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    ...(commonName === undefined ? {} : { name: [{ CN: [commonName] }] }),
    keys: await cryptoKeys(key),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: [
      new x509.SubjectAlternativeNameExtension(identifiers.map(({ type, value }) => ({ type, value }))),
    ],
  });
  return Buffer.from(request.rawData);
}

async function cryptoKeys(key: KeyObject): Promise<webcrypto.CryptoKeyPair> {
  const kind = kindOf(key);
  const algorithm =
    kind?.type === 'ecdsa'
      ? { name: 'ECDSA', namedCurve: kind.curve }
      : { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const { subtle } = webcrypto;
  const pkcs8 = key.export({ type: 'pkcs8', format: 'der' });
  const spki = createPublicKey(key).export({ type: 'spki', format: 'der' });
  return {
    privateKey: await subtle.importKey('pkcs8', pkcs8, algorithm, true, ['sign']),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
  };
}

/**
 * Reads an operator's request, PEM or DER: its signature must hold, and it must name what it is for in the
 * subjectAltName, or else in the common name.
 *
 * @throws EvercertError bad-csr
 */
export async function readCsr(bytes: Buffer): Promise<Csr> {
  try {
    return await decodeCsr(bytes);
  } catch (cause) {
    throw cause instanceof EvercertError ? cause : badCsr('it is no PKCS#10 request', cause);
  }
}

async function decodeCsr(bytes: Buffer): Promise<Csr> {
  const text = bytes.toString('latin1');
  const request = new x509.Pkcs10CertificateRequest(text.includes('-----BEGIN') ? text : bytes);
  if (!(await request.verify())) throw badCsr('its signature does not fit its key');
  const altNames = [...request.extensions].flatMap((extension) =>
    extension instanceof x509.SubjectAlternativeNameExtension ? extension.names.items : [],
  );
  const commonNames = () => request.subjectName.getField('CN');
  const asked = altNames.length > 0 ? altNames.map(({ type, value }) => nameOf(type, value)) : commonNames();
  if (asked.length === 0) throw badCsr('it has neither a subjectAltName nor a common name');
  return {
    der: Buffer.from(request.rawData),
    names: asked.map((name) => parseIdentifier(name).value),
    publicKey: Buffer.from(request.publicKey.rawData),
  };
}

function nameOf(type: string, value: string): string {
  if (type !== 'dns' && type !== 'ip') throw badCsr(`a name of type "${type}" cannot be validated by ACME`);
  return value;
}

function badCsr(why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'bad-csr',
    `the certificate request cannot be used: ${why}`,
    'Make one with: openssl req -new -key KEY.pem -subj / -addext subjectAltName=DNS:www.example.com',
    cause,
  );
}
