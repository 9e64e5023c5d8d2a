import * as v from 'valibot';
import type { Connection } from '../acme/connection.ts';
import { issuerNames } from '../x509/certificate.ts';

const ChainSchema = v.pipe(v.string(), v.maxLength(256 * 1024));
const MAX_ALTERNATES = 10;
const MAX_LINK_LENGTH = 16_384;

export interface Download {
  readonly pem: string;
  /** False when a preferred chain was wanted and the CA offers none of that name. */
  readonly preferredFound: boolean;
}

/**
 * Downloads a certificate; if `preferred` is given, the chain whose topmost certificate has that issuer (RFC 8555
 * section 7.4.2), or the default one.
 */
export async function downloadCertificate(
  connection: Connection,
  url: string,
  preferred: string | undefined,
): Promise<Download> {
  const { body: pem, link } = await connection.get(url, 'certificate', ChainSchema);
  if (preferred === undefined || endsAt(pem, preferred)) return { pem, preferredFound: true };
  for (const alternate of alternates(link ?? '', url)) {
    const { body } = await connection.get(alternate, 'certificate', ChainSchema);
    if (endsAt(body, preferred)) return { pem: body, preferredFound: true };
  }
  return { pem, preferredFound: false };
}

function endsAt(pem: string, commonName: string): boolean {
  return issuerNames(pem).at(-1) === commonName;
}

/** The http(s) targets whose relations include "alternate" (RFC 8288 section 3). */
export function alternates(link: string, base: string): string[] {
  const links = [...link.slice(0, MAX_LINK_LENGTH).matchAll(/<([^<>\s]+)>((?:\s*;[^<,]*)*)/g)];
  return links
    .filter(([, , parameters = '']) => relationsOf(parameters).includes('alternate'))
    .map(([, target = '']) => target)
    .filter((target) => URL.canParse(target, base))
    .map((target) => new URL(target, base).href)
    .filter((url) => /^https?:/.test(url))
    .slice(0, MAX_ALTERNATES);
}

function relationsOf(parameters: string): string[] {
  const match = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;"]+))/i.exec(parameters);
  return (match?.[1] ?? match?.[2] ?? '').toLowerCase().split(/\s+/);
}
