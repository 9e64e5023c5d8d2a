import type { Clock } from '../system/clock.ts';
import type { HttpResponse } from '../system/http.ts';
import { type CrlAnswer, searchCrl, serialOf } from '../x509/crl.ts';
import { revocationUnknown } from '../x509/revocation.ts';
import type { Ask } from './ask.ts';
import { nextCheckAt, type RevocationAnswer, type RevocationQuery } from './values.ts';

/** RFC 9110 section 8.8.3, of a length that we like to keep. */
const ETAG = /^(?:W\/)?"[\x21\x23-\x7e]{0,200}"$/;

type Judge = (query: RevocationQuery) => Promise<RevocationAnswer>;

/**
 * Answers from CRLs. Each URL is fetched once, when the first of the queries that name it asks, and searched for all
 * of them at once.
 */
export function createCrlQuery(
  queries: readonly RevocationQuery[],
  ask: Ask,
  clock: Clock,
): (url: string, query: RevocationQuery) => Promise<RevocationAnswer> {
  const judges = new Map<string, Promise<Judge>>();
  const judgeOf = (url: string) => {
    const group = () => queries.filter(({ crl }) => crl === url);
    const judge = judges.get(url) ?? fetchCrl(url, group(), ask, clock);
    judges.set(url, judge);
    return judge;
  };
  return async (url, query) => (await judgeOf(url))(query);
}

async function fetchCrl(
  url: string,
  group: readonly RevocationQuery[],
  ask: Ask,
  clock: Clock,
): Promise<Judge> {
  const etag = commonEtag(group, clock.now());
  const headers = {
    Accept: 'application/pkix-crl',
    ...(etag === undefined ? {} : { 'If-None-Match': etag }),
  };
  const response = await ask({ url, method: 'GET', headers });
  if (response.status === 304 && etag !== undefined) return async (query) => stillGood(query, clock.now());
  if (response.status !== 200)
    throw revocationUnknown(`${new URL(url).host} answered with status ${response.status}`);
  return judgeBy(response, url, group, clock.now());
}

/** Of the CRL that all of them were found good in, while it holds. */
function commonEtag(group: readonly RevocationQuery[], now: number): string | undefined {
  const etag = group[0]?.etag;
  const isCommon = group.every((query) => query.etag === etag && (query.validUntil ?? 0) > now);
  return isCommon && etag !== undefined && ETAG.test(etag) ? etag : undefined;
}

function stillGood({ etag, validUntil }: RevocationQuery, now: number): RevocationAnswer {
  return {
    status: 'good',
    reason: undefined,
    source: 'crl',
    nextCheckAt: nextCheckAt(validUntil ?? now, now),
    etag,
    validUntil,
  };
}

/** Searches once for each issuer's certificate, when the first of its queries asks; a failure holds for all of them. */
function judgeBy(
  { bytes, headers }: HttpResponse,
  url: string,
  group: readonly RevocationQuery[],
  now: number,
): Judge {
  const searches = new Map<string, Promise<CrlAnswer>>();
  const search = async (issuerPem: string) => {
    const siblings = group.filter((query) => query.issuerPem === issuerPem);
    const serials = new Set(siblings.flatMap(({ certPem }) => serialIfAny(certPem)));
    return searchCrl({ bytes, issuerPem, url, serials, now });
  };
  const etag = ETAG.test(headers.etag ?? '') ? headers.etag : undefined;
  return async ({ certPem, issuerPem }) => {
    const serial = serialOf(certPem);
    const found = searches.get(issuerPem) ?? search(issuerPem);
    searches.set(issuerPem, found);
    return answerOf(serial, await found, etag, now);
  };
}

/** What does not decode gets its error when its own turn comes. */
function serialIfAny(certPem: string): string[] {
  try {
    return [serialOf(certPem)];
  } catch {
    return [];
  }
}

function answerOf(
  serial: string,
  { revoked, nextUpdate }: CrlAnswer,
  etag: string | undefined,
  now: number,
): RevocationAnswer {
  const next = { source: 'crl', nextCheckAt: nextCheckAt(nextUpdate, now) } as const;
  return revoked.has(serial)
    ? { ...next, status: 'revoked', reason: revoked.get(serial), etag: undefined, validUntil: undefined }
    : { ...next, status: 'good', reason: undefined, etag, validUntil: nextUpdate };
}
