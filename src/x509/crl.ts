import { X509Certificate } from 'node:crypto';
import {
  bitStringOf,
  booleanOf,
  childrenOf,
  contentsOf,
  contextTag,
  type DerElement,
  elementAt,
  expectTag,
  innerOf,
  oidOf,
  rawOf,
  readDer,
  TAG,
  timeOf,
} from './der.ts';
import { decoding, type RevocationReason, reasonOf, revocationUnknown } from './revocation.ts';
import { isSignedBy } from './signature.ts';
import { allowsUsage, type Extensions, readExtensions, readFields, USAGE } from './tbs.ts';
import { fullNames, httpUrls } from './whereabouts.ts';

export const MAX_CRL_BYTES = 32 * 1024 * 1024;
/** Our clock may be this much behind the CA's. */
const CLOCK_TOLERANCE_MS = 3_600_000;

export interface CrlQuestion {
  /** DER or PEM. */
  readonly bytes: Buffer;
  /** The issuer of the certificates and of the CRL; of several blocks the first. */
  readonly issuerPem: string;
  /** Where the CRL comes from, as in `Whereabouts`: one part of many must be the one that the certificates name. */
  readonly url: string;
  /** As `serialOf` writes them. */
  readonly serials: ReadonlySet<string>;
  /** Milliseconds since 1970, as all times here. */
  readonly now: number;
}

export interface CrlAnswer {
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  /** Those of the serials that are in the CRL, each with its reason if it has one. */
  readonly revoked: ReadonlyMap<string, RevocationReason | undefined>;
}

/** A serial number as CRLs are searched for it: the bytes of its INTEGER, a leading 00 included, in hex. */
export function serialOf(certPem: string): string {
  return decoding('the certificate', () =>
    readFields(new X509Certificate(certPem).raw).serial.toString('hex'),
  );
}

/**
 * Checks a complete CRL (RFC 5280 section 6.3.3) and looks the serials up. Indirect CRLs, delta CRLs and those for some
 * reasons only are refused. It walks the DER itself: general ASN.1 parsers give up at some 100,000 entries.
 *
 * @throws EvercertError revocation-unknown
 */
export function searchCrl(question: CrlQuestion): CrlAnswer {
  if (question.bytes.length > MAX_CRL_BYTES)
    throw revocationUnknown(`the CRL is larger than ${MAX_CRL_BYTES} bytes`);
  return decoding('the CRL', () => search(question));
}

function search({ bytes, issuerPem, url, serials, now }: CrlQuestion): CrlAnswer {
  const list = readList(derOf(bytes));
  checkIssuer(list, new X509Certificate(issuerPem));
  const { thisUpdate, nextUpdate, revoked } = list;
  if (thisUpdate > now + CLOCK_TOLERANCE_MS) throw revocationUnknown('the CRL is from the future');
  if (nextUpdate <= now) throw revocationUnknown('the CRL is out of date');
  checkExtensions(list.extensions, url);
  return { thisUpdate, nextUpdate, revoked: revoked === undefined ? new Map() : lookUp(revoked, serials) };
}

const BEGIN = '-----BEGIN X509 CRL-----';
const END = '-----END X509 CRL-----';

function derOf(bytes: Buffer): Buffer {
  if (bytes[0] === TAG.sequence) return bytes;
  const text = bytes.toString('latin1').trim();
  if (!text.startsWith(BEGIN) || !text.endsWith(END)) throw revocationUnknown('what came is no CRL');
  return Buffer.from(text.slice(BEGIN.length, -END.length), 'base64');
}

interface CertificateList {
  readonly tbs: Buffer;
  readonly algorithm: DerElement;
  readonly signature: Buffer;
  /** Name, DER. */
  readonly issuer: Buffer;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
  readonly revoked: DerElement | undefined;
  readonly extensions: Extensions;
}

