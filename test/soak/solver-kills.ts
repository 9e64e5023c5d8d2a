// Every way of proving names: a certificate, and what is left of a run that was ended in the middle of it. As root, with BIND:
// node esbuild.config.js && node .build/test/soak/solver-kills.js [WORD OF A WAY]
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import pLimit from 'p-limit';
import type { LoggedStep } from '../crash/fault-plan.ts';
import type { RunResult } from '../support/evercert.ts';
import { providePebble } from '../support/rig/pebble-package.ts';
import { DNS_WAYS, stopResolver } from './solver-kills/dns-ways.ts';
import { HTTP_WAYS } from './solver-kills/http-ways.ts';
import { type Case, endedAt, faulty, openCase, orphansEnd } from './solver-kills/play.ts';
import { SCRIPT_WAYS } from './solver-kills/script-ways.ts';
import type { Moment } from './solver-kills/trap.ts';
import type { Stage, Way } from './solver-kills/way.ts';
import { createWorld, type World } from './solver-kills/world.ts';

const AT_A_TIME = 2;
const [word = ''] = process.argv.slice(2);
const complaints: string[] = [];

providePebble();
console.log('| way | certificate | ended at | left by SIGKILL | after the next run | SIGTERM, left by it |');
console.log('| --- | --- | --- | --- | --- | --- |');
const limit = pLimit(AT_A_TIME);
const chosen = [...HTTP_WAYS, ...DNS_WAYS, ...SCRIPT_WAYS].filter(({ title }) => title.includes(word));
const tables = chosen.map((way) => limit(() => tableOf(way)));
for (const table of tables) for (const row of await table) console.log(row);
await stopResolver();
console.log(`\n${complaints.length} complaints`);
for (const complaint of complaints) console.log(`- ${complaint}`);
process.exit(complaints.length === 0 ? 0 : 1);

async function tableOf(way: Way): Promise<string[]> {
  const world = await createWorld((await way.pebble?.()) ?? {});
  try {
    const stage = await way.set(world);
    const tried = await plain(world, way, stage);
    const rows: string[] = [];
    for (const moment of stage.moments) {
      const cells = [
        await killed(world, way, stage, tried, moment),
        await terminated(world, way, stage, tried, moment),
      ];
      const [title, certificate] = rows.length === 0 ? [way.title, tried.cell] : ['', ''];
      rows.push(`| ${[title, certificate, moment, ...cells].join(' | ')} |`);
    }
    return rows;
  } catch (error) {
    complaints.push(`${way.title}: ${error}`);
    return [`| ${way.title} | **${String(error).split('\n')[0]}** | | | | |`];
  } finally {
    await world.close();
  }
}

/** What a run made that nothing ended. */
interface Tried {
  readonly cell: string;
  readonly store: string;
  readonly steps: readonly LoggedStep[];
}

async function plain(world: World, way: Way, stage: Stage): Promise<Tried> {
  const own = openCase(world, way, stage, world.store);
  const log = join(world.directory, 'steps');
  const [asked, told] = [world.proxy.requests.length, stage.requests?.() ?? 0];
  const started = performance.now();
  const result = await own.certonly(stage.steps === undefined ? {} : faulty({ root: stage.steps, log }));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const requests = `${world.proxy.requests.length - asked} requests to the CA`;
  const others = stage.requests === undefined ? '' : `, ${stage.requests() - told} to the provider`;
  const found = [...(await own.left()), ...own.broken(true)];
  if (own.version() !== '0001' || found.length > 0) complain(way, 'plain run', result, found);
  const cell = own.version() === undefined ? '**none**' : `${seconds} s, ${requests}${others}`;
  return { cell, store: own.store, steps: existsSync(log) ? stepsIn(log) : [] };
}

function stepsIn(log: string): LoggedStep[] {
  return readFileSync(log, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

async function killed(
  world: World,
  way: Way,
  stage: Stage,
  { store, steps }: Tried,
  moment: Moment,
): Promise<string> {
  const own = openCase(world, way, stage, store);
  const result = await endedAt(world, stage, steps, own, moment, 'SIGKILL');
  if (result?.signal !== 'SIGKILL') return neverReached(way, moment, result);
  const left = told(await own.left());
  await orphansEnd(own);
  const again = await own.renew();
  const found = [...(await own.left()), ...own.broken(own.version() === '0002')];
  if (found.length > 0) complain(way, `SIGKILL ${moment}`, again, found);
  return `${left} | ${told(found)}, ${outcome(own, again)}`;
}

async function terminated(
  world: World,
  way: Way,
  stage: Stage,
  { store, steps }: Tried,
  moment: Moment,
): Promise<string> {
  const own = openCase(world, way, stage, store);
  const result = await endedAt(world, stage, steps, own, moment, 'SIGTERM');
  if (result === undefined) return neverReached(way, moment, result);
  const found = [...(await own.left()), ...own.broken(false)];
  if (found.length > 0 || result.status !== 143) complain(way, `SIGTERM ${moment}`, result, found);
  return `${result.status ?? result.signal}, ${told(found)}`;
}

function outcome(own: Case, { status, stdout, stderr }: RunResult): string {
  const why = /.*failed: .*|.*error.*/.exec(`${stderr}${stdout}`)?.[0] ?? '';
  return own.version() === '0002' ? 'renewed' : `not renewed (${status}: ${why.slice(0, 120)})`;
}

/** The same words counted. */
function told(found: readonly string[]): string {
  const words = found.map((what) => (/^[\w-]{43}(\.[\w-]{43})?$/.test(what) ? 'value' : what));
  const counted = [...new Set(words)].map((what) => {
    const count = words.filter((each) => each === what).length;
    return count === 1 ? what : `${what} ×${count}`;
  });
  return counted.join(', ') || 'nothing';
}

function neverReached(way: Way, moment: Moment, result: RunResult | undefined): string {
  complaints.push(`${way.title}, ${moment}: not reached: ${result?.stderr ?? ''}`);
  return '**not reached**';
}

function complain(
  { title }: Way,
  when: string,
  { status, signal, stdout, stderr }: RunResult,
  found: readonly string[],
): void {
  complaints.push(`${title}, ${when}: ${told(found)}; ended with ${status ?? signal}: ${stdout}${stderr}`);
}
