import { EvercertError } from '../../errors.ts';
import type { DnsClient } from '../../system/dns.ts';
import { createZoneOf, type ZoneOf } from './zone.ts';

/** One address of a name server of a zone. */
export interface Authority {
  readonly server: string;
  readonly address: string;
}

/** All addresses of all name servers of a zone that can be found. */
export type AuthoritiesOf = (zone: string) => Promise<readonly Authority[]>;

/** Asks about each zone once in a run. */
export function createAuthorities(resolver: Pick<DnsClient, 'ns' | 'addresses'>): AuthoritiesOf {
  const known = new Map<string, Promise<readonly Authority[]>>();
  return (zone) => {
    const found = known.get(zone) ?? findAuthorities(resolver, zone);
    known.set(zone, found);
    return found;
  };
}

async function findAuthorities(
  resolver: Pick<DnsClient, 'ns' | 'addresses'>,
  zone: string,
): Promise<readonly Authority[]> {
  const servers = (await resolver.ns(zone).catch(unanswered)) ?? [];
  const found = await Promise.all(
    servers.map(async (server) => {
      const addresses = (await resolver.addresses(server).catch(unanswered)) ?? [];
      return addresses.map((address) => ({ server, address }));
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
  const find = (name: string) => {
    const found = known.get(name) ?? ask(name, hostZoneOf, authoritiesOf, at);
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

async function ask(
  name: string,
  hostZoneOf: ZoneOf,
  authoritiesOf: AuthoritiesOf,
  at: (address: string) => Promise<Pick<DnsClient, 'cname' | 'exists'>>,
): Promise<Found | undefined> {
  const host = name.replace(/^(?:_[^.]*\.)+/, '');
  const zone = host === name ? undefined : await hostZoneOf(host).catch(unanswered);
  if (zone === undefined) return undefined;
  for (const { address } of (await authoritiesOf(zone)).slice(0, TRIED)) {
    const server = await at(address);
    const alias = await server.cname(name).catch(unanswered);
    const exists = alias !== undefined || (await server.exists(name).catch(unanswered));
    if (exists !== undefined) return { exists, alias };
  }
  return undefined;
}
