import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { createCsr } from '../../src/x509/csr.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { generateKey, publicKeyOfPem } from '../../src/x509/keys.ts';
import { certificatePem } from '../../src/x509/pem.ts';
import { createAuthority } from '../support/acme-server/index.ts';
import { defaultKnobs, type Tamper } from '../support/acme-server/knobs.ts';
import { issueLeaf } from '../support/acme-server/leaf.ts';
import { NOW } from './clock.ts';

export const authority = await createAuthority('Unit');
export const rsaKey = await generateKey({ type: 'rsa', bits: 2048 });
export const ecKey = await generateKey({ type: 'ecdsa', curve: 'P-256' });
export const otherKey = await generateKey({ type: 'ecdsa', curve: 'P-256' });

export const pemOf = (certificate: x509.X509Certificate) =>
  certificatePem(new Uint8Array(certificate.rawData));

export const issuerPem = pemOf(authority.intermediate.certificate);
export const unrelatedPem = pemOf(authority.unrelated.certificate);

export interface Issued {
  readonly keyPem: string;
  readonly publicKey: Buffer;
  readonly leafPem: string;
  /** Leaf and issuer. */
  readonly chain: string;
}

/** A certificate that was valid since an hour before NOW, for 90 days. */
export async function issueChain(
  names: readonly string[],
  keyPem = ecKey,
  tamper: Tamper | null = null,
): Promise<Issued> {
  const identifiers = names.map(parseIdentifier);
  const csr = new x509.Pkcs10CertificateRequest(await createCsr(keyPem, identifiers));
  const knobs = { ...defaultKnobs(), now: () => NOW, tamper };
  const request = { identifiers, csr, lifetimeSeconds: 90 * 86_400, leadingZero: false };
  const leafPem = certificatePem((await issueLeaf(authority, knobs, request)).der);
  return { keyPem, publicKey: publicKeyOfPem(keyPem), leafPem, chain: leafPem + issuerPem };
}

/** A leaf of our key, signed by the intermediate, with a subjectAltName of any content and any serial. */
export async function issueOddLeaf(altNames: x509.JsonGeneralNames | undefined): Promise<string> {
  const { subtle } = webcrypto;
  const spki = publicKeyOfPem(ecKey);
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256' };
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: '4001',
    subject: 'CN=odd',
    issuer: authority.intermediate.certificate.subjectName,
    notBefore: new Date(NOW - 1000),
    notAfter: new Date(NOW + 86_400_000),
    publicKey: await subtle.importKey('spki', spki, algorithm, true, ['verify']),
    signingKey: authority.intermediate.keys.privateKey,
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    extensions: altNames === undefined ? [] : [new x509.SubjectAlternativeNameExtension(altNames)],
  });
  return pemOf(certificate);
}
