import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import * as v from 'valibot';
import { check } from './parse.ts';
import { AcmeProblem, malformed } from './problem.ts';

const publicJwk = v.variant('kty', [
  v.object({ kty: v.literal('RSA'), n: v.string(), e: v.string() }),
  v.object({ kty: v.literal('EC'), crv: v.picklist(['P-256', 'P-384']), x: v.string(), y: v.string() }),
]);

/** A public key as it stands in a JWS header. */
export type Jwk = v.InferOutput<typeof publicJwk>;

/** A checked public key, ready to verify with. */
export interface PublicJwk {
  jwk: Jwk;
  key: KeyObject;
  thumbprint: string;
}

interface Algorithm {
  kty: Jwk['kty'];
  crv?: string;
  hash: string;
}

const algorithms: Record<string, Algorithm> = {
  RS256: { kty: 'RSA', hash: 'sha256' },
  ES256: { kty: 'EC', crv: 'P-256', hash: 'sha256' },
  ES384: { kty: 'EC', crv: 'P-384', hash: 'sha384' },
};

/** Checks a JWK: public members only, a supported type, RSA of at least 2048 bits. */
export function readJwk(value: unknown): PublicJwk {
  if (typeof value === 'object' && value !== null && 'd' in value) {
    throw malformed('The jwk holds a private key');
  }
  const jwk = check(publicJwk, value, 'jwk', 'badPublicKey');
  const key = importJwk(jwk);
  const bits = key.asymmetricKeyDetails?.modulusLength;
  if (bits !== undefined && (bits < 2048 || bits > 4096)) throw badPublicKey(`RSA key of ${bits} bits`);
  return { jwk, key, thumbprint: thumbprint(jwk) };
}

function importJwk(jwk: Jwk): KeyObject {
  try {
    return createPublicKey({ key: { ...jwk }, format: 'jwk' });
  } catch {
    throw badPublicKey('The jwk is no valid key');
  }
}

function badPublicKey(detail: string): AcmeProblem {
  return new AcmeProblem('badPublicKey', 400, detail);
}

/** The JWK thumbprint of RFC 7638, the second half of every key authorization. */
export function thumbprint(jwk: Jwk): string {
  const canonical =
    jwk.kty === 'RSA'
      ? { e: jwk.e, kty: jwk.kty, n: jwk.n }
      : { crv: jwk.crv, kty: jwk.kty, x: jwk.x, y: jwk.y };
  return createHash('sha256').update(JSON.stringify(canonical)).digest('base64url');
}

/** Verifies a JWS signature; the algorithm must be the one that belongs to the key. */
export function verifySignature(
  alg: string,
  { jwk, key }: PublicJwk,
  input: string,
  signature: Buffer,
): void {
  const algorithm = algorithms[alg];
  const fits = algorithm?.kty === jwk.kty && (jwk.kty === 'RSA' || algorithm.crv === jwk.crv);
  if (algorithm === undefined || !fits) {
    throw new AcmeProblem('badSignatureAlgorithm', 400, `alg ${alg} is not supported for this key`, {
      members: { algorithms: Object.keys(algorithms) },
    });
  }
  const valid = verify(algorithm.hash, Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' }, signature);
  if (!valid) throw malformed('JWS verification error');
}
