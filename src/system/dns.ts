import { Resolver } from 'node:dns/promises';
import { isIP } from 'node:net';
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
 * All throw EvercertError dns-failed: no answer in time, or a refusal; or the signal's reason. Names have no final dot, in
 * and out, and come out in lower case and made of letters, digits, "-", "_" and "." only: fit for a message.
 */
export interface DnsClient {
  /** Each value, its strings joined: any bytes at all. */
  txt(name: string): Promise<string[]>;
  cname(name: string): Promise<string | undefined>;
  /** Whether there is a record of any kind of this name, or of one below it. */
  exists(name: string): Promise<boolean>;
  /** Whether there is a SOA record of this very name: it is the top of a zone. */
  isZone(name: string): Promise<boolean>;
  /** Name servers. */
  ns(name: string): Promise<string[]>;
  /** IPv4 and IPv6; only those of one kind, when the other cannot be asked for. */
  addresses(name: string): Promise<string[]>;
  caa(name: string): Promise<CaaRecord[]>;
}

/**
 * One DNS message to one server, by TCP, and its answer.
 *
 * @param server ADDRESS or ADDRESS:PORT, [ADDRESS]:PORT for IPv6; a host name instead of an address, too
 * @throws EvercertError dns-failed
 */
export type ExchangeDns = (server: string, message: Buffer) => Promise<Buffer>;

const TIMEOUT_MS = 3000;
const TRIES = 2;
const NOTHING = new Set(['ENODATA', 'ENOTFOUND']);
/** What a name in an answer may be made of, to be worked with and shown. */
const NAME = /^(?=.{1,253}$)[a-z0-9_-]{1,63}(?:\.[a-z0-9_-]{1,63})*$/;

/**
 * @param servers to ask instead of this machine's resolvers: ADDRESS or ADDRESS:PORT, [ADDRESS]:PORT for IPv6
 * @param signal ends all questions
 * @param timeoutMs of each server, which is asked twice, the second time for twice as long
 * @throws EvercertError bad-settings: no such address
 */
export function createDns(
  servers?: readonly string[],
  signal?: AbortSignal,
  timeoutMs = TIMEOUT_MS,
): DnsClient {
  const ask: Ask = (what, name, question) =>
    askOnce(() => createResolver(servers, timeoutMs), signal, question).catch((error: unknown) =>
      noAnswer(what, name, servers, error),
    );
  return {
    txt: async (name) =>
      (await ask('TXT', name, (resolver) => resolver.resolveTxt(name))).map((strings) => strings.join('')),
    cname: async (name) => {
      const [target] = await ask('CNAME', name, (resolver) => resolver.resolveCname(name));
      return target === undefined ? undefined : cleanName(target, name);
    },
    exists: async (name) =>
      (await ask('CNAME', name, (resolver) => resolver.resolveCname(name).catch(noData))).length > 0,
    isZone: async (name) =>
      (await ask('SOA', name, async (resolver) => [await resolver.resolveSoa(name)])).length > 0,
    ns: async (name) =>
      (await ask('NS', name, (resolver) => resolver.resolveNs(name))).map((server) =>
        cleanName(server, name),
      ),
    addresses: (name) => addressesOf(ask, name),
    caa: async (name) =>
      (await ask('CAA', name, (resolver) => resolver.resolveCaa(name))).flatMap(caaRecords),
  };
}

type Ask = <T>(what: string, name: string, question: (resolver: Resolver) => Promise<T[]>) => Promise<T[]>;

/** A resolver for each question: what is aborted is that question alone. */
async function askOnce<T>(
  open: () => Resolver,
  signal: AbortSignal | undefined,
  question: (resolver: Resolver) => Promise<T[]>,
): Promise<T[]> {
  signal?.throwIfAborted();
  const resolver = open();
  const cancel = () => resolver.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  try {
    return await question(resolver);
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
}

function createResolver(servers: readonly string[] | undefined, timeoutMs: number): Resolver {
  const resolver = new Resolver({ timeout: timeoutMs, tries: TRIES });
  try {
    if (servers !== undefined) resolver.setServers(servers);
    return resolver;
  } catch (error) {
    throw new EvercertError(
      'bad-settings',
      `${quoted(servers?.join(' ') ?? '')} is no address of a DNS server`,
      'Write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53.',
      error,
    );
  }
}

async function addressesOf(ask: Ask, name: string): Promise<string[]> {
  if (isIP(name) !== 0) return [name];
  const answers = await Promise.allSettled([
    ask('A', name, (resolver) => resolver.resolve4(name)),
    ask('AAAA', name, (resolver) => resolver.resolve6(name)),
  ]);
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? answer.value : []));
  const [failed] = answers.flatMap((answer) => (answer.status === 'rejected' ? [answer.reason] : []));
  if (found.length === 0 && failed !== undefined) throw failed;
  return found;
}

/** Node's form: { critical: 0, issue: 'letsencrypt.org' }. */
function caaRecords({ critical, ...rest }: { critical: number }): CaaRecord[] {
  return Object.entries(rest).map(([tag, value]) => ({
    critical: critical !== 0,
    tag,
    value: String(value),
  }));
}

/** There is something, if not what was asked for. */
function noData(error: unknown): string[] {
  if (systemCode(error) === 'ENODATA') return [''];
  throw error;
}

function cleanName(found: string, askedFor: string): string {
  const name = found.toLowerCase().replace(/\.$/, '');
  if (NAME.test(name)) return name;
  throw new EvercertError(
    'dns-failed',
    `the answer about ${askedFor} leads to ${quoted(found)}, which is no name that can be followed`,
    'Correct the record.',
  );
}

function noAnswer<T>(
  what: string,
  name: string,
  servers: readonly string[] | undefined,
  error: unknown,
): T[] {
  const code = systemCode(error);
  if (code === undefined || error instanceof EvercertError) throw error;
  if (NOTHING.has(code)) return [];
  const of = servers === undefined ? '' : ` at ${servers.join(', ')}`;
  throw new EvercertError(
    'dns-failed',
    `cannot look up ${what} of ${quoted(name)}${of}: ${WORDS[code] ?? code}`,
    'Check that this machine can ask DNS servers, and that those of the zone answer; the next run tries again.',
    error,
  );
}

/** c-ares' codes that operators meet. */
const WORDS: Readonly<Record<string, string>> = {
  ESERVFAIL: 'the server failed (SERVFAIL)',
  EREFUSED: 'the server refused to answer (REFUSED)',
  ENOTIMP: 'the server cannot answer that (NOTIMP)',
  EFORMERR: 'the server did not understand (FORMERR)',
  ETIMEOUT: 'no answer in time',
  ECONNREFUSED: 'nobody answers there',
  EBADRESP: 'the answer makes no sense',
  EBADNAME: 'that is no name',
};

/** Fit for a message, whatever it is. */
function quoted(text: string): string {
  return text.slice(0, 300).replace(/[^\x21-\x7e]+/g, '?');
}
