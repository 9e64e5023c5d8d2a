import {
  childrenOf,
  contentsOf,
  contextTag,
  type DerElement,
  expectTag,
  innerOf,
  oidOf,
  readDer,
  TAG,
} from './der.ts';
import { type RawFields, readFields } from './tbs.ts';

/** What a leaf says about where its CA can be asked about it; undefined for each that it does not say, or not clearly. */
export interface Whereabouts {
  /** The certificate identifier of RFC 9773 section 4.1. */
  readonly renewalId: string | undefined;
  /** The first http(s) OCSP responder of authorityInfoAccess (RFC 5280 section 4.2.2.1). */
  readonly responder: string | undefined;
  /** The first http(s) URI of cRLDistributionPoints (RFC 5280 section 4.2.1.13). */
  readonly crl: string | undefined;
}

const AUTHORITY_KEY_ID = '2.5.29.35';
const CRL_DISTRIBUTION_POINTS = '2.5.29.31';
const AUTHORITY_INFO_ACCESS = '1.3.6.1.5.5.7.1.1';
const OCSP_ACCESS = '1.3.6.1.5.5.7.48.1';
const KEY_IDENTIFIER_TAG = 0x80;
const URI_TAG = 0x86;
const HTTP_URL = /^https?:\/\/[\x21-\x7e]{1,2040}$/i;
const MAX_URL = 2048;
/** What state takes; such a serial number or key identifier breaks RFC 5280 by far. */
const MAX_RENEWAL_ID = 1000;

export function readWhereabouts(certificate: Buffer): Whereabouts {
  const fields = orUndefined(() => readFields(certificate));
  const from = (oid: string, read: (value: Buffer, fields: RawFields) => string | undefined) => {
    const value = fields?.extensions.get(oid)?.value;
    return fields === undefined || value === undefined ? undefined : orUndefined(() => read(value, fields));
  };
  return {
    renewalId: from(AUTHORITY_KEY_ID, renewalIdOf),
    responder: from(AUTHORITY_INFO_ACCESS, firstResponder),
    crl: from(CRL_DISTRIBUTION_POINTS, firstCrl),
  };
}

/** A malformed extension says nothing. */
function orUndefined<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function renewalIdOf(value: Buffer, { serial }: RawFields): string | undefined {
  const keyId = [...childrenOf(readDer(value))].find(({ tag }) => tag === KEY_IDENTIFIER_TAG);
  if (keyId === undefined || keyId.start === keyId.end || serial.length === 0) return undefined;
  const id = `${contentsOf(keyId).toString('base64url')}.${serial.toString('base64url')}`;
  return id.length > MAX_RENEWAL_ID ? undefined : id;
}

function firstResponder(value: Buffer): string | undefined {
  const locations = [...childrenOf(readDer(value))].flatMap((description) => {
    const [method, location] = childrenOf(expectTag(description, TAG.sequence));
    const isOcsp = oidOf(expectTag(method, TAG.oid)) === OCSP_ACCESS;
    return isOcsp && location !== undefined ? [location] : [];
  });
  return httpUrls(locations)[0];
}

function firstCrl(value: Buffer): string | undefined {
  const names = [...childrenOf(readDer(value))].flatMap((point) => {
    const [name] = childrenOf(expectTag(point, TAG.sequence));
    return name?.tag === contextTag(0) ? fullNames(name) : [];
  });
  return httpUrls(names)[0];
}

/**
 * The names of a DistributionPointName in its [0] wrapping (RFC 5280 section 4.2.1.13); none when it is relative.
 *
 * @throws SyntaxError
 */
export function fullNames(wrapped: DerElement): DerElement[] {
  const [choice] = childrenOf(wrapped);
  return choice?.tag === contextTag(0) ? [...childrenOf(innerOf(wrapped, contextTag(0)))] : [];
}

/** Those GeneralNames that are http(s) URLs, as WHATWG writes them. */
export function httpUrls(names: readonly DerElement[]): string[] {
  return (
    names
      .filter(({ tag }) => tag === URI_TAG)
      .map((name) => contentsOf(name).toString('latin1'))
      .filter((url) => HTTP_URL.test(url) && URL.canParse(url))
      .map((url) => new URL(url).href)
      // Escaping makes it longer.
      .filter((url) => url.length <= MAX_URL)
  );
}