/** RFC 5280 section 5.1. */
function readList(der: Buffer): CertificateList {
  const [tbs, algorithm, signature, ...more] = childrenOf(readDer(der));
  const fields = [...childrenOf(expectTag(tbs, TAG.sequence))];
  if (fields[0]?.tag === TAG.integer) fields.shift();
  const [inner, issuer, thisUpdate, nextUpdate, ...optional] = fields;
  const outer = expectTag(algorithm, TAG.sequence);
  if (more.length > 0 || !rawOf(expectTag(inner, TAG.sequence)).equals(rawOf(outer)))
    throw new SyntaxError('two signature algorithms, or too many fields');
  if (nextUpdate?.tag !== TAG.utcTime && nextUpdate?.tag !== TAG.generalizedTime)
    throw revocationUnknown('the CRL does not say until when it holds');
  const revoked = optional[0]?.tag === TAG.sequence ? optional.shift() : undefined;
  const [extensions] = optional;
  return {
    tbs: rawOf(expectTag(tbs, TAG.sequence)),
    algorithm: outer,
    signature: bitStringOf(expectTag(signature, TAG.bitString)),
    issuer: rawOf(expectTag(issuer, TAG.sequence)),
    thisUpdate: timeOf(thisUpdate),
    nextUpdate: timeOf(nextUpdate),
    revoked,
    extensions:
      extensions === undefined
        ? new Map()
        : readExtensions(innerOf(expectTag(extensions, contextTag(0)), TAG.sequence)),
  };
}

function checkIssuer({ tbs, algorithm, signature, issuer }: CertificateList, by: X509Certificate): void {
  const fields = readFields(by.raw);
  if (!issuer.equals(fields.subject)) throw revocationUnknown('the CRL is that of another CA');
  if (!allowsUsage(fields, USAGE.crlSign)) throw revocationUnknown('the issuer may not sign CRLs');
  const [oid] = childrenOf(algorithm);
  const signed = { algorithm: oidOf(expectTag(oid, TAG.oid)), content: tbs, signature };
  if (!isSignedBy(signed, by.publicKey)) throw revocationUnknown('the signature of the CRL does not hold');
}

const ISSUING_DISTRIBUTION_POINT = '2.5.29.28';

function checkExtensions(extensions: Extensions, url: string): void {
  for (const [oid, { critical, value }] of extensions) {
    if (oid === ISSUING_DISTRIBUTION_POINT) checkScope(readDer(value), url);
    else if (critical) throw revocationUnknown(`the CRL has an unknown critical extension, ${oid}`);
  }
}

/** RFC 5280 section 5.2.5: a part of a CRL answers for the certificates that name it, not for those of another part. */
function checkScope(scope: DerElement, url: string): void {
  for (const field of childrenOf(scope)) {
    if (field.tag === contextTag(0)) {
      if (!httpUrls(fullNames(field)).includes(url))
        throw revocationUnknown('the CRL is another one than the certificate names');
    } else if (field.tag !== ONLY_USER_CERTS && (field.tag === ONLY_SOME_REASONS || booleanOf(field))) {
      throw revocationUnknown('the CRL is not for all certificates and reasons');
    }
  }
}

const ONLY_USER_CERTS = 0x81;
const ONLY_SOME_REASONS = 0x83;

function lookUp(
  revoked: DerElement,
  serials: ReadonlySet<string>,
): Map<string, RevocationReason | undefined> {
  const found = new Map<string, RevocationReason | undefined>();
  const { bytes } = revoked;
  for (const entry of childrenOf(revoked)) {
    const serial = elementAt(bytes, expectTag(entry, TAG.sequence).start, entry.end);
    const date = elementAt(bytes, expectTag(serial, TAG.integer).end, entry.end);
    const extensions = date.end === entry.end ? undefined : elementAt(bytes, date.end, entry.end);
    if (extensions !== undefined) refuseCritical(expectTag(extensions, TAG.sequence));
    const hex = bytes.toString('hex', serial.start, serial.end);
    if (serials.has(hex)) found.set(hex, extensions && entryReason(readExtensions(extensions)));
  }
  return found;
}

/** RFC 5280 section 5.3: with a critical extension that we do not know, of any entry, the whole list is useless. */
function refuseCritical(extensions: DerElement): void {
  for (const extension of childrenOf(extensions)) {
    const oid = elementAt(extension.bytes, expectTag(extension, TAG.sequence).start, extension.end);
    const second = elementAt(extension.bytes, oid.end, extension.end);
    if (second.tag === TAG.boolean && booleanOf(second))
      throw revocationUnknown(`an entry of the CRL has a critical extension, ${oidOf(oid)}`);
  }
}

const REASON_CODE = '2.5.29.21';

function entryReason(extensions: Extensions): RevocationReason | undefined {
  const extension = extensions.get(REASON_CODE);
  if (extension === undefined) return undefined;
  const [code, ...more] = contentsOf(readDer(extension.value, TAG.enumerated));
  return reasonOf(more.length > 0 ? -1 : (code ?? -1));
}
