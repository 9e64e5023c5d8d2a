import { EvercertError } from '../../errors.ts';
import type { DnsClient } from '../../system/dns.ts';

/** The zone that a name is in. @throws EvercertError dns-failed */
export type ZoneOf = (name: string) => Promise<string>;

/** Asks for the SOA of the name, and of each name above it, until there is one; about each name once in a run. */
export function createZoneOf(dns: Pick<DnsClient, 'isZone'>): ZoneOf {
  const known = new Map<string, Promise<string | undefined>>();
  const find = async (name: string): Promise<string | undefined> => {
    if (await dns.isZone(name)) return name;
    const dot = name.indexOf('.');
    return dot < 0 ? undefined : remembered(name.slice(dot + 1));
  };
  const remembered = (name: string): Promise<string | undefined> => {
    const zone = known.get(name) ?? find(name);
    known.set(name, zone);
    zone.catch(() => known.delete(name));
    return zone;
  };
  return async (name) => (await remembered(name)) ?? Promise.reject(noZone(name));
}

function noZone(name: string): EvercertError {
  return new EvercertError(
    'dns-failed',
    `no zone was found for ${name}: there is no SOA record of it, or of any name above it`,
    'Check that the domain is registered and delegated, and that the resolvers of this machine know it (--dns-resolvers).',
  );
}
