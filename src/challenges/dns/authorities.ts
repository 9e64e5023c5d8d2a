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

/** Name servers that are tried in turn. */
const TRIED = 3;

/**
 * A view of the DNS in which names that begin with "_" are asked about at the name servers of their host's zone: a
 * resolver, which the CA may ask as well, would remember for minutes that there is no such name, when it is made a moment
 * later. Where those servers cannot be asked, the resolver is.
 */
export function firstHand(
  resolver: Pick<DnsClient, 'cname' | 'isZone'>,
  authoritiesOf: AuthoritiesOf,
  at: (address: string) => Promise<Pick<DnsClient, 'cname' | 'exists'>>,
): Pick<DnsClient, 'cname' | 'isZone'> {
  const hostZoneOf = createZoneOf(resolver);
  const known = new Map<string, Promise<Found | undefined>>();
  const silent = new Set<string>();
  const serversOf = async (host: string) => {
    const zone = await hostZoneOf(host).catch(unanswered);
    const addresses = zone === undefined ? [] : (await authoritiesOf(zone)).map(({ address }) => address);
    return addresses.sort((one, other) => Number(silent.has(one)) - Number(silent.has(other)));
  };
  const find = (name: string) => {
    const found = known.get(name) ?? ask(name, serversOf, at, silent);
    known.set(name, found);
    return found;
  };
  return {
    cname: async (name) => {
      const found = await find(name);
      if (found?.exists === false || found?.alias !== undefined) return found.alias;
      return resolver.cname(name);
    },
    isZone: async (name) => ((await find(name))?.exists === false ? false : resolver.isZone(name)),
  };
}

/** @param silent addresses that did not answer before, which are asked last: one dead server must not hold up each name */
async function ask(
  name: string,
  serversOf: (host: string) => Promise<readonly string[]>,
  at: (address: string) => Promise<Pick<DnsClient, 'cname' | 'exists'>>,
  silent: Set<string>,
): Promise<Found | undefined> {
  const host = name.replace(/^(?:_[^.]*\.)+/, '');
  if (host === name) return undefined;
  for (const address of (await serversOf(host)).slice(0, TRIED)) {
    const found = await askAt(name, await at(address)).catch(unanswered);
    if (found !== undefined) return found;
    silent.add(address);
  }
  return undefined;
}

async function askAt(name: string, server: Pick<DnsClient, 'cname' | 'exists'>): Promise<Found> {
  const alias = await server.cname(name);
  return { exists: alias !== undefined || (await server.exists(name)), alias };
}
