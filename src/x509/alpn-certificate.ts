import 'reflect-metadata';
import { createHash, KeyObject, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { Identifier } from './identifier.ts';

/** id-pe-acmeIdentifier, RFC 8737 section 3. */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const DAY_MS = 86_400_000;

/**
 * The self-signed certificate by which tls-alpn-01 proves one name (RFC 8737 section 3, RFC 8738 section 4), and its
 * key; both PEM.
 *
 * @param keyAuthorization RFC 8555 section 8.1
 * @param now milliseconds since 1970; the CA's clock may be a day off
 */
export async function createAlpnCertificate(
  { type, value }: Identifier,
  keyAuthorization: string,
  now: number,
): Promise<{ key: string; certificate: string }> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: ['ACME challenge'] }],
    notBefore: new Date(now - DAY_MS),
    notAfter: new Date(now + 7 * DAY_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type, value }]),
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.Extension(ACME_IDENTIFIER, true, octetString(digestOf(keyAuthorization))),
    ],
  });
  const key = KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString();
  return { key, certificate: certificate.toString('pem') };
}

function digestOf(keyAuthorization: string): Buffer {
  return createHash('sha256').update(keyAuthorization).digest();
}

function octetString(digest: Buffer): Buffer {
  return Buffer.concat([Buffer.from([0x04, digest.length]), digest]);
}
