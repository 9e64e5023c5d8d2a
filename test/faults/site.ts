import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import type { Injection } from '../support/acme-server/faults.ts';
import { type AcmeServer, startAcmeServer } from '../support/acme-server/index.ts';
import { beginningWith, evercert, type RunResult } from '../support/evercert.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy/index.ts';
import { type Pebble, startPebble } from '../support/rig/pebble.ts';
import { freePort } from '../support/rig/ports.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

export const NAME = 'a.example.org';
const DAY = 86_400;
const LIFETIME = 90 * DAY;

/** How old the certificate is, in days: due, with more than a month left; or with less than a week. */
export const AGES = { far: 62, near: 86 } as const;
export type Distance = keyof typeof AGES;

/** One lineage of 90 days that is due, a CA behind a proxy that does harm, and evercert. */
export interface Site {
  readonly proxy: FaultProxy;
  /** Our own CA; undefined where it is Pebble. */
  readonly strict: AcmeServer | undefined;
  /** The CA knows nothing any more: no account, no order, no certificate, no nonce. */
  restart(): Promise<void>;
  /** Breaks requests, at the CA itself where it can. */
  inject(injection: Injection): void;
  /** Undoes all that was done to the CA and the proxy. */
  heal(): Promise<void>;
  /** How many orders the CA has made. */
  orders(): number;
  /** By evercert's clock. */
  now(): number;
  /** @param statements of JavaScript that the run begins with */
  renew(flags: readonly string[], statements?: readonly string[]): Promise<RunResult>;
  /** What is live, and that its five files belong together. */
  live(): Live;
  close(): Promise<void>;
}

export interface Live {
  /** '0001' */
  readonly version: string;
  readonly serial: string;
  readonly isWhole: boolean;
}

export async function strictSite(distance: Distance): Promise<Site> {
  const frame = await startFrame();
  const { proxy } = frame;
  const port = await freePort();
  const strict = await startAcmeServer({ alwaysValid: true, port, publicUrl: proxy.origin });
  proxy.upstream = `http://127.0.0.1:${port}`;
  const before = { ...strict.knobs };
  strict.knobs.backdateSeconds = AGES[distance] * DAY;
  const site = await seeded(frame, `${proxy.origin}/directory`, 0, {
    strict,
    restart: async () => {
      strict.forgetAccounts();
      strict.forgetOrders();
      strict.forgetNonces();
    },
    inject: strict.inject,
    orders: () => strict.orders.length,
    heal: () => {
      strict.clearFaults();
      Object.assign(strict.knobs, before);
    },
    close: strict.close,
  });
  strict.knobs.backdateSeconds = before.backdateSeconds;
  return site;
}

/** Pebble dates nothing back: there evercert's clock is ahead. */
export async function pebbleSite(distance: Distance, pebble: Pebble): Promise<Site> {
  const frame = await startFrame();
  const { proxy } = frame;
  proxy.upstream = new URL(pebble.directoryUrl).origin;
  const placed = () => proxy.requests.filter((each) => each.endpoint === 'newOrder' && each.status === 201);
  let next: Pebble | undefined;
  return seeded(frame, `${proxy.origin}/dir`, AGES[distance], {
    strict: undefined,
    restart: async () => {
      next = await startPatientPebble();
      proxy.upstream = new URL(next.directoryUrl).origin;
    },
    inject: proxy.inject,
    orders: () => placed().length,
    heal: () => undefined,
    close: async () => next?.stop(),
  });
}

/** A Pebble whose certificates live 90 days. */
export function startPatientPebble(nonceReject = 0): Promise<Pebble> {
  const profiles = { default: { description: 'the only one', validityPeriod: LIFETIME } };
  return startPebble({ alwaysValid: true, nonceReject, profiles });
}

function aheadBy(days: number): readonly string[] {
  if (days === 0) return [];
  return [`{const now=Date.now;Date.now=()=>now()+${days * DAY * 1000}}`];
}

type Frame = Awaited<ReturnType<typeof startFrame>>;

async function startFrame() {
  const { directory, remove } = scratchDirectory('faults');
  mkdirSync(join(directory, 'webroot'));
  const proxy = await startFaultProxy(join(directory, 'root.pem'));
  return { directory, remove, proxy };
}

interface Ca {
  readonly strict: AcmeServer | undefined;
  restart(): Promise<void>;
  inject(injection: Injection): void;
  orders(): number;
  heal(): void;
  close(): Promise<void>;
}

/** @param daysAhead of evercert's clock in every later run */
async function seeded(
  { directory, remove, proxy }: Frame,
  server: string,
  daysAhead: number,
  ca: Ca,
): Promise<Site> {
  const configDir = join(directory, 'store');
  const where = ['--config-dir', configDir];
  const flags = [
    ...['--webroot', '-w', join(directory, 'webroot'), '--server', server, '--ca-bundle', proxy.caBundle],
    ...['--agree-tos', '--register-unsafely-without-email'],
  ];
  const first = await evercert(['certonly', ...where, ...flags, '-d', NAME]);
  if (first.status !== 0) throw new Error(`${first.stdout}${first.stderr}`);
  return {
    ...ca,
    proxy,
    heal: async () => {
      ca.heal();
      await proxy.heal();
    },
    renew: (more, statements = []) => {
      const argv = ['renew', ...where, '--no-random-sleep-on-renew', ...more];
      return evercert(argv, { env: beginningWith([...aheadBy(daysAhead), ...statements].join(';')) });
    },
    now: () => Date.now() + daysAhead * DAY * 1000,
    live: () => readLive(join(configDir, 'live', NAME)),
    close: async () => {
      await ca.close();
      await proxy.close();
      remove();
    },
  };
}

function readLive(directory: string): Live {
  if (!existsSync(directory)) return { version: 'none', serial: '', isWhole: false };
  const [key = '', cert = '', chain = '', full, combined] = [
    'privkey',
    'cert',
    'chain',
    'fullchain',
    'combined',
  ].map((file) => readFileSync(join(directory, `${file}.pem`), 'utf8'));
  const leaf = new X509Certificate(cert);
  const isWhole =
    full === cert + chain &&
    combined === key + full &&
    leaf.checkPrivateKey(createPrivateKey(key)) &&
    leaf.checkIssued(new X509Certificate(chain)) &&
    leaf.subjectAltName === `DNS:${NAME}`;
  return { version: readlinkSync(directory).slice(-4), serial: leaf.serialNumber, isWhole };
}
