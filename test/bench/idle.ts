import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSite } from '../support/evercert.ts';
import { findExecutable } from '../support/rig/executables.ts';
import { missing } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { createArena } from './arena.ts';
import { certbot } from './clients.ts';
import { type Command, interleave, median, medianMib, medianMs, ratio, run, type Sample } from './measure.ts';
import { EVERCERT } from './startup.ts';
import { copyCertbotLineage, copyLineage, manyNames } from './stores.ts';
import { aim, number, table } from './tables.ts';

const COUNTS = [1, 100, 1000, 10_000];
const CERTBOT_MAX = 1000;
const TEMPLATE = 'template.example.org';

/** What any program must do that looks at each lineage: three small reads. */
const BARE_SCRIPT = `import { readdirSync, readFileSync } from 'node:fs';
const root = process.argv[2];
let length = 0;
for (const file of readdirSync(root + '/renewal')) {
  length += readFileSync(root + '/renewal/' + file, 'utf8').length;
  length += readFileSync(root + '/state/' + file, 'utf8').length;
  length += readFileSync(root + '/live/' + file.slice(0, -5) + '/cert.pem', 'utf8').length;
}
console.log(length);
`;

/** `renew` when nothing is due. */
export async function idleTable(quick: boolean): Promise<string> {
  const scratch = scratchDirectory('idle');
  const bare = join(scratch.directory, 'bare.mjs');
  writeFileSync(bare, BARE_SCRIPT);
  const single = await evercertStore();
  const ours = await evercertStore();
  const peer = await certbotStore();
  const bareOn = ({ configDir }: GrowingStore): Command => ({ argv: [process.execPath, bare, configDir] });
  const results: Result[] = [];
  try {
    for (const count of COUNTS.filter((each) => !quick || each <= 1000)) {
      ours.grow(count);
      if (count <= CERTBOT_MAX) peer?.grow(count);
      const commands = [ours.renew, bareOn(ours), single.renew, bareOn(single)];
      if (peer !== undefined && count <= CERTBOT_MAX) commands.push(peer.renew);
      const before = stateTime(ours.configDir);
      results.push(await measureCount(count, commands, quick ? 5 : 15));
      if (stateTime(ours.configDir) !== before)
        throw new Error('renew wrote a state: the copied lineages are not as evercert writes them');
    }
  } finally {
    scratch.remove();
    await Promise.all([single.close(), ours.close(), peer?.close()]);
  }
  return report(results, peer !== undefined);
}

/** When anything in state/ was last written: a lineage that is really idle is only looked at. */
function stateTime(configDir: string): number {
  return statSync(join(configDir, 'state')).mtimeMs;
}

/** Runs that stood side by side. `one…`: the same on a store of one lineage, which is start-up. */
interface Result {
  readonly count: number;
  readonly ours: readonly Sample[];
  readonly bare: readonly Sample[];
  readonly oneOurs: readonly Sample[];
  readonly oneBare: readonly Sample[];
  readonly certbot: readonly Sample[] | undefined;
}

async function measureCount(count: number, commands: readonly Command[], rounds: number): Promise<Result> {
  const [ours = [], bare = [], oneOurs = [], oneBare = [], peer] = await interleave(
    commands.map((command) => ({ command: () => command })),
    rounds,
  );
  return { count, ours, bare, oneOurs, oneBare, certbot: peer };
}

/** The median over the rounds of what `compute` makes of the four times of one round. */
function overRounds(
  { ours, bare, oneOurs, oneBare }: Result,
  compute: (ours: number, bare: number, oneOurs: number, oneBare: number) => number,
): number {
  const at = (samples: readonly Sample[], round: number) => samples[round]?.ms ?? Number.NaN;
  return median(
    ours.map(({ ms }, round) => compute(ms, at(bare, round), at(oneOurs, round), at(oneBare, round))),
  );
}

function report(results: readonly Result[], hasPeer: boolean): string {
  const rows = results.map((result) => {
    const { count, ours, bare, certbot: peer } = result;
    const isOne = count === 1;
    return [
      count.toLocaleString('en'),
      number(medianMs(ours)),
      number(medianMib(ours)),
      number(isOne ? undefined : overRounds(result, (own, _, one) => ((own - one) * 1000) / (count - 1)), 1),
      number(medianMs(bare)),
      number(ratio(ours, bare), 2),
      number(
        isOne
          ? undefined
          : overRounds(result, (own, other, one, oneOther) => (own - one) / (other - oneOther)),
        2,
      ),
      number(peer && medianMs(peer)),
      number(peer && medianMib(peer)),
      number(peer && 1 / ratio(ours, peer), 1),
    ];
  });
  const head = ['lineages', 'ms', 'MiB', 'us each', 'bare ms', 'x bare', 'x bare, no start-up'];
  const heads = [...head, 'certbot ms', 'MiB', 'certbot x'];
  return [
    table('renew, nothing due (bare: a Node script of three small reads a lineage)', heads, rows),
    '  us each: microseconds a lineage; start-up, the run with one lineage in the same round, is taken off',
    ...(hasPeer ? [] : ['  certbot is left out: it needs certbot and pebble']),
    ...results.flatMap(aims),
  ].join('\n');
}

function aims(result: Result): string[] {
  const { count, ours, certbot: peer } = result;
  const lineages = `${count.toLocaleString('en')} lineages`;
  const overBare = overRounds(result, (own, bare, one, oneBare) => (own - (one - oneBare)) / bare);
  return [
    ...(count === 1000 && peer ? [aim(`${lineages}: evercert / certbot`, ratio(ours, peer), 0.1, 3)] : []),
    ...(count === 10_000 ? [aim(`${lineages}: seconds`, medianMs(ours) / 1000, 1, 2)] : []),
    ...(count === 10_000 ? [aim(`${lineages}: MiB`, medianMib(ours), 120, 0)] : []),
    ...(count >= 1000 ? [aim(`${lineages}: (evercert - its longer start-up) / bare`, overBare, 1.5, 2)] : []),
  ];
}

/** A store that grows from count to count. The template stays in it as the first lineage. */
interface GrowingStore {
  readonly configDir: string;
  readonly renew: Command;
  grow(count: number): void;
  close(): Promise<void>;
}

async function evercertStore(): Promise<GrowingStore> {
  const site = await createSite();
  // The first renew after a certonly still reads and remembers.
  for (const { status, stderr } of [await site.certonly(TEMPLATE), await site.renew()])
    if (status !== 0) throw new Error(stderr);
  const { configDir } = site;
  const words = [EVERCERT, 'renew', '--config-dir', configDir, '--no-random-sleep-on-renew'];
  return {
    configDir,
    renew: { argv: [process.execPath, ...words] },
    grow: growing((names) => copyLineage(configDir, TEMPLATE, names)),
    close: () => site.close(),
  };
}

async function certbotStore(): Promise<GrowingStore | undefined> {
  if (findExecutable('certbot') === undefined || missing(['pebble']).length > 0) return undefined;
  const arena = await createArena();
  const client = certbot(arena, 'webroot');
  await run(client.ready);
  await run(client.issue(TEMPLATE));
  const { argv, ...rest } = client.renew([]);
  return {
    configDir: client.home,
    renew: { ...rest, argv: argv.filter((word) => word !== '--force-renewal') },
    grow: growing((names) => copyCertbotLineage(client.home, TEMPLATE, names)),
    close: () => arena.close(),
  };
}

function growing(add: (names: readonly string[]) => void): (count: number) => void {
  let size = 1;
  return (count) => {
    add(manyNames(count).slice(size));
    size = count;
  };
}
