import { createHash, X509Certificate } from 'node:crypto';
import {
  CertID,
  type CertStatus,
  id_pkix_ocsp_basic,
  OCSPRequest,
  OCSPResponse,
  OCSPResponseStatus,
  Request,
  ResponseData,
  type SingleResponse,
  TBSRequest,
} from '@peculiar/asn1-ocsp';
import { AsnConvert, OctetString } from '@peculiar/asn1-schema';
import { AlgorithmIdentifier, type Extension } from '@peculiar/asn1-x509';
import { readDer } from './der.ts';
import { verifyResponse } from './ocsp-signer.ts';
import { decoding, type RevocationReason, reasonOf, revocationUnknown } from './revocation.ts';
import { readFields } from './tbs.ts';

/** Times are milliseconds since 1970. */
export interface OcspAnswer {
  readonly status: 'good' | 'revoked' | 'unknown';
  readonly reason: RevocationReason | undefined;
  readonly thisUpdate: number;
  /** Also the end of the responder's own certificate; undefined: there is always something newer. */
  readonly nextUpdate: number | undefined;
}

const MAX_RESPONSE_BYTES = 64 * 1024;
/** Our clock may be this much behind the responder's. */
const CLOCK_TOLERANCE_MS = 300_000;
/** How old an answer may be that does not say until when it holds. */
const MAX_AGE_MS = 24 * 3_600_000;

const SHA1 = '1.3.14.3.2.26';
const HASHES = new Map([
  [SHA1, 'sha1'],
  ['2.16.840.1.101.3.4.2.1', 'sha256'],
  ['2.16.840.1.101.3.4.2.2', 'sha384'],
  ['2.16.840.1.101.3.4.2.3', 'sha512'],
]);

/**
 * A request about one certificate, DER: without nonce, by SHA-1, as RFC 5019 section 2.1 has it.
 *
 * @param issuerPem of several blocks the first
 * @throws EvercertError revocation-unknown: the certificates do not decode
 */
export function createOcspRequest(certPem: string, issuerPem: string): Buffer {
  return decoding('the certificate', () => {
    const { nameHash, keyHash, serial } = idOf(certPem, new X509Certificate(issuerPem), 'sha1');
    const reqCert = new CertID({
      hashAlgorithm: new AlgorithmIdentifier({ algorithm: SHA1, parameters: null }),
      issuerNameHash: new OctetString(nameHash),
      issuerKeyHash: new OctetString(keyHash),
      serialNumber: new Uint8Array(serial).buffer,
    });
    const tbsRequest = new TBSRequest({ requestList: [new Request({ reqCert })] });
    return Buffer.from(AsnConvert.serialize(new OCSPRequest({ tbsRequest })));
  });
}

/**
 * Checks a response as RFC 6960 section 3.2 wants it: it is about this certificate, holds now, and its issuer or
 * somebody whom the issuer charged with it has signed it.
 *
 * @param issuerPem of several blocks the first
 * @throws EvercertError revocation-unknown
 */
export function readOcspResponse(
  response: Buffer,
  certPem: string,
  issuerPem: string,
  now: number,
): OcspAnswer {
  if (response.length > MAX_RESPONSE_BYTES)
    throw revocationUnknown(`the OCSP response is larger than ${MAX_RESPONSE_BYTES} bytes`);
  return decoding('the OCSP response', () => {
    const issuer = new X509Certificate(issuerPem);
    const { data, signerEnd } = verifyResponse(basicResponse(response), issuer, now);
    const { responses, responseExtensions } = AsnConvert.parse(data, ResponseData);
    const single = singleFor(responses, certPem, issuer);
    refuseCritical([...(responseExtensions ?? []), ...(single.singleExtensions ?? [])]);
    const thisUpdate = single.thisUpdate.getTime();
    const nextUpdate = endOf(single.nextUpdate?.getTime(), signerEnd);
    checkTimes(thisUpdate, single.nextUpdate?.getTime(), now);
    return { ...statusOf(single.certStatus), thisUpdate, nextUpdate };
  });
}

/** The BasicOCSPResponse inside, DER. */
function basicResponse(response: Buffer): Buffer {
  readDer(response);
  const { responseStatus, responseBytes } = AsnConvert.parse(response, OCSPResponse);
  if (responseStatus !== OCSPResponseStatus.successful)
    throw revocationUnknown(
      `the OCSP responder says ${OCSPResponseStatus[responseStatus] ?? responseStatus}`,
    );
  if (responseBytes?.responseType !== id_pkix_ocsp_basic)
    throw revocationUnknown('the OCSP response is of an unknown type');
  return Buffer.from(responseBytes.response.buffer);
}

function singleFor(
  responses: readonly SingleResponse[],
  certPem: string,
  issuer: X509Certificate,
): SingleResponse {
  const [single, ...more] = responses.filter(({ certID }) => isAbout(certID, certPem, issuer));
  if (single === undefined) throw revocationUnknown('the OCSP response is about another certificate');
  if (more.length > 0) throw revocationUnknown('the OCSP response is about the certificate twice');
  return single;
}

function isAbout(id: CertID, certPem: string, issuer: X509Certificate): boolean {
  const hash = HASHES.get(id.hashAlgorithm.algorithm);
  if (hash === undefined) return false;
  const { nameHash, keyHash, serial } = idOf(certPem, issuer, hash);
  return (
    nameHash.equals(Buffer.from(id.issuerNameHash.buffer)) &&
    keyHash.equals(Buffer.from(id.issuerKeyHash.buffer)) &&
    serial.equals(Buffer.from(id.serialNumber))
  );
}

/** What names a certificate (RFC 6960 section 4.1.1). */
function idOf(certPem: string, issuer: X509Certificate, hash: string) {
  const { subject, keyBits } = readFields(issuer.raw);
  return {
    nameHash: createHash(hash).update(subject).digest(),
    keyHash: createHash(hash).update(keyBits).digest(),
    serial: readFields(new X509Certificate(certPem).raw).serial,
  };
}

function refuseCritical(extensions: readonly Extension[]): void {
  const critical = extensions.find((extension) => extension.critical);
  if (critical !== undefined)
    throw revocationUnknown(`the OCSP response has an unknown critical extension, ${critical.extnID}`);
}

function checkTimes(thisUpdate: number, nextUpdate: number | undefined, now: number): void {
  if (Number.isNaN(thisUpdate) || thisUpdate > now + CLOCK_TOLERANCE_MS)
    throw revocationUnknown('the OCSP response is from the future');
  const end = nextUpdate ?? thisUpdate + MAX_AGE_MS;
  if (!(end > now && end > thisUpdate)) throw revocationUnknown('the OCSP response is out of date');
}

function endOf(nextUpdate: number | undefined, signerEnd: number | undefined): number | undefined {
  if (nextUpdate === undefined || signerEnd === undefined) return nextUpdate;
  return Math.min(nextUpdate, signerEnd);
}

function statusOf({ good, revoked }: CertStatus): Pick<OcspAnswer, 'status' | 'reason'> {
  if (revoked !== undefined) {
    const code = revoked.revocationReason?.reason;
    return { status: 'revoked', reason: code === undefined ? undefined : reasonOf(code) };
  }
  return { status: good === undefined ? 'unknown' : 'good', reason: undefined };
}
