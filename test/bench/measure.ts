import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { findExecutable } from '../support/rig/executables.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

/** A program with its arguments; `env` is added to a bare environment. */
export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What is measured against others. `before` and `after` are not timed. */
export interface Subject {
  readonly command: (round: number) => Command;
  readonly before?: (round: number) => void | Promise<void>;
  readonly after?: (round: number) => void | Promise<void>;
}

/** One run. CPU and memory (of the largest process) come from GNU time and are undefined without it. */
export interface Sample {
  readonly ms: number;
  readonly cpuMs: number | undefined;
  readonly mib: number | undefined;
}

const TIMEOUT_MS = 20 * 60_000;
const gnuTime = findExecutable('time');
const scratch = scratchDirectory('measure');
const timeFile = join(scratch.directory, 'time');

/** Runs a command to its end; throws with its output when it fails. */
export async function measure(command: Command): Promise<Sample> {
  const prefix = gnuTime === undefined ? [] : [gnuTime, '-q', '-f', '%U %S %M', '-o', timeFile];
  const started = process.hrtime.bigint();
  await run({ ...command, argv: [...prefix, ...command.argv] });
  const ms = Number(process.hrtime.bigint() - started) / 1e6;
  if (gnuTime === undefined) return { ms, cpuMs: undefined, mib: undefined };
  const [user = 0, system = 0, kib = 0] = readFileSync(timeFile, 'utf8').trim().split(' ').map(Number);
  return { ms, cpuMs: (user + system) * 1000, mib: kib / 1024 };
}

/** Runs a command, unmeasured; its standard output goes nowhere unless it fails. */
export function run({ argv, env, cwd }: Command): Promise<void> {
  const [program = '', ...args] = argv;
  const child = spawn(program, args, {
    cwd,
    env: { PATH: process.env.PATH, HOME: scratch.directory, LANG: 'C.UTF-8', ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: TIMEOUT_MS,
  });
  let errors = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    errors += text;
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      if (status === 0) resolve();
      else reject(new Error(`${argv.join(' ')}: ${status ?? signal}\n${errors.slice(-4000)}`));
    });
  });
}

/** Runs the subjects in turn, A B C A B C …, so that a slow minute of the machine meets them all. One warm-up each. */
export async function interleave(
  subjects: readonly Subject[],
  rounds: number,
  warmUps = 1,
): Promise<Sample[][]> {
  const samples: Sample[][] = subjects.map(() => []);
  for (let round = -warmUps; round < rounds; round += 1) {
    for (const [index, subject] of subjects.entries()) {
      await subject.before?.(round);
      const sample = await measure(subject.command(round));
      await subject.after?.(round);
      if (round >= 0) samples[index]?.push(sample);
    }
  }
  return samples;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((left, right) => left - right);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

export function medianMs(samples: readonly Sample[] = []): number {
  return median(samples.map(({ ms }) => ms));
}

export function medianMib(samples: readonly Sample[] = []): number {
  return median(samples.flatMap(({ mib }) => mib ?? []));
}

export function medianCpu(samples: readonly Sample[] = []): number {
  return median(samples.flatMap(({ cpuMs }) => cpuMs ?? []));
}

/** The median of the ratios of each pair of runs that stood side by side. */
export function ratio(left: readonly Sample[] = [], right: readonly Sample[] = []): number {
  return median(left.map(({ ms }, index) => ms / (right[index]?.ms ?? Number.NaN)));
}

export function removeScratch(): void {
  scratch.remove();
}
