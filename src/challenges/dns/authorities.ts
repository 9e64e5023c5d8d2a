import { EvercertError } from '../../errors.ts';
import type { DnsClient } from '../../system/dns.ts';
import { createZoneOf } from './zone.ts';

/** One address of a name server of a zone. */
export interface Authority {
  readonly server: string;
  readonly address: string;
}

/** All addresses of all name servers of a zone that can be found. */
export type AuthoritiesOf = (zone: string) => Promise<readonly Authority[]>;

/** More of them is no zone that anybody runs, but one that means us to be busy. */
const MAX_SERVERS = 20;
const MAX_ADDRESSES = 16;

/** Asks about each zone once in a run, if something is found. */
export function createAuthorities(resolver: Pick<DnsClient, 'ns' | 'addresses'>): AuthoritiesOf {
  const known = new Map<string, Promise<readonly Authority[]>>();
  return (zone) => {
    const found = known.get(zone) ?? findAuthorities(resolver, zone);
    known.set(zone, found);
    return found.then((all) => {
      if (all.length === 0) known.delete(zone);
      return all;
    });
  };
}

async function findAuthorities(
  resolver: Pick<DnsClient, 'ns' | 'addresses'>,
  zone: string,
): Promise<readonly Authority[]> {
  const servers = (await resolver.ns(zone).catch(unanswered)) ?? [];
  const found = await Promise.all(
    servers.slice(0, MAX_SERVERS).map(async (server) => {
      const addresses = (await resolver.addresses(server).catch(unanswered)) ?? [];
      return addresses.slice(0, MAX_ADDRESSES).map((address) => ({ server, address }));
    }),
  );
  return found.flat();
}

/** For `catch`: what could not be looked up is undefined. */
export function unanswered(error: unknown): undefined {
  if (error instanceof EvercertError && error.code === 'dns-failed') return undefined;
  throw error;
}

/** What is there of a name. */
interface Found {
  readonly exists: boolean;
  readonly alias: string | undefined;
}

/** What a name server is asked about its own zone. */
export type Server = Pick<DnsClient, 'cname' | 'exists' | 'txt'>;
export type ServerAt = (address: string) => Server;

const MOST_SILENCES = 2;

/**
 * Name servers by address. One that has only ever been silent, such as an IPv6 address without a route, is not asked for
 * long: to wait for it once more would hold up all others.
 *
 * @param at each answer in the end, or EvercertError dns-failed
 */
export function createServers(at: (address: string) => Promise<Server>): ServerAt {
  const answered = new Set<string>();
  const silences = new Map<string, number>();
  const ask = async <T>(address: string, question: (server: Server) => Promise<T>): Promise<T> => {
    const before = silences.get(address) ?? 0;
    if (!answered.has(address) && before >= MOST_SILENCES) throw silent(address);
    try {
      const answer = await question(await at(address));
      answered.add(address);
      return answer;
    } catch (error) {
      silences.set(address, (silences.get(address) ?? 0) + 1);
      throw error;
    }
  };
  return (address) => ({
    cname: (name) => ask(address, (server) => server.cname(name)),
    exists: (name) => ask(address, (server) => server.exists(name)),
    txt: (name) => ask(address, (server) => server.txt(name)),
  });
}

function silent(address: string): EvercertError {
  return new EvercertError(
    'dns-failed',
    `the name server ${address} does not answer`,
    'Check that this machine can reach it.',
  );
}

/** Addresses that are asked side by side: the first answer counts. */
const ASKED = 6;

/**
 * A view of the DNS in which names that begin with "_" are asked about at the name servers of their host's zone: a
 * resolver, which the CA may ask as well, would remember for minutes that there is no such name, when it is made a moment
 * later. Where those servers cannot be asked, the resolver is.
 */
export function firstHand(
  resolver: Pick<DnsClient, 'cname' | 'isZone'>,
  authoritiesOf: AuthoritiesOf,
  at: ServerAt,
): Pick<DnsClient, 'cname' | 'isZone'> {
  const hostZoneOf = createZoneOf(resolver);
  const known = new Map<string, Promise<Found | undefined>>();
  const find = async (name: string): Promise<Found | undefined> => {
    const host = name.replace(/^(?:_[^.]*\.)+/, '');
    const zone = host === name ? undefined : await hostZoneOf(host).catch(unanswered);
    if (zone === undefined) return undefined;
    const servers = (await authoritiesOf(zone)).slice(0, ASKED);
    return Promise.any(servers.map(({ address }) => ask(at(address), name))).catch(allUnanswered);
  };
  const remembered = (name: string) => {
    const found = known.get(name) ?? find(name);
    known.set(name, found);
    return found;
  };
  return {
    cname: async (name) => {
      const found = await remembered(name);
      if (found?.exists === false || found?.alias !== undefined) return found.alias;
      return resolver.cname(name);
    },
    isZone: async (name) => ((await remembered(name))?.exists === false ? false : resolver.isZone(name)),
  };
}

function allUnanswered({ errors }: AggregateError): undefined {
  errors.forEach(unanswered);
}

async function ask(server: Server, name: string): Promise<Found> {
  const alias = await server.cname(name);
  return { alias, exists: alias !== undefined || (await server.exists(name)) };
}
