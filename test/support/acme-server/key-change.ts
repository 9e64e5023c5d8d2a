import * as v from 'valibot';
import { findByKey } from './accounts.ts';
import { readJws, type SignedRequest } from './jws.ts';
import { readJwk, verifySignature } from './keys.ts';
import { check, parseJson } from './parse.ts';
import { AcmeProblem, malformed } from './problem.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { Account, ServerContext } from './state.ts';

const innerPayload = v.object({ account: v.string(), oldKey: v.record(v.string(), v.unknown()) });

/** keyChange, RFC 8555 section 7.3.5: the outer JWS by the old key, the inner one by the new key. */
export function keyChange(context: ServerContext, request: SignedRequest, account: Account): Reply {
  const inner = readJws(request.payload);
  if (inner.header.jwk === undefined || inner.header.kid !== undefined)
    throw malformed('The inner JWS needs a jwk');
  if (inner.header.nonce !== undefined) throw malformed('The inner JWS must not have a nonce');
  if (inner.header.url !== request.url) throw malformed('The inner and outer url differ');
  const newKey = readJwk(inner.header.jwk);
  verifySignature(inner.header.alg, newKey, inner.input, inner.signature);
  const change = check(innerPayload, parseJson(inner.payload, 'The inner payload'), 'keyChange');
  if (change.account !== account.url) throw malformed('The inner payload names another account');
  if (readJwk(change.oldKey).thumbprint !== account.key.thumbprint)
    throw malformed('oldKey is not the account key');
  const holder = findByKey(context, newKey.thumbprint);
  if (holder)
    throw new AcmeProblem('malformed', 409, 'The key is in use', { headers: { location: holder.url } });
  account.key = newKey;
  return emptyReply(200);
}
