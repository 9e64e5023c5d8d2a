import { createPrivateKey, type KeyObject, sign } from 'node:crypto';

/** A PEM private key of RSA; undefined when it is no such thing. */
export function rsaKeyOf(pem: string): KeyObject | undefined {
  try {
    const key = createPrivateKey(pem);
    return key.asymmetricKeyType === 'rsa' ? key : undefined;
  } catch {
    return undefined;
  }
}

/** A signed token (RFC 7519) with RS256 (RFC 7518 section 3.3). */
export function signJwt(claims: Readonly<Record<string, unknown>>, key: KeyObject, keyId?: string): string {
  const header = { alg: 'RS256', typ: 'JWT', ...(keyId !== undefined && { kid: keyId }) };
  const signed = [header, claims].map((part) => base64url(JSON.stringify(part))).join('.');
  return `${signed}.${sign('sha256', Buffer.from(signed), key).toString('base64url')}`;
}

function base64url(text: string): string {
  return Buffer.from(text).toString('base64url');
}
