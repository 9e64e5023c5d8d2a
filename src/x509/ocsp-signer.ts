import { createHash, X509Certificate } from 'node:crypto';
import {
  bitStringOf,
  childrenOf,
  contentsOf,
  contextTag,
  type DerElement,
  expectTag,
  innerOf,
  oidOf,
  rawOf,
  readDer,
  TAG,
} from './der.ts';
import { revocationUnknown } from './revocation.ts';
import { isSignedBy } from './signature.ts';
import { allowsUsage, readFields, USAGE } from './tbs.ts';

const OCSP_SIGNING = '1.3.6.1.5.5.7.3.9';
const MAX_CERTIFICATES = 4;

/** What somebody who may has signed. */
export interface VerifiedData {
  /** ResponseData, DER. */
  readonly data: Buffer;
  /** When the delegate's certificate ends, milliseconds since 1970; undefined when the issuer itself signed. */
  readonly signerEnd: number | undefined;
}

/**
 * Checks that the issuer signed a BasicOCSPResponse, or a delegate (RFC 6960 section 4.2.2.2): certified by the issuer
 * itself, for this purpose, valid now. A delegate's own revocation is not asked for.
 *
 * @throws EvercertError revocation-unknown
 * @throws SyntaxError
 */
export function verifyResponse(basic: Buffer, issuer: X509Certificate, now: number): VerifiedData {
  const [data, algorithm, signature, certificates] = childrenOf(readDer(basic));
  const content = rawOf(expectTag(data, TAG.sequence));
  const [oid] = childrenOf(expectTag(algorithm, TAG.sequence));
  const isResponder = responderOf(content);
  const signer = isResponder(issuer) ? issuer : embedded(certificates).find(isResponder);
  if (signer === undefined) throw revocationUnknown('the signer of the OCSP response is not known');
  if (signer !== issuer) checkDelegate(signer, issuer, now);
  const signed = {
    algorithm: oidOf(expectTag(oid, TAG.oid)),
    content,
    signature: bitStringOf(expectTag(signature, TAG.bitString)),
  };
  if (!isSignedBy(signed, signer.publicKey))
    throw revocationUnknown('the signature of the OCSP response does not hold');
  return { data: content, signerEnd: signer === issuer ? undefined : Date.parse(signer.validTo) };
}

function embedded(wrapped: DerElement | undefined): X509Certificate[] {
  if (wrapped === undefined) return [];
  const list = [...childrenOf(innerOf(expectTag(wrapped, contextTag(0)), TAG.sequence))];
  if (list.length > MAX_CERTIFICATES)
    throw revocationUnknown('the OCSP response holds too many certificates');
  return list.map((certificate) => new X509Certificate(rawOf(certificate)));
}

/** ResponderID: [1] the subject's name, or [2] the SHA-1 of the key, in the bytes that were signed. */
function responderOf(responseData: Buffer): (certificate: X509Certificate) => boolean {
  const fields = [...childrenOf(readDer(responseData))];
  const id = fields[0]?.tag === contextTag(0) ? fields[1] : fields[0];
  if (id?.tag === contextTag(1)) return byName(rawOf(innerOf(id, TAG.sequence)));
  if (id?.tag === contextTag(2)) return byKey(id);
  throw new SyntaxError('no ResponderID');
}

function byName(name: Buffer): (certificate: X509Certificate) => boolean {
  return ({ raw }) => readFields(raw).subject.equals(name);
}

function byKey(id: DerElement): (certificate: X509Certificate) => boolean {
  const hash = contentsOf(innerOf(id, TAG.octetString));
  return ({ raw }) => createHash('sha1').update(readFields(raw).keyBits).digest().equals(hash);
}

function checkDelegate(signer: X509Certificate, issuer: X509Certificate, now: number): void {
  if (!signer.checkIssued(issuer) || !signer.verify(issuer.publicKey))
    throw revocationUnknown('the signer of the OCSP response is not certified by the issuer');
  // Node's keyUsage is the list of extended key usages.
  const isForOcsp = signer.keyUsage?.includes(OCSP_SIGNING) ?? false;
  if (!isForOcsp || !allowsUsage(readFields(signer.raw), USAGE.digitalSignature))
    throw revocationUnknown('the signer of the OCSP response may not sign such');
  if (Date.parse(signer.validFrom) > now || Date.parse(signer.validTo) <= now)
    throw revocationUnknown('the certificate of the signer of the OCSP response is not valid now');
}
