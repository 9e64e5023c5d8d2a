import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Bench, createBench, type FaultyRun, NAME } from './bench.ts';
import { type FaultPlan, isChange, isWrite, type LoggedStep } from './fault-plan.ts';
import { brokenInvariants, leftovers } from './invariant.ts';
import type { Scenario } from './scenarios.ts';
import { namesOfVersion } from './version-set.ts';

/** One place to interrupt a run at, and how. */
export type Point = Required<Pick<FaultPlan, 'at' | 'action'>> &
  Pick<FaultPlan, 'lasting'> & { step: LoggedStep };

/** What a faulty run and the run after it did. Complaints are what should not be so. */
export interface Trial {
  readonly bench: Bench;
  readonly scenario: Scenario;
  readonly point: Point;
  readonly first: FaultyRun;
  /** Orders that the faulty run placed. */
  readonly placed: number;
  readonly complain: (what: string) => void;
}

/** The steps that a run without faults takes; that run must be good in every respect. */
export async function stepsOf(bench: Bench, scenario: Scenario): Promise<readonly LoggedStep[]> {
  bench.reset();
  const { result, steps } = await bench.faulty(scenario.run);
  assert.equal(result.status, 0, result.stderr);
  assert.deepEqual(brokenEnd(bench, scenario, scenario.target), []);
  assert.deepEqual(bench.deployed(), [scenario.target]);
  assert.deepEqual(readdirSync(join(bench.site.scratch, 'webroot')), []);
  return steps;
}

/** Every point at which the process can end and leave something different; a chmod here changes nothing. */
export function killPoints(steps: readonly LoggedStep[]): Point[] {
  return steps
    .filter(({ op }) => isChange(op) && op !== 'chmod')
    .flatMap((step) => {
      const at = step.number;
      const kill = (action: Point['action']): Point => ({ at, action, step });
      return [kill('kill-before'), ...(isWrite(step.op) ? [kill('kill-half')] : [])];
    });
}

/** Prepares as many benches as there are to be trials at a time, and tries all points on them. Returns the complaints. */
export async function tryAll(
  scenario: Scenario,
  choose: (steps: readonly LoggedStep[]) => readonly Point[],
  judge: (trial: Trial) => Promise<void>,
  benches = 3,
): Promise<{ points: number; complaints: string[] }> {
  const complaints: string[] = [];
  const all = await Promise.all(Array.from({ length: benches }, createBench));
  try {
    await Promise.all(all.map((bench) => prepare(scenario, bench)));
    const points = choose(await stepsOf(all[0] as Bench, scenario));
    const queue = [...points];
    const work = async (bench: Bench): Promise<void> => {
      for (let point = queue.shift(); point !== undefined; point = queue.shift())
        complaints.push(...(await tryPoint(bench, scenario, point, judge)));
    };
    await Promise.all(all.map(work));
    return { points: points.length, complaints };
  } finally {
    await Promise.all(all.map((bench) => bench.close()));
  }
}

async function prepare(scenario: Scenario, bench: Bench): Promise<void> {
  await scenario.prepare(bench);
  bench.keep();
}

async function tryPoint(
  bench: Bench,
  scenario: Scenario,
  point: Point,
  judge: (trial: Trial) => Promise<void>,
): Promise<string[]> {
  bench.reset();
  const complaints: string[] = [];
  const { at, action, lasting, step } = point;
  const before = bench.site.ca.orders.length;
  const plan = lasting === undefined ? { at, action } : { at, action, lasting };
  const first = await bench.faulty(scenario.run, plan);
  const placed = bench.site.ca.orders.length - before;
  const where = `${action}${lasting ? ' from' : ''} ${at} (${step.op} ${step.path})`;
  const complain = (what: string) => complaints.push(`${where}: ${what}`);
  try {
    const mayBeAbsent = scenario.target === '0001';
    for (const broken of brokenInvariants(bench.store, NAME, mayBeAbsent)) complain(broken);
    await judge({ bench, scenario, point, first, placed, complain });
  } catch (error) {
    complain(`cannot be judged: ${error instanceof Error ? error.stack : error}`);
  }
  return complaints;
}

/** Runs the command after the faulty one, and checks that all is as if nothing had happened. */
export async function recover({ bench, scenario, placed, complain }: Trial): Promise<void> {
  const { ca } = bench.site;
  const before = ca.orders.length;
  const isDone = bench.live() === scenario.target && !isUnderWay(bench);
  const { status, stdout, stderr } = await scenario.again(bench);
  const more = ca.orders.length - before;
  if (status !== 0) return complain(`the next run ends with ${status}: ${stderr}${stdout}`);
  if (isDone && scenario.whenDone === 'renews') {
    if (more !== 1) complain(`${more} orders where one was asked for`);
    for (const broken of brokenRest(bench, next(scenario.target))) complain(broken);
    return;
  }
  const total = placed + more;
  // A plain renew has nothing to do when the run before it placed no order.
  const mayKeep = scenario.again !== scenario.run && bench.live() !== scenario.target;
  if (total !== 1 && !(mayKeep && total === 0)) complain(`${placed} orders, then ${more}`);
  const broken = total === 0 ? brokenRest(bench, bench.live()) : brokenEnd(bench, scenario, scenario.target);
  for (const what of broken) complain(what);
  if (total > 0 && !bench.deployed().includes(scenario.target)) complain('was not deployed');
}

function next(version: string): string {
  return String(Number(version) + 1).padStart(4, '0');
}

/** A renewal begun and not known to be done. */
function isUnderWay({ store }: Bench): boolean {
  return existsSync(join(store, 'archive', NAME, '.pending', 'order.json'));
}

/** What is not as it should be after a run that ended well and made the scenario's version. */
export function brokenEnd(bench: Bench, scenario: Scenario, live: string): string[] {
  const rest = brokenRest(bench, live);
  if (bench.live() !== live) return rest;
  const archive = join(bench.store, 'archive', NAME);
  const state = JSON.parse(readFileSync(join(bench.store, 'state', `${NAME}.json`), 'utf8')) as State;
  const versions = readdirSync(archive).filter((entry) => !entry.startsWith('.'));
  return [
    ...rest,
    ...unlike('names', namesOfVersion(join(archive, live)), [...scenario.names].sort()),
    ...unlike('versions', versions.sort(), scenario.versions),
    ...unlike('state', [state.live?.version ?? '', state.deployed ?? ''], [live, live]),
  ];
}

/** The same, whatever version is live. */
function brokenRest(bench: Bench, live: string | undefined): string[] {
  const challenges = join(bench.site.scratch, 'webroot/.well-known/acme-challenge');
  return [
    ...unlike('challenge files', existsSync(challenges) ? readdirSync(challenges) : [], []),
    ...brokenInvariants(bench.store, NAME, false),
    ...leftovers(bench.store).map((path) => `${path} is left over`),
    ...unlike('live', [bench.live() ?? ''], [live ?? '']),
  ];
}

function unlike(what: string, is: readonly string[], wanted: readonly string[]): string[] {
  return is.join() === wanted.join() ? [] : [`${what}: ${is.join()}, not ${wanted.join()}`];
}

interface State {
  readonly live?: { readonly version: string };
  readonly deployed?: string;
}
