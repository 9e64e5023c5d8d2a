import { EvercertError } from '../../errors.ts';
import type { CaaRecord, DnsClient } from '../../system/dns.ts';
import { createZoneOf } from '../dns/zone.ts';

/** What the self-check asks of DNS. */
export type Questions = Pick<DnsClient, 'cname' | 'isZone' | 'ns' | 'addresses' | 'caa'>;

/** @param servers instead of this machine's resolvers @param signal ends all questions */
export type OpenDns = (servers?: readonly string[], signal?: AbortSignal) => Promise<Questions>;

const MAX_SERVERS = 4;

/**
 * The CAA records of a name as the name servers of its zone have them: a resolver may remember older ones.
 *
 * @throws EvercertError dns-failed: no server answers, not all say the same, or the name is an alias
 */
export async function freshCaa(
  open: OpenDns,
  name: string,
  signal: AbortSignal,
): Promise<readonly CaaRecord[]> {
  const dns = await open(undefined, signal);
  if ((await dns.cname(name)) !== undefined) throw unsure(name, 'it is an alias');
  const servers = await serversOf(dns, name);
  const asked = await Promise.allSettled(
    servers.map(async (server) => (await open([server], signal)).caa(name)),
  );
  const answers = asked.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []));
  const [first, ...others] = answers;
  if (first === undefined) throw unsure(name, 'no name server answers');
  if (others.some((other) => digest(other) !== digest(first)))
    throw unsure(name, 'its name servers disagree');
  return first;
}

async function serversOf(dns: Questions, name: string): Promise<readonly string[]> {
  const zone = await createZoneOf(dns)(name);
  const hosts = (await dns.ns(zone)).slice(0, MAX_SERVERS);
  const addresses = await Promise.all(hosts.map((host) => dns.addresses(host)));
  return addresses.flatMap(([first]) =>
    first === undefined ? [] : [first.includes(':') ? `[${first}]` : first],
  );
}

function digest(records: readonly CaaRecord[]): string {
  return records
    .map(({ critical, tag, value }) => JSON.stringify([critical, tag, value]))
    .sort()
    .join();
}

function unsure(name: string, why: string): EvercertError {
  return new EvercertError('dns-failed', `the CAA records of ${name} cannot be made sure of: ${why}`, '');
}
