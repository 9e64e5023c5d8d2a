import * as v from 'valibot';
import type { Connection } from '../acme/connection.ts';
import { linkTargets } from '../acme/links.ts';
import { problemOf } from '../acme/problem.ts';
import { issuerNames } from '../x509/certificate.ts';

/** A page of a gateway says nothing against the order: the next run downloads again. */
const ChainSchema = v.pipe(v.string(), v.maxLength(256 * 1024), v.includes('-----BEGIN CERTIFICATE-----'));
const MAX_ALTERNATES = 10;

export interface Download {
  readonly pem: string;
  /** False when a preferred chain was wanted and the CA offers none of that name. */
  readonly preferredFound: boolean;
}

/**
 * Downloads a certificate (RFC 8555 section 7.4.2); if `preferred` is given, by the chain whose topmost issuer has that
 * common name, else by one that leads over an issuer of that name, else by the default one.
 */
export async function downloadCertificate(
  connection: Connection,
  url: string,
  preferred: string | undefined,
): Promise<Download> {
  const { body: pem, link } = await connection.get(url, 'certificate', ChainSchema);
  if (preferred === undefined || issuerNames(pem).at(-1) === preferred) return { pem, preferredFound: true };
  const urls = linkTargets(link, url, 'alternate').slice(0, MAX_ALTERNATES);
  const alternates = await Promise.all(urls.map((each) => readAlternate(connection, each)));
  const chosen = choose([pem, ...alternates.flat()], preferred);
  return { pem: chosen ?? pem, preferredFound: chosen !== undefined };
}

/** The first chain whose topmost issuer has that name; if there is none, the first in which any issuer has. */
function choose(chains: readonly string[], commonName: string): string | undefined {
  const issuers = chains.map((pem) => issuerNames(pem));
  const atTop = issuers.findIndex((names) => names.at(-1) === commonName);
  const anywhere = issuers.findIndex((names) => names.includes(commonName));
  return chains[atTop === -1 ? anywhere : atTop];
}

/** An alternate that the CA does not have after all is none. */
async function readAlternate(connection: Connection, url: string): Promise<string[]> {
  try {
    return [(await connection.get(url, 'certificate', ChainSchema)).body];
  } catch (error) {
    if (problemOf(error) === undefined) throw error;
    return [];
  }
}
