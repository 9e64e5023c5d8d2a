import { resolve } from 'node:path';
import { interleave, medianCpu, medianMib, medianMs, ratio } from './measure.ts';
import { aim, number, table } from './tables.ts';

export const EVERCERT = resolve('bin/evercert.js');

/** What it takes to say nothing. */
export async function startUpTable(quick: boolean): Promise<string> {
  const programs: [name: string, ...args: string[]][] = [
    ['node -e 0', '-e', '0'],
    ['evercert --version', EVERCERT, '--version'],
    ['evercert --help', EVERCERT, '--help'],
  ];
  const subjects = programs.map(([, ...args]) => ({
    command: () => ({ argv: [process.execPath, ...args] }),
  }));
  const samples = await interleave(subjects, quick ? 7 : 31);
  const [base] = samples;
  const ratios = samples.map((own) => ratio(own, base));
  const rows = programs.map(([name], index) => [
    name,
    number(medianMs(samples[index]), 1),
    number(medianCpu(samples[index])),
    number(medianMib(samples[index])),
    number(ratios[index], 2),
  ]);
  return [
    table('Start-up', ['', 'ms', 'CPU ms', 'MiB', 'x node -e 0'], rows),
    aim('--version / node -e 0', ratios[1] ?? Number.NaN, 2, 2),
    aim('--help / node -e 0', ratios[2] ?? Number.NaN, 2, 2),
  ].join('\n');
}
