import { X509Certificate } from 'node:crypto';

/** What can be told of any certificate, whatever its names. */
export interface CertificatePeek {
  /** Hexadecimal, lower case. */
  readonly serial: string;
  /** Milliseconds since 1970. */
  readonly notAfter: number;
  readonly keyType: 'rsa' | 'ecdsa' | undefined;
}

/** Undefined for bytes that are no certificate. */
export function peekCertificate(der: Buffer): CertificatePeek | undefined {
  try {
    const certificate = new X509Certificate(der);
    const notAfter = Date.parse(certificate.validTo);
    if (Number.isNaN(notAfter)) return undefined;
    return { serial: certificate.serialNumber.toLowerCase(), notAfter, keyType: keyTypeOf(certificate) };
  } catch {
    return undefined;
  }
}

function keyTypeOf({ publicKey }: X509Certificate): 'rsa' | 'ecdsa' | undefined {
  const type = publicKey.asymmetricKeyType;
  return type === 'rsa' ? 'rsa' : type === 'ec' ? 'ecdsa' : undefined;
}
