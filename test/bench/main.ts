import { parseArgs } from 'node:util';
import { missing } from '../support/rig/requirements.ts';
import { askedTable } from './asked.ts';
import { dueTable } from './due.ts';
import { firstTable } from './first.ts';
import { idleTable } from './idle.ts';
import { removeScratch } from './measure.ts';
import { startUpTable } from './startup.ts';

const HELP = `npm run bench -- [options]

Measures evercert against the ACME clients that are installed here, in rounds A B C A B C …, and prints medians;
a ratio is the median of the ratios of each round.

  --only TABLES  some of: start, idle, asked, first, due (by commas)
  --quick        fewer rounds, no store of 10,000
  --help

start  --version and --help against node itself
idle   renew when nothing is due, 1 to 10,000 lineages
asked  the same, but the CA is asked about each
first  one certificate, the whole process, and how many requests the CA gets
due    20 and 200 lineages due in one renew`;

const TABLES: Readonly<Record<string, (quick: boolean) => Promise<string>>> = {
  start: startUpTable,
  idle: idleTable,
  asked: askedTable,
  first: firstTable,
  due: dueTable,
};

/** These ask a real CA. */
const NEED_PEBBLE = new Set(['first', 'due']);

const { values: options } = parseArgs({
  options: {
    only: { type: 'string', default: Object.keys(TABLES).join() },
    quick: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (options.help) console.log(HELP);
else await main(options.only.split(','));

async function main(names: readonly string[]): Promise<void> {
  try {
    for (const name of names) {
      const make = TABLES[name];
      if (make === undefined) throw new Error(`there is no table ${name}; see --help`);
      const lacks = NEED_PEBBLE.has(name) && missing(['pebble']).length > 0;
      console.log(lacks ? `${name}: needs pebble\n` : `${await make(options.quick)}\n`);
    }
  } finally {
    removeScratch();
  }
}
