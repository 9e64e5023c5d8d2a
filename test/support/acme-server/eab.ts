import { createHmac, timingSafeEqual } from 'node:crypto';
import { type Jws, readJws, type SignedRequest } from './jws.ts';
import { readJwk } from './keys.ts';
import type { Knobs } from './knobs.ts';
import { parseJson } from './parse.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';

/** Verifies an external account binding (RFC 8555 section 7.3.4): HS256, kid, url, no nonce, payload is the account key. */
export function verifyBinding(knobs: Knobs, request: SignedRequest, binding: unknown): void {
  if (binding === undefined) {
    if (!knobs.externalAccountRequired) return;
    throw new AcmeProblem('externalAccountRequired', 403, 'An external account binding is required');
  }
  const jws = readJws(binding);
  checkHeader(jws, request.url);
  checkMac(knobs, jws);
  const bound = readJwk(parseJson(jws.payload, 'The bound key'));
  if (bound.thumbprint !== request.signer.thumbprint)
    throw malformed('The binding is for another account key');
}

function checkHeader({ header }: Jws, url: string): void {
  if (header.alg !== 'HS256') throw malformed(`The binding needs alg HS256, not ${header.alg}`);
  if (header.nonce !== undefined) throw malformed('The binding must not have a nonce');
  if (header.jwk !== undefined) throw malformed('The binding must not have a jwk');
  if (header.url !== url) throw malformed('The url of the binding differs from the url of the request');
}

function checkMac(knobs: Knobs, { header, input, signature }: Jws): void {
  const hmacKey = knobs.externalAccounts[header.kid ?? ''];
  if (hmacKey === undefined) throw unauthorized(`The external account "${header.kid}" is not known`);
  const mac = createHmac('sha256', Buffer.from(hmacKey, 'base64url')).update(input).digest();
  if (mac.length !== signature.length || !timingSafeEqual(mac, signature)) {
    throw unauthorized('The MAC of the external account binding is wrong');
  }
}
