import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { FAULT_VARIABLE, type FaultPlan, type LoggedStep } from '../../crash/fault-plan.ts';
import { brokenInvariants, leftovers } from '../../crash/invariant.ts';
import { evercert, type RunOptions, type RunResult } from '../../support/evercert.ts';
import { until } from '../../support/rig/processes.ts';
import type { Moment } from './trap.ts';
import type { Stage, Way } from './way.ts';
import type { World } from './world.ts';

const PRELOAD = '.build/test/support/preload/faults.js';
/** What a run that was told to end may do while a request of its clean-up is not answered. */
const SLOW_ANSWER_MS = 300;
const ORPHANS_END_WITHIN_MS = 5000;

/** One store, on which a way is tried. */
export interface Case {
  readonly certonly: (options?: RunOptions) => Promise<RunResult>;
  readonly renewNow: (options?: RunOptions) => Promise<RunResult>;
  readonly renew: () => Promise<RunResult>;
  readonly store: string;
  /** All that is there only while names are proven. */
  readonly left: () => Promise<string[]>;
  /** What is wrong with the store itself, and what lies in it that should not. */
  readonly broken: (isOver: boolean) => string[];
  /** '0001', if there is one. */
  readonly version: () => string | undefined;
  readonly processes: () => string[];
}

let cases = 0;

/** @param from the store that it begins with */
export function openCase({ directory, ca }: World, { names }: Way, stage: Stage, from: string): Case {
  cases += 1;
  const home = join(directory, `case-${cases}`);
  const store = join(home, 'store');
  mkdirSync(home);
  execFileSync('cp', ['-a', from, store]);
  const [name = ''] = names;
  const env = { HOME: home, ...stage.env };
  const certonly = ['certonly', '--config-dir', store, ...ca, '-d', names.join(','), ...stage.flags];
  const renew = ['renew', '--config-dir', store, '--no-random-sleep-on-renew'];
  const run = (argv: readonly string[], options: RunOptions = {}) =>
    evercert(argv, { ...options, env: { ...env, ...options.env } });
  const processes = () => processesOf(home);
  return {
    store,
    certonly: (options) => run(certonly, options),
    renewNow: (options) => run([...renew, '--force-renewal'], options),
    renew: () => run(renew),
    left: async () => [...(await stage.standing()), ...journalOf(store), ...processes()],
    broken: (isOver) => [...brokenInvariants(store, name, true), ...(isOver ? leftovers(store) : [])],
    version: () =>
      existsSync(join(store, 'live', name)) ? basename(readlinkSync(join(store, 'live', name))) : undefined,
    processes,
  };
}

function journalOf(store: string): string[] {
  const directory = join(store, 'challenges');
  return existsSync(directory) ? readdirSync(directory).map(() => 'journal') : [];
}

/** Those that were started with this directory as their home. */
function processesOf(home: string): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry) && environmentOf(entry).includes(`HOME=${home}\0`))
    .map((pid) => `process ${readText(`/proc/${pid}/comm`).trim()}`);
}

const environmentOf = (pid: string): string => readText(`/proc/${pid}/environ`);

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}

/** @returns how the run ended that was sent this signal at this moment; undefined: it never came there */
export async function endedAt(
  world: World,
  stage: Stage,
  steps: readonly LoggedStep[],
  { renewNow }: Case,
  moment: Moment,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<RunResult | undefined> {
  const step = stage.steps === undefined ? undefined : stepAt(steps, moment);
  if (stage.steps !== undefined && step !== undefined)
    return renewNow(
      faulty({ root: stage.steps, at: step, action: signal === 'SIGKILL' ? 'kill-before' : 'end' }),
    );
  return springing(world, stage, renewNow, moment, signal);
}

export function faulty(plan: FaultPlan): RunOptions {
  return { preload: PRELOAD, env: { [FAULT_VARIABLE]: JSON.stringify(plan) } };
}

/** The step before which a run is at this moment, by its steps on two files in a row. */
function stepAt(steps: readonly LoggedStep[], moment: Moment): number | undefined {
  if (moment === 'before add') return 1;
  const isFile = ({ path }: LoggedStep) => /acme-challenge\/./.test(path);
  const first = steps.find(isFile);
  const others = steps.filter((step) => isFile(step) && step.path !== first?.path);
  if (moment === 'in add') return others[0]?.number;
  if (moment === 'in clean-up') return others.find(({ op }) => op === 'unlink' || op === 'rm')?.number;
  return undefined;
}

async function springing(
  { trap, proxy }: World,
  stage: Stage,
  run: Case['renewNow'],
  moment: Moment,
  signal: 'SIGKILL' | 'SIGTERM',
): Promise<RunResult | undefined> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  const ended = run({
    onStart: (send) => {
      kill = send;
    },
  });
  trap.arm(moment, async () => {
    kill(signal);
    await Promise.race([
      ended,
      ...(signal === 'SIGTERM' && moment === 'in clean-up' ? [sleep(SLOW_ANSWER_MS)] : []),
    ]);
  });
  if (moment === 'before the CA is told') await holdChallenges(proxy, () => trap.reach(moment), ended);
  if (moment === 'while the CA looks' && stage.seesQuestion !== true)
    proxy.rewrite = async (endpoint, reply) => {
      if (endpoint === 'challenge') await trap.reach(moment);
      return reply;
    };
  const result = await ended;
  await proxy.heal();
  return trap.isArmed() ? undefined : result;
}

/** The CA never hears what it is told. */
async function holdChallenges(
  proxy: World['proxy'],
  reach: () => Promise<unknown>,
  ended: Promise<unknown>,
): Promise<void> {
  const from = proxy.requests.length;
  let isOver = false;
  ended.then(() => {
    isOver = true;
  });
  for (let count = 0; count < 10; count += 1)
    proxy.inject({ endpoint: 'challenge', fault: { kind: 'hang' } });
  await until(
    'the CA is told',
    () => isOver || proxy.requests.slice(from).some(({ endpoint }) => endpoint === 'challenge'),
    60_000,
  );
  if (!isOver) await reach();
}

/** A hook whose evercert was killed runs to its end. */
export async function orphansEnd({ processes }: Case): Promise<void> {
  await until('no process is left', () => processes().length === 0, ORPHANS_END_WITHIN_MS).catch(
    () => undefined,
  );
}
