import { domainToASCII, domainToUnicode } from 'node:url';
import { EvercertError } from '../errors.ts';

/** What a certificate is asked for: a DNS name in A-labels (RFC 5890), perhaps with `*.`, or an IP address (RFC 8738). */
export interface Identifier {
  readonly type: 'dns' | 'ip';
  readonly value: string;
}

const LABEL = /^(?!-)[a-z0-9-]{1,63}(?<!-)$/;
const IPV4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/**
 * The one form of a name: lower case, A-labels, no final dot; IPv6 as in RFC 5952.
 *
 * @throws EvercertError bad-name
 */
export function parseIdentifier(text: string): Identifier {
  const trimmed = text.trim();
  if (IPV4.test(trimmed)) return { type: 'ip', value: trimmed };
  if (trimmed.includes(':')) return { type: 'ip', value: parseIpv6(trimmed) };
  return { type: 'dns', value: parseDnsName(trimmed) };
}

function parseIpv6(text: string): string {
  const bare = text.startsWith('[') && text.endsWith(']') ? text.slice(1, -1) : text;
  const url = /^[0-9a-f:.]+$/i.test(bare) ? tryUrl(`http://[${bare}]/`) : null;
  if (!url) throw badName(text, 'it has a colon but is no IPv6 address');
  return url.hostname.slice(1, -1);
}

function tryUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}

function parseDnsName(text: string): string {
  const wildcard = text.startsWith('*.') ? '*.' : '';
  const unicode = text.slice(wildcard.length).replace(/\.$/, '');
  if (/[\s/\\?#@%[\]<>^|\0]/.test(unicode)) throw badName(text, 'it holds a character that no DNS name has');
  const ascii = domainToASCII(unicode);
  if (ascii === '') throw badName(text, 'it is no DNS name');
  if (ascii.length > 253) throw badName(text, 'it is longer than 253 characters');
  const labels = ascii.split('.');
  if (labels.length < 2) throw badName(text, 'it has too few labels: a public name has a dot');
  if (labels.every((label) => /^\d+$/.test(label)))
    throw badName(text, 'it is neither an IPv4 address nor a DNS name');
  const undecodable = labels.find((label) => label.startsWith('xn--') && !isALabel(label));
  if (undecodable !== undefined) throw badName(text, `"${undecodable}" is no A-label`);
  const bad = labels.find((label) => !LABEL.test(label));
  if (bad !== undefined)
    throw badName(text, `the label "${bad}" is empty, too long or has a character other than a-z, 0-9 and -`);
  return wildcard + ascii;
}

/** Newer releases of Node let an A-label pass that decodes to nothing. */
function isALabel(label: string): boolean {
  const unicode = domainToUnicode(label);
  return unicode !== label && unicode !== '' && domainToASCII(unicode) === label;
}

function badName(text: string, why: string): EvercertError {
  return new EvercertError(
    'bad-name',
    `${JSON.stringify(text)} cannot be in a certificate: ${why}`,
    'Give a DNS name such as www.example.com, or an IP address.',
  );
}

/** What TLS calls a server by (SNI): an address by its reverse name in DNS (RFC 8738 section 6). */
export function serverNameOf({ type, value }: Identifier): string {
  if (type === 'dns') return value;
  if (!value.includes(':')) return `${value.split('.').reverse().join('.')}.in-addr.arpa`;
  return `${[...hexDigits(value)].reverse().join('.')}.ip6.arpa`;
}

/** All 32 of an IPv6 address in its one form. */
function hexDigits(address: string): string {
  const [head = [], tail = []] = address.split('::').map((part) => part.split(':').filter(Boolean));
  const zeros = Array<string>(8 - head.length - tail.length).fill('');
  return [...head, ...zeros, ...tail].map((group) => group.padStart(4, '0')).join('');
}

/** The same names in the same form, whatever their order. */
export function sameNames(left: readonly string[], right: readonly string[]): boolean {
  const wanted = new Set(left);
  return wanted.size === new Set(right).size && right.every((name) => wanted.has(name));
}
