import 'reflect-metadata';
import { randomBytes, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

export const CURVE = { name: 'ECDSA', namedCurve: 'P-256' };
export const SIGNING = { name: 'ECDSA', hash: 'SHA-256' };

/** Fixed dates, so that tests with a faked clock have a valid chain. */
const CA_LIFE = { notBefore: new Date('2015-01-01T00:00:00Z'), notAfter: new Date('2049-01-01T00:00:00Z') };

/** A name with a key that can sign certificates, and the certificate over it. */
export interface Issuer {
  certificate: x509.X509Certificate;
  keys: webcrypto.CryptoKeyPair;
}

/** The hierarchy of one test CA. */
export interface Authority {
  root: Issuer;
  otherRoot: Issuer;
  /** Signs the leaves; this certificate leads to `root`. */
  intermediate: Issuer;
  /** The same name and key, signed by `otherRoot`. */
  crossSigned: x509.X509Certificate;
  /** A CA of its own that signed nothing here. */
  unrelated: Issuer;
}

/** Generates a hierarchy of P-256 keys; the names are `<name> Root X1`, `<name> Root X2`, `<name> Intermediate E1`. */
export async function createAuthority(name = 'Test'): Promise<Authority> {
  const [root, otherRoot, unrelated, keys] = await Promise.all([
    createRoot(`${name} Root X1`),
    createRoot(`${name} Root X2`),
    createRoot(`${name} Unrelated Root`),
    generateKeys(),
  ]);
  const subject = `CN=${name} Intermediate E1`;
  const [certificate, crossSigned] = await Promise.all([
    signCa(root, subject, keys.publicKey),
    signCa(otherRoot, subject, keys.publicKey),
  ]);
  return { root, otherRoot, intermediate: { certificate, keys }, crossSigned, unrelated };
}

export async function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(CURVE, true, ['sign', 'verify']);
}

async function createRoot(name: string): Promise<Issuer> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: serialNumber(0x40),
    name: `CN=${name}`,
    ...CA_LIFE,
    keys,
    signingAlgorithm: SIGNING,
    extensions: await caExtensions(keys.publicKey, undefined),
  });
  return { certificate, keys };
}

async function signCa(
  issuer: Issuer,
  subject: string,
  publicKey: webcrypto.CryptoKey,
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: serialNumber(0x40),
    subject,
    issuer: issuer.certificate.subjectName,
    ...CA_LIFE,
    publicKey,
    signingKey: issuer.keys.privateKey,
    signingAlgorithm: SIGNING,
    extensions: [
      ...(await caExtensions(publicKey, 0)),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.keys.publicKey),
    ],
  });
}

async function caExtensions(
  key: webcrypto.CryptoKey,
  pathLength: number | undefined,
): Promise<x509.Extension[]> {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(
      x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign | x509.KeyUsageFlags.digitalSignature,
      true,
    ),
    await x509.SubjectKeyIdentifierExtension.create(key),
  ];
}

/** A random serial number in hex whose first byte has the given top bits: 0x40 without, 0x80 with a leading 00 in DER. */
export function serialNumber(topBits: 0x40 | 0x80): string {
  const bytes = randomBytes(16);
  bytes[0] = ((bytes[0] ?? 0) & 0x3f) | topBits;
  return bytes.toString('hex');
}

/** PEM with its final newline. */
export function toPem(certificate: x509.X509Certificate): string {
  return `${certificate.toString('pem')}\n`;
}

/** PKCS#8 PEM of an issuer's private key. */
export async function privateKeyPem(keys: webcrypto.CryptoKeyPair): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const lines = der.toString('base64').replace(/.{64}/g, '$&\n').trimEnd();
  return `-----BEGIN PRIVATE KEY-----\n${lines}\n-----END PRIVATE KEY-----\n`;
}
