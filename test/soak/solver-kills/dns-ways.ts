import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { installExample, serveExample } from '../../challenges/dns/example-package.ts';
import { ACCOUNT, serveAcmeDns } from '../../support/dns-apis/acme-dns.ts';
import { serveAzure } from '../../support/dns-apis/azure.ts';
import { serveCloudflare } from '../../support/dns-apis/cloudflare.ts';
import { serveDesec } from '../../support/dns-apis/desec.ts';
import { serveDigitalOcean } from '../../support/dns-apis/digitalocean.ts';
import { serveGandi } from '../../support/dns-apis/gandi.ts';
import { serveGoogle } from '../../support/dns-apis/google.ts';
import { serveHetzner } from '../../support/dns-apis/hetzner.ts';
import { serveOvh } from '../../support/dns-apis/ovh.ts';
import { serveRoute53 } from '../../support/dns-apis/route53.ts';
import { apiClock, type FakeApi, ZONE } from '../../support/dns-apis/server.ts';
import type { Bind } from '../../support/rig/bind.ts';
import { MOMENTS } from './trap.ts';
import type { Stage, Way } from './way.ts';
import { addedTo, FOREIGN, keyOf, mirror, startZones, watchUpdates, watchZone } from './zones.ts';

apiClock.now = Date.now;

const RECORD = `_acme-challenge.${ZONE}`;
const SERVERS: Readonly<Record<string, (t: TestContext) => Promise<FakeApi>>> = {
  azure: serveAzure,
  cloudflare: serveCloudflare,
  desec: serveDesec,
  digitalocean: serveDigitalOcean,
  example: serveExample,
  gandi: serveGandi,
  google: serveGoogle,
  hetzner: serveHetzner,
  ovh: serveOvh,
  route53: serveRoute53,
};

let started: Promise<Bind> | undefined;
/** Tells which zones there are; the values are those of the APIs. */
const resolver = () => {
  started ??= startZones({
    [ZONE]: `_acme-challenge.delegated CNAME ${ACCOUNT.fulldomain}.`,
    'auth.example.net': '',
  });
  return started;
};

export const stopResolver = async (): Promise<void> => (await started)?.stop();

function writeCredentials(directory: string, credentials: Readonly<Record<string, string>>): string {
  const lines = Object.entries(credentials).map(([name, value]) => {
    if (!value.startsWith('{')) return `${name} = ${value}\n`;
    const file = join(directory, `${name}.json`);
    writeFileSync(file, value, { mode: 0o600 });
    return `${name} = ${file}\n`;
  });
  const path = join(directory, 'credentials.ini');
  writeFileSync(path, lines.join(''), { mode: 0o600 });
  return path;
}

async function flagsOf(provider: string, credentials: string): Promise<readonly string[]> {
  const { address } = await resolver();
  const where = ['--dns-resolvers', address, '--dns-propagation-timeout', '0'];
  return ['--dns', provider, '--dns-credentials', credentials, ...where];
}

const byApi = (name: string, serve: (t: TestContext) => Promise<FakeApi>): Way => ({
  title: `dns ${name}`,
  names: [ZONE, `*.${ZONE}`],
  set: async (world) => {
    const api = await serve(world.lifetime);
    api.put(RECORD, FOREIGN);
    const all = () => api.values(RECORD);
    watchZone(world, { ...api, all }, mirror(world, RECORD, all));
    const packages = join(world.directory, 'packages');
    if (name === 'example') installExample(packages);
    return {
      flags: await flagsOf(name, writeCredentials(world.directory, api.credentials)),
      env: { NODE_PATH: packages },
      moments: MOMENTS,
      standing: async () =>
        all()
          .filter((value) => value !== FOREIGN)
          .concat(all().includes(FOREIGN) ? [] : 'not the foreign one'),
      requests: () => api.requests.length,
    } satisfies Stage;
  },
});

/** Its values stay: the next ones take their place. */
const acmeDns: Way = {
  title: 'dns acme-dns',
  names: [`delegated.${ZONE}`, `*.delegated.${ZONE}`],
  set: async (world) => {
    const api = await serveAcmeDns(world.lifetime);
    watchZone(
      world,
      { ...api, all: api.values },
      mirror(world, `_acme-challenge.delegated.${ZONE}`, api.values),
    );
    const accounts = { [`delegated.${ZONE}`]: { ...ACCOUNT, server_url: api.url } };
    return {
      flags: await flagsOf(
        'acme-dns',
        writeCredentials(world.directory, { accounts: JSON.stringify(accounts) }),
      ),
      moments: MOMENTS.slice(0, -1),
      standing: async () => [],
      requests: () => api.requests.length,
    };
  },
};

const byUpdates = (title: string, how: (file: string) => readonly string[]): Way => {
  let bind: Bind | undefined;
  const name = 'example.test';
  return {
    title,
    names: [name, `*.${name}`],
    pebble: async () => {
      bind = await startZones({ [name]: `_acme-challenge TXT "${FOREIGN}"` });
      return { dnsServer: `${bind.address}:53` };
    },
    set: async (world) => {
      if (bind === undefined) throw new Error('no BIND');
      const own = bind;
      world.lifetime.after(() => own.stop());
      const standing = () => addedTo(own);
      const port = await watchUpdates(world, own, standing);
      const credentials = { server: `127.0.0.1:${port}`, ...keyOf() };
      const file = writeCredentials(world.directory, credentials);
      return {
        flags: [...how(file), '--dns-resolvers', own.address],
        moments: MOMENTS,
        standing,
        requests: () => own.counts.udp + own.counts.tcp,
      };
    },
  };
};

export const DNS_WAYS: readonly Way[] = [
  byUpdates('dns rfc2136', (file) => ['--dns', 'rfc2136', '--dns-credentials', file]),
  byUpdates('dns-account rfc2136', (file) => [
    '--challenge',
    'dns-account:rfc2136',
    '--dns-credentials',
    file,
  ]),
  acmeDns,
  ...Object.entries(SERVERS).map(([name, serve]) => byApi(name, serve)),
];
