import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { type Bind, startBind, startSecondary, type UpdateKey } from '../support/rig/bind.ts';
import { startDnsFront } from '../support/rig/dns-front.ts';
import { during } from '../support/rig/processes.ts';
import { breakGround, type Ground } from './kit.ts';

export const ZONE = 'example.test';
export const RECORD = `_acme-challenge.${ZONE}`;
export const FOREIGN = 'put here by somebody else';
const ZONES = {
  [ZONE]: `_acme-challenge TXT "${FOREIGN}"\n_acme-challenge.away CNAME deep.proof.other.test.`,
  'other.test': '',
};

export function newKey(algorithm = 'hmac-sha256'): UpdateKey {
  return { name: 'evercert-key', algorithm, secret: randomBytes(32).toString('base64') };
}

export interface DnsGround extends Ground {
  readonly primary: Bind;
  /** Flags that prove names at the primary. */
  readonly dns: readonly string[];
}

/** A CA that asks BIND, and a key that may change BIND's zones. */
export async function dnsGround(t: TestContext, key = newKey(), ours = key): Promise<DnsGround> {
  const primary = await during(t, startBind({ zones: ZONES, keys: [key] }));
  return withFlags(await breakGround(t, { dnsServer: `${primary.address}:53` }), primary, ours);
}

/** The same with a secondary, which looks for changes so often; the CA asks that one. */
export async function laggingGround(
  t: TestContext,
  everySeconds: number,
): Promise<DnsGround & { secondary: Bind }> {
  const key = newKey();
  const front = await startDnsFront();
  // Where there is no IPv6, or no route to that address, it is to do no harm.
  const zones = { ...ZONES, [ZONE]: `ns1 AAAA 2001:db8::53\n${ZONES[ZONE]}` };
  const primary = await during(t, startBind({ zones, keys: [key], others: [front.address] }));
  const copies = Object.keys(zones);
  const secondary = await during(t, startSecondary({ of: primary, zones: copies, everySeconds, front }));
  const ground = await breakGround(t, { dnsServer: `${secondary.address}:53` });
  return { ...withFlags(ground, primary, key), secondary };
}

function withFlags(ground: Ground, primary: Bind, key: UpdateKey): DnsGround {
  const file = join(ground.scratch, 'rfc2136.ini');
  const words = Object.entries({ server: primary.address, ...key });
  const lines = words.map(([name, value]) => `dns_rfc2136_${name} = ${value}\n`);
  writeFileSync(file, lines.join(''), { mode: 0o600 });
  const dns = ['--dns', 'rfc2136', '--dns-credentials', file, '--dns-resolvers', primary.address];
  return { ...ground, primary, dns };
}
