import { type KeyObject, verify } from 'node:crypto';
import { revocationUnknown } from './revocation.ts';

/** Bytes that somebody signed. */
export interface Signed {
  /** Object identifier of the signature algorithm. */
  readonly algorithm: string;
  readonly content: Buffer;
  readonly signature: Buffer;
}

/** SHA-1 is missing on purpose. */
const ALGORITHMS = new Map([
  ['1.2.840.113549.1.1.11', { key: 'rsa', hash: 'sha256' }],
  ['1.2.840.113549.1.1.12', { key: 'rsa', hash: 'sha384' }],
  ['1.2.840.113549.1.1.13', { key: 'rsa', hash: 'sha512' }],
  ['1.2.840.10045.4.3.2', { key: 'ec', hash: 'sha256' }],
  ['1.2.840.10045.4.3.3', { key: 'ec', hash: 'sha384' }],
  ['1.2.840.10045.4.3.4', { key: 'ec', hash: 'sha512' }],
]);

/**
 * Whether the holder of this key signed it: RSA (PKCS#1 1.5) or ECDSA, with SHA-2.
 *
 * @throws EvercertError revocation-unknown: another algorithm
 */
export function isSignedBy({ algorithm, content, signature }: Signed, key: KeyObject): boolean {
  const known = ALGORITHMS.get(algorithm);
  if (known === undefined) throw revocationUnknown(`signatures of kind ${algorithm} are not supported`);
  return key.asymmetricKeyType === known.key && verify(known.hash, content, key, signature);
}
