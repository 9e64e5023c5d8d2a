import { type Authority, toPem } from './ca.ts';
import type { SignedRequest } from './jws.ts';
import type { Tamper } from './knobs.ts';
import { malformed, unauthorized } from './problem.ts';
import type { Reply } from './reply.ts';
import type { IssuedCertificate, ServerContext } from './state.ts';

const PEM_CHAIN = 'application/pem-certificate-chain';

/** POST-as-GET of a certificate (RFC 8555 section 7.4.2): the chain, and a link to the alternate one. */
export function certificate(
  context: ServerContext,
  request: SignedRequest,
  id: string,
  alternate: string | undefined,
): Reply {
  if (request.payload !== undefined) throw malformed('A certificate takes POST-as-GET');
  const issued = context.certificates.get(id);
  if (!issued || (alternate !== undefined && !context.knobs.alternateChain))
    throw malformed('No such certificate', 404);
  if (issued.account !== request.account) throw unauthorized('The certificate belongs to another account');
  return {
    status: 200,
    headers: { 'content-type': PEM_CHAIN, ...alternateLink(context, issued, alternate !== undefined) },
    body: chainPem(context.authority, issued, context.knobs.tamper, alternate !== undefined),
  };
}

function alternateLink(
  context: ServerContext,
  issued: IssuedCertificate,
  isAlternate: boolean,
): Reply['headers'] {
  if (!context.knobs.alternateChain) return {};
  const url = isAlternate ? issued.url : `${issued.url}/alternate/1`;
  return { link: [`<${url}>;rel="alternate"`] };
}

/** The PEM chain of a certificate, spoiled as the knob says. */
export function chainPem(
  authority: Authority,
  issued: IssuedCertificate,
  tamper: Tamper | null,
  alternate: boolean,
): string {
  const issuer = alternate ? authority.crossSigned : authority.intermediate.certificate;
  const leaf = issued.pem;
  const chains: Partial<Record<Tamper, string>> = {
    'wrong-order': toPem(issuer) + leaf,
    'unrelated-issuer': leaf + toPem(authority.unrelated.certificate),
    'missing-intermediate': leaf,
    'garbage-after': `${leaf}${toPem(issuer)}-----BEGIN CERTIFICATE-----\nnot base64!\n`,
    'garbage-only': '<html><body>502 Bad Gateway</body></html>\n',
  };
  return (tamper && chains[tamper]) ?? leaf + toPem(issuer);
}
