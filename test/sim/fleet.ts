import { createBucket } from './bucket.ts';
import { type CaCounts, createCa, type Leaf, type ModelCa } from './ca.ts';
import { type Client, createClient, idleUntil, liveOf, run } from './client.ts';
import { DAY, HOUR, type Random, seeded, YEAR } from './time.ts';
import { START } from './year.ts';

/** Many certificates on one machine for a year. */
export interface Fleet {
  readonly size: number;
  readonly lifetime: number;
  readonly hasAri: boolean;
  /** All of the first certificates were issued within this time. */
  readonly startedWithin: number;
}

export interface FleetReport {
  readonly ca: CaCounts;
  /** Orders in each hour of the year. */
  readonly ordersByHour: readonly number[];
  readonly expired: number;
}

const HOURS = YEAR / HOUR;

/** As simulateYear does, but from one hour in which a certificate has something to do to the next. */
export function simulateFleet({ size, lifetime, hasAri, startedWithin }: Fleet): FleetReport {
  const random = seeded(size);
  const ca = createCa({ server: 'https://first.example/', lifetime, hasAri, random }, START);
  const agenda: Client[][] = Array.from({ length: HOURS }, () => []);
  const clients = Array.from({ length: size }, (_, index) =>
    firstIssued(ca, `h${index}.example`, START + (startedWithin * index) / size, random),
  );
  for (const client of clients) schedule(agenda, client, 0);
  const ordersByHour: number[] = [];
  let expired = 0;
  for (let hour = 0; hour < HOURS; hour++) {
    const world = Math.round(START + (hour + (random() * 59) / 60) * HOUR);
    let orders = 0;
    for (const client of agenda[hour] ?? []) {
      if (liveOf(client).notAfter <= world) expired += 1;
      if (run(client, { world, own: world }).issuedBy !== undefined) orders += 1;
      schedule(agenda, client, hour + 1);
    }
    agenda[hour] = [];
    ordersByHour.push(orders);
  }
  return { ca: ca.counts, ordersByHour, expired };
}

function firstIssued(ca: ModelCa, name: string, at: number, random: Random): Client {
  const notBefore = Math.round(at) - HOUR;
  // Names that the CA knows: what is to come are renewals.
  ca.sets.set(name, createBucket(5, 7 * DAY, at));
  const leaf: Leaf = { server: ca.server, notBefore, notAfter: notBefore + ca.lifetime };
  return createClient(name, [ca], leaf, random);
}

/** In an hour whose run may come at any minute: it finds out, and comes again if it is too early. */
function schedule(agenda: Client[][], client: Client, earliest: number): void {
  const until = idleUntil(client, liveOf(client), START + earliest * HOUR);
  const hour = Math.max(earliest, Math.floor((until - START) / HOUR));
  agenda[hour]?.push(client);
}

/** The k-th of n in order of size, 0 <= share <= 1. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((left, right) => left - right);
  return sorted[Math.round(share * (sorted.length - 1))] ?? 0;
}
