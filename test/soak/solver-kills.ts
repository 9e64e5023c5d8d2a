// Every way of proving names: a certificate, and what is left of a run that was ended in the middle of it. As root, with BIND:
// node esbuild.config.js && node .build/test/soak/solver-kills.js [WORD OF A WAY]
import pLimit from 'p-limit';
import { providePebble } from '../support/rig/pebble-package.ts';
import { type Attempt, type Ground, killed, obtain, terminated } from './solver-kills/attempts.ts';
import { DNS_WAYS, stopResolver } from './solver-kills/dns-ways.ts';
import { HTTP_WAYS } from './solver-kills/http-ways.ts';
import { SCRIPT_WAYS } from './solver-kills/script-ways.ts';
import type { Moment } from './solver-kills/trap.ts';
import type { Way } from './solver-kills/way.ts';

const AT_A_TIME = 2;
const [word = ''] = process.argv.slice(2);
const complaints: string[] = [];

providePebble();
console.log('| way | certificate | ended at | left by SIGKILL | after the next run | SIGTERM, left by it |');
console.log('| --- | --- | --- | --- | --- | --- |');
const limit = pLimit(AT_A_TIME);
const chosen = [...HTTP_WAYS, ...DNS_WAYS, ...SCRIPT_WAYS].filter(({ title }) => title.includes(word));
const tables = chosen.map((way) => limit(() => tableOf(way)));
for (const table of tables) for (const row of await table) console.log(`| ${row.join(' | ')} |`);
await stopResolver();
console.log(`\n${complaints.length} complaints`);
for (const complaint of complaints) console.log(`- ${complaint}`);
process.exit(complaints.length === 0 ? 0 : 1);

async function tableOf(way: Way): Promise<string[][]> {
  let ground: Ground | undefined;
  try {
    ground = await obtain(way);
    const rows: string[][] = [];
    for (const moment of ground.stage.moments) rows.push(await rowOf(ground, moment, rows.length === 0));
    return rows;
  } catch (error) {
    complaints.push(`${way.title}: ${error}`);
    return [[way.title, '**failed**', '', '', '', '']];
  } finally {
    await ground?.world.close();
  }
}

async function rowOf(ground: Ground, moment: Moment, isFirst: boolean): Promise<string[]> {
  const where = `${ground.way.title}, ${moment}`;
  const kill = judged(`${where}, SIGKILL`, await killed(ground, moment));
  const end = judged(`${where}, SIGTERM`, await terminated(ground, moment));
  if (end !== undefined && end.ended.status !== 143) complain(`${where}, SIGTERM`, end);
  const again = kill === undefined ? '' : `${counted(kill.found)}, ${outcome(kill)}`;
  const status = end?.ended.status ?? end?.ended.signal;
  return [
    ...(isFirst ? [ground.way.title, certificateOf(ground)] : ['', '']),
    ...[moment, kill === undefined ? '**not reached**' : counted(kill.left), again],
    end === undefined ? '**not reached**' : `${status}, ${counted(end.found)}`,
  ];
}

function certificateOf({ seconds, requests: { ca, provider } }: Ground): string {
  const asked = `${seconds.toFixed(1)} s, ${ca} requests to the CA`;
  return provider === undefined ? asked : `${asked}, ${provider} to the provider`;
}

function outcome({ isRenewed, ended: { status, stdout, stderr } }: Attempt): string {
  const why = /.*failed: .*|.*error.*/.exec(`${stderr}${stdout}`)?.[0] ?? '';
  return isRenewed ? 'renewed' : `not renewed (${status}: ${why.slice(0, 120)})`;
}

/** The same words counted. */
function counted(found: readonly string[]): string {
  const words = found.map((what) => (/^[\w-]{43}(\.[\w-]{43})?$/.test(what) ? 'value' : what));
  const parts = [...new Set(words)].map((what) => {
    const count = words.filter((each) => each === what).length;
    return count === 1 ? what : `${what} ×${count}`;
  });
  return parts.join(', ') || 'nothing';
}

function judged(where: string, attempt: Attempt | undefined): Attempt | undefined {
  if (attempt === undefined) complaints.push(`${where}: the run never came there`);
  else if (attempt.found.length > 0) complain(where, attempt);
  return attempt;
}

function complain(where: string, { found, ended: { status, signal, stdout, stderr } }: Attempt): void {
  complaints.push(`${where}: ${counted(found)}; ended with ${status ?? signal}: ${stdout}${stderr}`);
}
