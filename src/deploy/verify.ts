import { domainToASCII } from 'node:url';
import { EvercertError } from '../errors.ts';
import type { StartTls } from '../system/starttls.ts';
import type { ServerAddress } from '../system/tls-probe.ts';
import { parseIdentifier } from '../x509/identifier.ts';

/** Where a new certificate must be served, for it to count as deployed. */
export interface VerifyTarget {
  readonly address: ServerAddress;
  /** The name to ask for (RFC 6066 section 3); undefined: one of the certificate's own. */
  readonly serverName: string | undefined;
  /** How TLS begins, where it does not at once. */
  readonly starttls: StartTls | undefined;
  /** How long the server may take to serve it. */
  readonly withinMs: number;
}

const PROTOCOLS: readonly StartTls[] = ['smtp', 'imap', 'pop3', 'ldap', 'postgres', 'mysql'];
const DEFAULT_WITHIN_MS = 60_000;
const MAX_WITHIN_MS = 600_000;
const MAX_TEXT = 1000;
/** What a Unix-domain socket's path may have in bytes on every system (sun_path, with its end). */
const MAX_PATH_BYTES = 103;
const WILDCARD_LABEL = 'evercert-check';

/**
 * `HOST:PORT` or `unix:/PATH`, perhaps with `,sni=NAME`, `,starttls=PROTOCOL` and `,within=60s`, in any order.
 *
 * @throws EvercertError usage
 */
export function parseVerifyTarget(text: string): VerifyTarget {
  if (text.length > MAX_TEXT) throw wrong(`${text.slice(0, 40)} …`, 'it is too long');
  const [where = '', ...words] = text.split(',');
  const options = readOptions(text, words);
  return {
    address: parseAddress(text, where),
    serverName: parseServerName(text, options.get('sni')),
    starttls: parseProtocol(text, options.get('starttls')),
    withinMs: parseWithin(text, options.get('within')),
  };
}

/** The one way to write it: as settings keep it. */
export function formatVerifyTarget({ address, serverName, starttls, withinMs }: VerifyTarget): string {
  const words = [
    formatAddress(address),
    ...(serverName === undefined ? [] : [`sni=${serverName}`]),
    ...(starttls === undefined ? [] : [`starttls=${starttls}`]),
    ...(withinMs === DEFAULT_WITHIN_MS ? [] : [`within=${withinMs / 1000}s`]),
  ];
  return words.join(',');
}

/** HOST:PORT or unix:PATH, for people. */
export function formatAddress(address: ServerAddress): string {
  if ('path' in address) return `unix:${address.path}`;
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

/**
 * The name that the server is asked for: the target's own, else the first DNS name of the certificate, of a wildcard
 * one that it stands for. None for a certificate of addresses.
 */
export function serverNameOf(target: VerifyTarget, names: readonly string[]): string | undefined {
  if (target.serverName !== undefined) return target.serverName;
  const dns = names.filter((name) => parseIdentifier(name).type === 'dns');
  const name = dns.find((each) => !each.startsWith('*.')) ?? dns[0];
  return name?.replace(/^\*/, WILDCARD_LABEL);
}

function readOptions(text: string, words: readonly string[]): Map<string, string> {
  const options = new Map<string, string>();
  for (const word of words) {
    const [, name, value] = /^(sni|starttls|within)=(.+)$/.exec(word) ?? [];
    if (name === undefined || value === undefined)
      throw wrong(text, `"${word.slice(0, 40)}" is none of sni=NAME, starttls=PROTOCOL, within=TIME`);
    if (options.has(name)) throw wrong(text, `${name} is there twice`);
    options.set(name, value);
  }
  return options;
}

function parseAddress(text: string, where: string): ServerAddress {
  if (where.startsWith('unix:')) return { path: parsePath(text, where.slice('unix:'.length)) };
  const [, host = '', digits = ''] = /^(.+):(\d{1,5})$/.exec(where) ?? [];
  const port = Number(digits);
  if (port < 1 || port > 65_535) throw wrong(text, 'it has no port from 1 to 65535');
  return { host: parseHost(text, host), port };
}

function parsePath(text: string, path: string): string {
  if (!path.startsWith('/')) throw wrong(text, 'the path of the socket does not begin with /');
  if (/[\p{Cc}\p{Cf}\p{Cs}]/u.test(path) || Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw wrong(text, `a socket has no such path (${MAX_PATH_BYTES} bytes at most)`);
  return path;
}

/** Also a name without a dot: `localhost`, or one of the local network. */
function parseHost(text: string, host: string): string {
  const inBrackets = /^\[(.+:.*)\]$/.exec(host)?.[1];
  if (inBrackets === undefined && host.includes(':'))
    throw wrong(text, 'an IPv6 address stands in brackets: [::1]:443');
  if (inBrackets !== undefined || /^[\d.]+$/.test(host)) return parseIp(text, inBrackets ?? host);
  return parseName(text, host);
}

function parseIp(text: string, address: string): string {
  try {
    const { type, value } = parseIdentifier(address);
    if (type === 'ip') return value;
  } catch (error) {
    if (!(error instanceof EvercertError)) throw error;
  }
  throw wrong(text, `${address} is no IP address`);
}

function parseServerName(text: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : parseName(text, name);
}

function parseName(text: string, name: string): string {
  const ascii = domainToASCII(name.replace(/\.$/, ''));
  const labels = ascii.split('.');
  const isName = labels.every((label) => /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/.test(label));
  if (!isName || ascii.length > 253 || /^\d+$/.test(labels.at(-1) ?? ''))
    throw wrong(text, `"${name.slice(0, 60)}" is no name of a host`);
  return ascii;
}

function parseProtocol(text: string, protocol: string | undefined): StartTls | undefined {
  const known = PROTOCOLS.find((each) => each === protocol);
  if (protocol !== undefined && known === undefined)
    throw wrong(text, `starttls is one of ${PROTOCOLS.join(', ')}`);
  return known;
}

function parseWithin(text: string, within: string | undefined): number {
  if (within === undefined) return DEFAULT_WITHIN_MS;
  const [, digits, unit] = /^(\d{1,3})(s|m)$/.exec(within) ?? [];
  const ms = Number(digits) * (unit === 'm' ? 60_000 : 1000);
  if (unit !== undefined && ms >= 1000 && ms <= MAX_WITHIN_MS) return ms;
  throw wrong(text, 'within is a time from 1s to 600s, or 1m to 10m');
}

function wrong(text: string, why: string): EvercertError {
  return new EvercertError(
    'usage',
    `${JSON.stringify(text)} does not say where a certificate is served: ${why}`,
    'Write HOST:PORT or unix:/PATH, such as --verify www.example.com:443 or --verify [::1]:25,starttls=smtp,within=30s.',
  );
}
