import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSite } from '../support/evercert.ts';
import { interleave, medianMib, medianMs, type Subject } from './measure.ts';
import { EVERCERT } from './startup.ts';
import { copyLineage, manyNames } from './stores.ts';
import { number, table } from './tables.ts';

const TEMPLATE = 'template.example.org';

/** `renew` when nothing is due, but the CA is to be asked about every lineage (RFC 9773): what one run costs. */
export async function askedTable(quick: boolean): Promise<string> {
  const rows = [];
  for (const count of quick ? [100, 1000] : [100, 1000, 10_000])
    rows.push(await askedRow(count, quick ? 3 : 5));
  return [
    table(
      'renew, nothing due, the CA asked for the renewal information of each (CA and client on this machine)',
      ['lineages', 'idle ms', 'asked ms', 'MiB', 'ms each', 'questions'],
      rows,
    ),
    '  ms each: asked less idle',
  ].join('\n');
}

async function askedRow(count: number, rounds: number) {
  const site = await createSite();
  try {
    for (const { status, stderr } of [await site.certonly(TEMPLATE), await site.renew()])
      if (status !== 0) throw new Error(stderr);
    copyLineage(site.configDir, TEMPLATE, manyNames(count - 1));
    const argv = [EVERCERT, 'renew', '--config-dir', site.configDir, '--no-random-sleep-on-renew'];
    const renew: Subject = { command: () => ({ argv: [process.execPath, ...argv] }) };
    let questions = 0;
    const asked: Subject = {
      ...renew,
      before: () => {
        forgetPolls(join(site.configDir, 'state'));
        questions = site.ca.requests.length;
      },
      after: () => {
        questions = site.ca.requests.length - questions;
      },
    };
    const [idle, busy] = await interleave([renew, asked], rounds);
    const each = (medianMs(busy) - medianMs(idle)) / count;
    const counts = [count.toLocaleString('en'), number(medianMs(idle)), number(medianMs(busy))];
    return [...counts, number(medianMib(busy)), number(each, 2), questions.toLocaleString('en')];
  } finally {
    await site.close();
  }
}

/** The time has come for all of them. */
function forgetPolls(directory: string): void {
  for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
    const path = join(directory, file);
    writeFileSync(path, readFileSync(path, 'utf8').replace(/"nextPollAt":\d+/, '"nextPollAt":0'));
  }
}
