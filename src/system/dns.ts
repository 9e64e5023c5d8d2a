import { Resolver } from 'node:dns/promises';
import { EvercertError, systemCode } from '../errors.ts';

export interface CaaRecord {
  readonly critical: boolean;
  /** 'issue', 'issuewild', 'iodef' … */
  readonly tag: string;
  readonly value: string;
}

/**
 * Questions to DNS servers; by UDP, and by TCP when the answer is cut. What does not exist is an empty answer.
 *
 * All throw EvercertError dns-failed: no answer in time, or a refusal. Names have no final dot, in and out.
 */
export interface DnsClient {
  /** Each value, its strings joined. */
  txt(name: string): Promise<string[]>;
  cname(name: string): Promise<string | undefined>;
  /** Whether there is a SOA record of this very name: it is the top of a zone. */
  isZone(name: string): Promise<boolean>;
  /** Name servers. */
  ns(name: string): Promise<string[]>;
  /** IPv4 and IPv6. */
  addresses(name: string): Promise<string[]>;
  caa(name: string): Promise<CaaRecord[]>;
}

/**
 * One DNS message to one server, by TCP, and its answer.
 *
 * @param server ADDRESS or ADDRESS:PORT, [ADDRESS]:PORT for IPv6
 * @throws EvercertError dns-failed
 */
export type ExchangeDns = (server: string, message: Buffer) => Promise<Buffer>;

const TIMEOUT_MS = 5000;
const TRIES = 2;
const NOTHING = new Set(['ENODATA', 'ENOTFOUND']);

/** @param servers to ask instead of this machine's resolvers: ADDRESS or ADDRESS:PORT, [ADDRESS]:PORT for IPv6 */
export function createDns(servers?: readonly string[]): DnsClient {
  const resolver = new Resolver({ timeout: TIMEOUT_MS, tries: TRIES });
  if (servers !== undefined) resolver.setServers(servers);
  const all = <T>(what: string, name: string, answer: Promise<T[]>) =>
    answer.catch((error: unknown) => noAnswer<T>(what, name, error));
  return {
    txt: async (name) =>
      (await all('TXT', name, resolver.resolveTxt(name))).map((strings) => strings.join('')),
    cname: async (name) => (await all('CNAME', name, resolver.resolveCname(name)))[0],
    isZone: async (name) =>
      (
        await all(
          'SOA',
          name,
          resolver.resolveSoa(name).then((soa) => [soa]),
        )
      ).length > 0,
    ns: (name) => all('NS', name, resolver.resolveNs(name)),
    addresses: async (name) =>
      (
        await Promise.all([
          all('A', name, resolver.resolve4(name)),
          all('AAAA', name, resolver.resolve6(name)),
        ])
      ).flat(),
    caa: async (name) => (await all('CAA', name, resolver.resolveCaa(name))).flatMap(caaRecords),
  };
}

/** Node's form: { critical: 0, issue: 'letsencrypt.org' }. */
function caaRecords({ critical, ...rest }: { critical: number }): CaaRecord[] {
  return Object.entries(rest).map(([tag, value]) => ({
    critical: critical !== 0,
    tag,
    value: String(value),
  }));
}

function noAnswer<T>(what: string, name: string, error: unknown): T[] {
  const code = systemCode(error);
  if (code === undefined) throw error;
  if (NOTHING.has(code)) return [];
  throw new EvercertError(
    'dns-failed',
    `cannot look up ${what} of ${name}: ${code}`,
    'Check that this machine can ask DNS servers; the next run tries again.',
    error,
  );
}
