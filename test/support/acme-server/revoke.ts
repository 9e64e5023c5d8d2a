import { X509Certificate } from 'node:crypto';
import * as v from 'valibot';
import { identifierKey } from './identifiers.ts';
import type { SignedRequest } from './jws.ts';
import { check, decodeBase64url } from './parse.ts';
import { AcmeProblem, malformed, unauthorized } from './problem.ts';
import { emptyReply, type Reply } from './reply.ts';
import type { Account, IssuedCertificate, ServerContext } from './state.ts';

const revocationSchema = v.object({ certificate: v.string(), reason: v.optional(v.number(), 0) });
const REASONS = [0, 1, 3, 4, 5];

/** revokeCert, RFC 8555 section 7.6: by the issuing account, one that controls all names, or the certificate's key. */
export function revokeCertificate(context: ServerContext, request: SignedRequest): Reply {
  const { certificate, reason } = check(revocationSchema, request.payload, 'revokeCert');
  if (!REASONS.includes(reason)) {
    throw new AcmeProblem('badRevocationReason', 400, `The reason code ${reason} is not allowed`);
  }
  const der = decodeBase64url(certificate, 'The certificate');
  const issued = [...context.certificates.values()].find((candidate) => candidate.der.equals(der));
  if (!issued) throw malformed('The certificate was not issued here', 404);
  if (!mayRevoke(context, request, issued)) throw unauthorized('The key may not revoke this certificate');
  if (issued.revoked) throw new AcmeProblem('alreadyRevoked', 400, 'The certificate is already revoked');
  issued.revoked = { at: context.knobs.now(), reason };
  return emptyReply(200);
}

function mayRevoke(context: ServerContext, request: SignedRequest, issued: IssuedCertificate): boolean {
  if (!request.account) return new X509Certificate(issued.der).publicKey.equals(request.signer.key);
  return issued.account === request.account || controlsAll(context, request.account, issued);
}

function controlsAll(context: ServerContext, account: Account, issued: IssuedCertificate): boolean {
  const valid = [...context.authorizations.values()]
    .filter((authorization) => authorization.account === account && authorization.status === 'valid')
    .map(({ identifier, wildcard }) =>
      identifierKey(wildcard ? { type: 'dns', value: `*.${identifier.value}` } : identifier),
    );
  return issued.identifiers.every((identifier) => valid.includes(identifierKey(identifier)));
}
