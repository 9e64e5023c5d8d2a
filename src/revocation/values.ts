import type { RevocationReason } from '../x509/revocation.ts';

/** One certificate to ask about; the URLs are those of LeafFacts. */
export interface RevocationQuery {
  readonly lineage: string;
  readonly certPem: string;
  /** The issuer's certificate; of several blocks the first. */
  readonly issuerPem: string;
  readonly responder?: string | undefined;
  readonly crl?: string | undefined;
  /** Of the CRL in which this certificate was found good last time, both as they were answered then. */
  readonly etag?: string | undefined;
  readonly validUntil?: number | undefined;
}

/** What the CA says. Times are milliseconds since 1970. */
export interface RevocationAnswer {
  readonly status: 'good' | 'revoked';
  readonly reason: RevocationReason | undefined;
  readonly source: 'ocsp' | 'crl';
  readonly nextCheckAt: number;
  /** To be kept for the next query about this URL: together they spare the transfer of a CRL that has not changed. */
  readonly etag: string | undefined;
  readonly validUntil: number | undefined;
}

const HOUR_MS = 3_600_000;
export const DAY_MS = 24 * HOUR_MS;

/** When to ask again: at the time that the answer suggests, but after an hour at least and a day at most. */
export function nextCheckAt(suggested: number, now: number): number {
  return Math.max(now + HOUR_MS, Math.min(suggested, now + DAY_MS));
}
