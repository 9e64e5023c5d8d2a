import { createHash } from 'node:crypto';
import { EvercertError } from '../../errors.ts';
import type { DnsClient } from '../../system/dns.ts';
import type { Challenge } from '../solver.ts';

/** How many CNAMEs of a name are followed; resolvers go no further either. */
const MAX_ALIASES = 10;
const LABEL_BYTES = 10;

/** What a TXT record must hold (RFC 8555 section 8.4). */
export function proofValue({ keyAuthorization }: Pick<Challenge, 'keyAuthorization'>): string {
  return createHash('sha256').update(keyAuthorization).digest('base64url');
}

/** Where the CA asks for it. @param isAccountLabel dns-account-01 (draft-ietf-acme-dns-account-label) */
export function proofName(
  { name, accountUrl }: Pick<Challenge, 'name' | 'accountUrl'>,
  isAccountLabel: boolean,
): string {
  const digest = createHash('sha256').update(accountUrl).digest();
  const label = isAccountLabel ? `_${base32(digest.subarray(0, LABEL_BYTES))}.` : '';
  return `${label}_acme-challenge.${name}`;
}

/** RFC 4648 section 6 in lower case, of whole groups of five bytes. */
function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
  return (bits.match(/.{5}/g) ?? [])
    .map((five) => 'abcdefghijklmnopqrstuvwxyz234567'[Number.parseInt(five, 2)])
    .join('');
}

/** The name that a chain of CNAMEs leads to; without one the name itself. @throws EvercertError dns-failed */
export async function followAliases(dns: Pick<DnsClient, 'cname'>, name: string): Promise<string> {
  const path = [name];
  for (;;) {
    const last = path.at(-1) ?? name;
    const next = await dns.cname(last);
    if (next === undefined) return last;
    if (path.includes(next) || path.length > MAX_ALIASES) throw endless([...path, next]);
    path.push(next);
  }
}

function endless(path: readonly string[]): EvercertError {
  const isLoop = path.indexOf(path.at(-1) ?? '') < path.length - 1;
  return new EvercertError(
    'dns-failed',
    `the CNAME of ${path[0]} ${isLoop ? 'leads round in a circle' : `leads on more than ${MAX_ALIASES} times`}: ${path.join(' -> ')}`,
    'Correct the CNAME records: the last one must lead to a name of a zone that the DNS provider can write.',
  );
}
