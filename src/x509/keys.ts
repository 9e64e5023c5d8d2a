import { createHash, createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { promisify } from 'node:util';
import { EvercertError } from '../errors.ts';

/** The kind of a private key, as settings name it. */
export type KeyKind =
  | { readonly type: 'ecdsa'; readonly curve: 'P-256' | 'P-384' | 'P-521' }
  | { readonly type: 'rsa'; readonly bits: number };

const generate = promisify(generateKeyPair);

/** A new private key, PKCS#8 PEM with a final line feed. */
export async function generateKey(kind: KeyKind): Promise<string> {
  const { privateKey } =
    kind.type === 'rsa'
      ? await generate('rsa', { modulusLength: kind.bits })
      : await generate('ec', { namedCurve: kind.curve });
  return privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
}

/**
 * @param what names the key in the message
 * @throws EvercertError lineage-damaged
 */
export function loadPrivateKey(pem: string, what: string): KeyObject {
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    throw new EvercertError(
      'lineage-damaged',
      `${what} is no private key`,
      'Restore the file from a backup.',
      cause,
    );
  }
}

/** Whether this is a private key of a kind that ACME accounts can have (RSA or ECDSA). */
export function isSigningKey(pem: string): boolean {
  try {
    return kindOf(createPrivateKey(pem)) !== undefined;
  } catch {
    return false;
  }
}

/** The kind of an existing key; undefined for one that we do not make (Ed25519 …). */
export function kindOf(key: KeyObject): KeyKind | undefined {
  if (key.asymmetricKeyType === 'rsa')
    return { type: 'rsa', bits: key.asymmetricKeyDetails?.modulusLength ?? 0 };
  const curve = CURVES[key.asymmetricKeyDetails?.namedCurve ?? ''];
  return curve && { type: 'ecdsa', curve };
}

const CURVES: Record<string, 'P-256' | 'P-384' | 'P-521'> = {
  prime256v1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
};

export function sameKind(left: KeyKind, right: KeyKind): boolean {
  if (left.type === 'rsa') return right.type === 'rsa' && left.bits === right.bits;
  return right.type === 'ecdsa' && left.curve === right.curve;
}

/** The DER of the public half: equal for equal keys. */
export function publicKeyOf(key: KeyObject): Buffer {
  const publicKey = key.type === 'private' ? createPublicKey(key) : key;
  return publicKey.export({ type: 'spki', format: 'der' });
}

/** The same of a private key in PEM. */
export function publicKeyOfPem(pem: string): Buffer {
  return createPublicKey(pem).export({ type: 'spki', format: 'der' });
}

/** The JWK thumbprint (RFC 7638, SHA-256, base64url) of an RSA or ECDSA key; of its public half alone. */
export function thumbprintOf(pem: string): string {
  const { crv, e, kty, n, x, y } = createPublicKey(pem).export({ format: 'jwk' });
  // The members that the kind of key needs, in the order of their names.
  const members = kty === 'RSA' ? { e, kty, n } : { crv, kty, x, y };
  return createHash('sha256').update(JSON.stringify(members)).digest('base64url');
}
