// Every fault at our own CA and at Pebble: node esbuild.config.js && node .build/test/soak/fault-matrix.js [strict|pebble] [word of a name]
import { catalogue } from '../faults/catalogue.ts';
import type { Fault } from '../faults/fault.ts';
import { type Played, play } from '../faults/play.ts';
import { type Distance, pebbleSite, type Site, startPatientPebble, strictSite } from '../faults/site.ts';
import type { Pebble } from '../support/rig/pebble.ts';

type Ca = 'strict' | 'pebble';

const [which, word = ''] = process.argv.slice(2);
const chosen = catalogue.filter(({ name }) => name.includes(word));
const complaints: string[] = [];

for (const ca of ['strict', 'pebble'] as const) {
  if (which === undefined || which === ca) await table(ca);
}
console.log(complaints.length === 0 ? 'no complaints' : `\n${complaints.join('\n')}`);
process.exit(complaints.length === 0 ? 0 : 1);

async function table(ca: Ca): Promise<void> {
  const pebbles = new Map<number, Pebble>();
  row([
    'fault',
    'told',
    'hint',
    'exit far / near',
    'next attempt',
    'requests',
    's',
    'old version',
    'repair',
    'orders',
    '',
  ]);
  row(Array(11).fill('---'));
  for (const fault of chosen) {
    if (ca === 'pebble' && fault.notAtPebble !== undefined)
      row([fault.name, `not at Pebble: ${fault.notAtPebble}`]);
    else tell(ca, fault, await both(ca, fault, pebbles));
  }
  for (const pebble of pebbles.values()) await pebble.stop();
}

async function both(ca: Ca, fault: Fault, pebbles: Map<number, Pebble>): Promise<readonly [Played, Played]> {
  const one = async (distance: Distance) => {
    const site = ca === 'strict' ? await strictSite(distance) : await atPebble(fault, distance, pebbles);
    try {
      return await play(site, fault, distance);
    } finally {
      await site.close();
    }
  };
  return Promise.all([one('far'), one('near')]);
}

async function atPebble(
  { nonceReject = 0 }: Fault,
  distance: Distance,
  pebbles: Map<number, Pebble>,
): Promise<Site> {
  const pebble = pebbles.get(nonceReject) ?? (await startPatientPebble(nonceReject));
  pebbles.set(nonceReject, pebble);
  return pebbleSite(distance, pebble);
}

function tell(ca: Ca, { name, isBorne }: Fault, [far, near]: readonly [Played, Played]): void {
  const wrong = [
    ...far.complaints.map((complaint) => `${ca}: ${name}: far: ${complaint}`),
    ...near.complaints.map((complaint) => `${ca}: ${name}: near: ${complaint}`),
  ];
  complaints.push(...wrong);
  const { version, isWhole } = far.liveAfterFault;
  row([
    name,
    isBorne ? '(renewed in the same run)' : far.told,
    far.hint,
    `${far.status} / ${near.status}`,
    far.waits === undefined ? '-' : `in ${far.waits} min`,
    String(far.requests),
    far.seconds.toFixed(1),
    isBorne ? 'replaced' : `${version} live, ${isWhole ? 'whole' : 'NOT WHOLE'}`,
    isBorne ? '-' : `exit ${far.repair}`,
    `${far.orders} / ${near.orders}`,
    wrong.length === 0 ? 'ok' : 'WRONG',
  ]);
}

function row(cells: readonly string[]): void {
  console.log(`| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`);
}
