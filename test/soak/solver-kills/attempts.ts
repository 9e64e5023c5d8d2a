import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { LoggedStep } from '../../crash/fault-plan.ts';
import type { RunResult } from '../../support/evercert.ts';
import { endedAt, faulty, openCase, orphansEnd } from './play.ts';
import type { Moment } from './trap.ts';
import type { Stage, Way } from './way.ts';
import { createWorld, type World } from './world.ts';

/** A way with a certificate that was obtained by it. */
export interface Ground {
  readonly world: World;
  readonly way: Way;
  readonly stage: Stage;
  readonly store: string;
  /** Of a run that nothing ended, on the files that it is watched by. */
  readonly steps: readonly LoggedStep[];
  readonly seconds: number;
  readonly requests: { readonly ca: number; readonly provider: number | undefined };
}

/** What a run left, and how it ended; undefined: it never came to the moment. */
export interface Attempt {
  readonly ended: RunResult;
  /** Right after a run was killed. */
  readonly left: readonly string[];
  /** In the end: what should not be there. */
  readonly found: readonly string[];
  readonly isRenewed: boolean;
}

/** @throws Error the way does not work */
export async function obtain(way: Way): Promise<Ground> {
  const world = await createWorld((await way.pebble?.()) ?? {});
  try {
    return await obtainIn(world, way);
  } catch (error) {
    await world.close();
    throw error;
  }
}

async function obtainIn(world: World, way: Way): Promise<Ground> {
  const stage = await way.set(world);
  const own = openCase(world, way, stage, world.store);
  const log = join(world.directory, 'steps');
  const asked = world.proxy.requests.length;
  const started = performance.now();
  const result = await own.certonly(stage.steps === undefined ? {} : faulty({ root: stage.steps, log }));
  const seconds = (performance.now() - started) / 1000;
  const found = [...(await own.left()), ...own.broken(true)];
  if (own.version() !== '0001' || found.length > 0)
    throw new Error(`${found.join()}\n${result.stdout}${result.stderr}`);
  const requests = { ca: world.proxy.requests.length - asked, provider: stage.requests?.() };
  return { world, way, stage, store: own.store, steps: stepsIn(log), seconds, requests };
}

function stepsIn(log: string): LoggedStep[] {
  if (!existsSync(log)) return [];
  const lines = readFileSync(log, 'utf8').split('\n').filter(Boolean);
  return lines.map((line) => JSON.parse(line));
}

/** A renewal is killed, and `renew` runs once more. */
export async function killed(ground: Ground, moment: Moment): Promise<Attempt | undefined> {
  const { world, way, stage, store, steps } = ground;
  const own = openCase(world, way, stage, store);
  const result = await endedAt(world, stage, steps, own, moment, 'SIGKILL');
  if (result?.signal !== 'SIGKILL') return undefined;
  const left = await own.left();
  await orphansEnd(own);
  const ended = await own.renew();
  const isRenewed = own.version() === '0002';
  return { ended, left, found: [...(await own.left()), ...own.broken(isRenewed)], isRenewed };
}

/** A renewal is told to end. */
export async function terminated(ground: Ground, moment: Moment): Promise<Attempt | undefined> {
  const { world, way, stage, store, steps } = ground;
  const own = openCase(world, way, stage, store);
  const ended = await endedAt(world, stage, steps, own, moment, 'SIGTERM');
  if (ended === undefined) return undefined;
  const found = [...(await own.left()), ...own.broken(false)];
  return { ended, left: [], found, isRenewed: own.version() === '0002' };
}
