// A CA down for 30 days and a certificate of 45: evercert itself, every hour of a faked clock, with and without a
// fallback: node esbuild.config.js && node .build/test/soak/outage.js
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DOWN_FROM, DOWN_TO } from '../sim/month-down.ts';
import { type AcmeServer, startAcmeServer } from '../support/acme-server/index.ts';
import { clockAt, evercert, type RunResult } from '../support/evercert.ts';
import { startFaultProxy } from '../support/fault-proxy/index.ts';
import { freePort } from '../support/rig/ports.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const NAME = 'a.example.org';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const START = Date.now();
const LAST_DAY = DOWN_TO + 2;

type Proxy = Awaited<ReturnType<typeof startFaultProxy>>;

interface Ca {
  readonly server: AcmeServer;
  readonly proxy: Proxy;
  readonly close: () => Promise<void>;
}

async function startCa(directory: string, name: string, clock: { now: number }): Promise<Ca> {
  const port = await freePort();
  const proxy = await startFaultProxy(join(directory, `${name}.pem`));
  proxy.upstream = `http://127.0.0.1:${port}`;
  const profiles = { only: (45 * DAY) / 1000 };
  const knobs = { alwaysValid: true, profiles, backdateSeconds: 0, now: () => clock.now };
  const server = await startAcmeServer({ ...knobs, caName: name, port, publicUrl: proxy.origin });
  return { server, proxy, close: async () => void (await Promise.all([server.close(), proxy.close()])) };
}

/** What one day came to. */
interface Day {
  readonly statuses: Map<number | null, number>;
  readonly told: Set<string>;
  asked: number;
}

async function story(hasFallback: boolean): Promise<string> {
  const { directory, remove } = scratchDirectory('outage');
  mkdirSync(join(directory, 'webroot'));
  const clock = { now: START };
  const first = await startCa(directory, 'First', clock);
  const second = await startCa(directory, 'Second', clock);
  const bundle = join(directory, 'both.pem');
  writeFileSync(bundle, [first, second].map(({ proxy }) => readFileSync(proxy.caBundle, 'utf8')).join(''));
  const where = ['--config-dir', join(directory, 'store')];
  const run = (argv: readonly string[]) => evercert([...argv, ...where], { env: clockAt(clock.now) });
  const fallback = hasFallback ? ['--fallback-server', `${second.proxy.origin}/directory`] : [];
  const made = await run([
    ...['certonly', '-d', NAME, '--webroot', '-w', join(directory, 'webroot'), '--ca-bundle', bundle],
    ...['--server', `${first.proxy.origin}/directory`, ...fallback],
    ...['--agree-tos', '--register-unsafely-without-email'],
  ]);
  if (made.status !== 0) throw new Error(made.stdout + made.stderr);
  const lines = [
    `\nCA down from day ${DOWN_FROM} to day ${DOWN_TO}, ${hasFallback ? 'with' : 'without'} a fallback\n`,
    '| day | exit status (runs) | connections to the CA | orders at both | told |',
    '| --- | --- | --- | --- | --- |',
  ];
  for (let day = DOWN_FROM - 1; day <= LAST_DAY; day += 1) {
    if (day === DOWN_FROM) await first.proxy.refuse();
    if (day === DOWN_TO) await first.proxy.listen();
    const passed = await oneDay(day, clock, first, () => run(['renew', '--no-random-sleep-on-renew']));
    lines.push(dayLine(day, passed, `${first.server.orders.length} + ${second.server.orders.length}`));
  }
  await Promise.all([first.close(), second.close()]);
  remove();
  return lines.join('\n');
}

async function oneDay(
  day: number,
  clock: { now: number },
  { proxy }: Ca,
  renew: () => Promise<RunResult>,
): Promise<Day> {
  const found: Day = { statuses: new Map(), told: new Set(), asked: -proxy.requests.length };
  for (let hour = 0; hour < 24; hour += 1) {
    clock.now = START + day * DAY + hour * HOUR;
    const result = await renew();
    found.statuses.set(result.status, (found.statuses.get(result.status) ?? 0) + 1);
    for (const line of `${result.stdout}\n${result.stderr}`.split('\n'))
      if (line.startsWith(`${NAME}: `) && !line.includes(': not due')) found.told.add(plain(line));
  }
  found.asked += proxy.requests.length;
  return found;
}

function plain(line: string): string {
  return line
    .replace(`${NAME}: `, '')
    .replaceAll(/localhost:\d+/g, 'the CA')
    .replaceAll(/\/tmp\/\S+\/live\//g, 'live/')
    .replaceAll(/\d{4}-\d\d-\d\d \d\d:\d\d UTC/g, (moment) => dayOf(moment.replace(' UTC', 'Z')))
    .replaceAll(/\d{4}-\d\d-\d\d/g, dayOf)
    .replaceAll(/after \d+ failures?/g, 'after N failures');
}

function dayOf(moment: string): string {
  return `day ${Math.floor((Date.parse(moment.replace(' ', 'T')) - START) / DAY)}`;
}

function dayLine(day: number, { statuses, told, asked }: Day, orders: string): string {
  const exits = [...statuses].map(([status, count]) => `${status} (${count})`).join(', ');
  return `| ${day} | ${exits} | ${asked} | ${orders} | ${[...told].join('<br>') || 'not due'} |`;
}

for (const told of await Promise.all([story(false), story(true)])) console.log(told);
process.exit();
