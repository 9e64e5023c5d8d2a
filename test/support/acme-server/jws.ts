import * as v from 'valibot';
import { type PublicJwk, readJwk, verifySignature } from './keys.ts';
import { check, decodeBase64url, parseJson } from './parse.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import type { Account, ServerContext } from './state.ts';

const flattened = v.strictObject({ protected: v.string(), payload: v.string(), signature: v.string() });

const protectedHeader = v.strictObject({
  alg: v.string(),
  url: v.string(),
  nonce: v.optional(v.string()),
  jwk: v.optional(v.record(v.string(), v.unknown())),
  kid: v.optional(v.string()),
});

/** A JWS in flattened JSON serialization, decoded but not verified. */
export interface Jws {
  header: v.InferOutput<typeof protectedHeader>;
  payload: string;
  input: string;
  signature: Buffer;
}

/** How the signer of a request may name its key. */
export type Signer = 'kid' | 'jwk' | 'either';

/** A verified POST. */
export interface SignedRequest {
  url: string;
  signer: PublicJwk;
  /** Absent when the key came as jwk. */
  account?: Account;
  /** Undefined for POST-as-GET (empty payload). */
  payload: unknown;
}

/** Decodes a flattened JWS (RFC 8555 section 6.2: no unprotected header, no other serialization). */
export function readJws(value: unknown): Jws {
  const jws = check(flattened, value, 'JWS');
  const headerText = decodeBase64url(jws.protected, 'The protected header').toString();
  return {
    header: check(protectedHeader, parseJson(headerText, 'The protected header'), 'Protected header'),
    payload: decodeBase64url(jws.payload, 'The payload').toString(),
    input: `${jws.protected}.${jws.payload}`,
    signature: decodeBase64url(jws.signature, 'The signature'),
  };
}

/** Verifies a POST body against RFC 8555 section 6: key, signature, nonce, URL, in this order. */
export function authenticate(
  context: ServerContext,
  body: string,
  url: string,
  signer: Signer,
): SignedRequest {
  const jws = readJws(parseJson(body, 'The request body'));
  const { key, account } = findKey(context, jws, signer);
  verifySignature(jws.header.alg, key, jws.input, jws.signature);
  useNonce(context, jws.header.nonce);
  if (jws.header.url !== url)
    throw unauthorized(`JWS header url is "${jws.header.url}", the request went to "${url}"`);
  const payload = jws.payload === '' ? undefined : parseJson(jws.payload, 'The payload');
  return { url, signer: key, payload, ...(account && { account }) };
}

function findKey(context: ServerContext, jws: Jws, signer: Signer): { key: PublicJwk; account?: Account } {
  const { jwk, kid } = jws.header;
  if ((jwk === undefined) === (kid === undefined))
    throw malformed('The JWS needs exactly one of jwk and kid');
  if (jwk !== undefined) {
    if (signer === 'kid') throw malformed('This resource needs a kid, not a jwk');
    return { key: readJwk(jwk) };
  }
  if (signer === 'jwk') throw malformed('This resource needs a jwk, not a kid');
  const account = findAccount(context, kid ?? '');
  return { key: account.key, account };
}

function findAccount(context: ServerContext, kid: string): Account {
  const account = [...context.accounts.values()].find((candidate) => candidate.url === kid);
  if (!account) throw new AcmeProblem('accountDoesNotExist', 400, `No account is at ${kid}`);
  if (account.status !== 'valid') throw unauthorized(`The account is ${account.status}`);
  return account;
}

function useNonce(context: ServerContext, nonce: string | undefined): void {
  if (nonce === undefined) throw malformed('The JWS has no nonce');
  decodeBase64url(nonce, 'The nonce');
  if (!context.nonces.use(nonce))
    throw new AcmeProblem('badNonce', 400, 'JWS has an invalid anti-replay nonce');
}
