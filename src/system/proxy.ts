import { BlockList, isIP } from 'node:net';
import { EvercertError } from '../errors.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** An HTTP proxy that the environment names. */
export interface HttpProxy {
  /** It is spoken to by TLS. */
  readonly secure: boolean;
  /** Without the brackets of an IPv6 address. */
  readonly host: string;
  readonly port: number;
  /** HOST:PORT, for messages: the user and password are never part of one. */
  readonly name: string;
  /** What Proxy-Authorization says (RFC 7617), if the URL has a user. Secret. */
  readonly authorization: string | undefined;
}

/**
 * The proxy for a URL by `http_proxy`, `https_proxy`, `all_proxy` and `no_proxy`, read as curl reads them: lower case before
 * upper case, a domain of `no_proxy` stands for all below it, loopback addresses are no exception.
 *
 * @throws EvercertError usage
 */
export function proxyFor(url: URL, environment: Environment): HttpProxy | undefined {
  const name = ['all', url.protocol.slice(0, -1)].reverse().find((each) => read(environment, each) !== '');
  if (name === undefined || isExempt(url, read(environment, 'no'))) return undefined;
  return parseProxy(read(environment, name), `${name}_proxy`);
}

function read(environment: Environment, name: string): string {
  const variable = `${name}_proxy`;
  return (environment[variable] || environment[variable.toUpperCase()] || '').trim();
}

function parseProxy(value: string, variable: string): HttpProxy {
  const text = value.includes('://') ? value : `http://${value}`;
  if (!URL.canParse(text)) throw unusable(variable, 'is no URL');
  const url = new URL(text);
  const secure = url.protocol === 'https:';
  if (!secure && url.protocol !== 'http:')
    throw unusable(variable, `asks for ${url.protocol.slice(0, -1)}, which is not spoken here`);
  const host = bare(url.hostname);
  const port = Number(url.port || (secure ? 443 : 80));
  return { secure, host, port, name: `${url.hostname}:${port}`, authorization: authorizationOf(url) };
}

function authorizationOf({ username, password }: URL): string | undefined {
  if (username === '' && password === '') return undefined;
  return `Basic ${Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString('base64')}`;
}

function unescaped(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function unusable(variable: string, why: string): EvercertError {
  return new EvercertError(
    'usage',
    `the environment variable ${variable} ${why}`,
    'Give an HTTP proxy, such as http://proxy.example.com:3128; hosts that need none go into no_proxy.',
  );
}

function isExempt(url: URL, list: string): boolean {
  const host = bare(url.hostname).replace(/\.$/, '');
  const port = url.port || (url.protocol === 'https:' ? '443' : '80');
  return list
    .toLowerCase()
    .split(/[\s,]+/)
    .some((entry) => entry === '*' || stands(entry, host, port));
}

/** Whether an entry of no_proxy (name, address, network; all but the last perhaps with a port) means this host. */
function stands(entry: string, host: string, port: string): boolean {
  const [, name = entry, only] = (isIP(entry) === 0 && /^(.+):(\d+)$/.exec(entry)) || [];
  if (only !== undefined && only !== port) return false;
  if (isIP(host) !== 0) return isWithin(host, bare(name));
  const domain = name.replace(/^\*?\./, '').replace(/\.$/, '');
  return domain !== '' && (host === domain || host.endsWith(`.${domain}`));
}

function isWithin(address: string, network: string): boolean {
  const [base = '', bits, ...more] = network.split('/');
  const size = isIP(base) === 6 ? 128 : 32;
  const prefix = bits === undefined ? size : /^\d{1,3}$/.test(bits) ? Number(bits) : size + 1;
  if (isIP(base) === 0 || prefix > size || more.length > 0) return false;
  const list = new BlockList();
  list.addSubnet(base, prefix, family(base));
  return list.check(address, family(address));
}

function family(address: string): 'ipv4' | 'ipv6' {
  return isIP(address) === 6 ? 'ipv6' : 'ipv4';
}

function bare(host: string): string {
  return host.replace(/^\[|\]$/g, '');
}
