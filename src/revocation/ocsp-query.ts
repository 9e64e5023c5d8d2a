import type { Clock } from '../system/clock.ts';
import { revocationUnknown } from '../x509/revocation.ts';
import type { Ask } from './ask.ts';
import { DAY_MS, nextCheckAt, type RevocationAnswer, type RevocationQuery } from './values.ts';

/**
 * Asks a responder about one certificate.
 *
 * @throws EvercertError, also for the status 'unknown': the CRL may know more
 */
export async function queryResponder(
  url: string,
  { certPem, issuerPem }: RevocationQuery,
  ask: Ask,
  clock: Clock,
): Promise<RevocationAnswer> {
  const { createOcspRequest, readOcspResponse } = await import('../x509/ocsp.ts');
  const headers = { 'Content-Type': 'application/ocsp-request', Accept: 'application/ocsp-response' };
  const body = createOcspRequest(certPem, issuerPem);
  const { status: httpStatus, bytes } = await ask({ url, method: 'POST', headers, body });
  const { host } = new URL(url);
  if (httpStatus !== 200) throw revocationUnknown(`${host} answered with status ${httpStatus}`);
  const now = clock.now();
  const { status, reason, thisUpdate, nextUpdate } = readOcspResponse(bytes, certPem, issuerPem, now);
  if (status === 'unknown') throw revocationUnknown(`${host} does not know the certificate`);
  const middle = (thisUpdate + (nextUpdate ?? thisUpdate + DAY_MS)) / 2;
  return {
    status,
    reason,
    source: 'ocsp',
    nextCheckAt: nextCheckAt(middle, now),
    etag: undefined,
    validUntil: undefined,
  };
}
