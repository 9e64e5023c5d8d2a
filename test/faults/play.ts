import type { LoggedRequest } from '../support/acme-server/request-log.ts';
import type { RunResult } from '../support/evercert.ts';
import type { Fault } from './fault.ts';
import { type Distance, type Live, NAME, type Site } from './site.ts';

/** How one fault was borne. */
export interface Played {
  /** The first line that tells of it. */
  readonly told: string;
  readonly hint: string;
  /** Minutes until the next attempt, where it is told. */
  readonly waits: number | undefined;
  readonly status: number | null;
  readonly seconds: number;
  /** That reached the proxy while the fault was there. */
  readonly requests: number;
  readonly liveAfterFault: Live;
  readonly repair: number | null;
  /** That the renewal took in all. */
  readonly orders: number;
  /** What is not as it should be. */
  readonly complaints: readonly string[];
}

const EXPECTED = { far: 3, near: 1 } as const;

/** Lets a fault come over a renewal that is due, takes it away, and lets evercert try again. */
export async function play(site: Site, fault: Fault, distance: Distance): Promise<Played> {
  const before = site.live();
  const placed = site.orders();
  const asked = site.proxy.requests.length;
  await fault.arm(site);
  const started = Date.now();
  const run = await site.renew(fault.flags ?? [], fault.statements);
  const seconds = (Date.now() - started) / 1000;
  const heard = site.proxy.requests.slice(asked);
  const liveAfterFault = site.live();
  await site.heal();
  const repaired = run.status === 0 ? run : await site.renew(['--retry-now']);
  const orders = site.orders() - placed;
  const waits = waitOf(run, site.now());
  const complaints = [
    ...complaintsOf(run, before, liveAfterFault, fault, distance),
    ...complaintsOfWait(waits, fault, distance),
    ...complaintsOfRepair(repaired, before, site.live()),
    ...complaintsOfResume(repaired, heard),
    ...(orders === (fault.orders ?? 1) ? [] : [`${orders} orders, not ${fault.orders ?? 1}`]),
  ];
  return {
    ...tellingOf(run),
    waits,
    status: run.status,
    seconds,
    requests: heard.length,
    liveAfterFault,
    repair: repaired.status,
    orders,
    complaints,
  };
}

function complaintsOf(
  run: RunResult,
  before: Live,
  after: Live,
  { isBorne = false, told }: Fault,
  distance: Distance,
): string[] {
  const text = run.stdout + run.stderr;
  const expected = isBorne ? 0 : EXPECTED[distance];
  const isSame = before.serial === after.serial;
  return [
    ...(run.status === expected ? [] : [`exit ${run.status}, not ${expected}: ${text}`]),
    ...(isSame === isBorne ? [`live is ${after.version}`] : []),
    ...(after.isWhole ? [] : ['live is not whole']),
    ...(told === undefined || told.test(text) ? [] : [`nothing like ${told}: ${text}`]),
    ...(isBorne || tellingOf(run).hint !== '' ? [] : [`no hint: ${text}`]),
    ...(/internal error|^ {4}at /m.test(text) ? [`a stack: ${text}`] : []),
  ];
}

/** Only of what is deferred the next attempt is told. */
function waitOf({ stderr }: RunResult, now: number): number | undefined {
  const [, date, time] = / next attempt from (\S+) (\S+) UTC:/.exec(stderr) ?? [];
  return date === undefined ? undefined : Math.ceil((Date.parse(`${date}T${time}Z`) - now) / 60_000);
}

function complaintsOfWait(waits: number | undefined, { leastWait = 0 }: Fault, distance: Distance): string[] {
  if (distance === 'near' || leastWait === 0) return [];
  return waits !== undefined && waits >= leastWait ? [] : [`the next attempt is in ${waits} minutes`];
}

/** What was never asked for cannot be gone on with; from the nonce on it may have been. */
function complaintsOfResume({ stdout }: RunResult, heard: readonly LoggedRequest[]): string[] {
  const isResumed = stdout.includes('going on with the order');
  const isOrdered = heard.some(({ endpoint }) => ['newNonce', 'newOrder'].includes(endpoint));
  return isResumed && !isOrdered ? [`nothing was ordered, but: ${stdout}`] : [];
}

function complaintsOfRepair(run: RunResult, before: Live, after: Live): string[] {
  return [
    ...(run.status === 0 ? [] : [`not repaired, exit ${run.status}: ${run.stdout}${run.stderr}`]),
    ...(after.isWhole && after.serial !== before.serial ? [] : ['live is not a new whole version']),
  ];
}

function tellingOf({ stdout, stderr }: RunResult): { told: string; hint: string } {
  const lines = `${stderr}\n${stdout}`.split('\n');
  const at = lines.findIndex((line) => /^(error|[^ ]+: (failed|deferred[^:]*(:\d\d UTC)?)): /.test(line));
  const told = lines[at] ?? lines.find((line) => line.startsWith(`${NAME}: version`)) ?? '';
  const hint = lines.slice(at + 1).find((line) => line.startsWith('    hint: ')) ?? '';
  return { told: withoutPorts(told), hint: at < 0 ? '' : hint.slice('    hint: '.length) };
}

function withoutPorts(line: string): string {
  return line
    .replace(`${NAME}: `, '')
    .replaceAll(/localhost:\d+/g, 'the CA')
    .replace(/from \d{4}-\d\d-\d\d \d\d:\d\d UTC/, 'from …');
}
