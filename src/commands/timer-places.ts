import { EvercertError } from '../errors.ts';
import type { Scheduler } from '../timer/command-line.ts';
import { CRON_FILE } from '../timer/cron.ts';
import { SERVICE, TIMER } from '../timer/units.ts';
import type { Edges } from './edges.ts';

export interface TimerOptions {
  readonly action: 'install' | 'remove' | 'show';
  /** undefined: what this machine has. */
  readonly scheduler: Scheduler | undefined;
  /** Where files go instead of the system's own directories; then systemd is not told. */
  readonly unitDir: string | undefined;
  readonly cronDir: string | undefined;
  readonly print: boolean;
  readonly force: boolean;
  /** undefined: the default one. */
  readonly configDir: string | undefined;
  /** Flags of `renew`, checked. */
  readonly renewFlags: readonly string[];
}

const UNIT_DIR = '/etc/systemd/system';
const CRON_DIR = '/etc/cron.d';
const SYSTEMD_RUNS = '/run/systemd/system';

/** The schedulers that the flags leave: naming one of the directories chooses too. */
export function schedulersInPlay({ scheduler, unitDir, cronDir }: TimerOptions): readonly Scheduler[] {
  if (scheduler !== undefined) return [scheduler];
  if (unitDir !== undefined && cronDir === undefined) return ['systemd'];
  if (cronDir !== undefined && unitDir === undefined) return ['cron'];
  return ['systemd', 'cron'];
}

export function hasSystemd({ disk }: Pick<Edges, 'disk'>): boolean {
  return disk.exists(SYSTEMD_RUNS);
}

export function unitPaths({ unitDir = UNIT_DIR }: TimerOptions): { service: string; timer: string } {
  return { service: `${unitDir}/${SERVICE}`, timer: `${unitDir}/${TIMER}` };
}

export function cronPath({ cronDir = CRON_DIR }: TimerOptions): string {
  return `${cronDir}/${CRON_FILE}`;
}

/** The paths of a scheduler's files. */
export function filesOf(scheduler: Scheduler, options: TimerOptions): string[] {
  return scheduler === 'cron' ? [cronPath(options)] : Object.values(unitPaths(options));
}

/** Whether files go where the system itself looks, so that root is needed and systemd must be told. */
export function isForSystem(scheduler: Scheduler, { unitDir, cronDir }: TimerOptions): boolean {
  return (scheduler === 'systemd' ? unitDir : cronDir) === undefined;
}

/** @throws EvercertError needs-root */
export function requireRoot(scheduler: Scheduler, options: TimerOptions, { uid }: Pick<Edges, 'uid'>): void {
  if (uid === 0 || !isForSystem(scheduler, options)) return;
  throw new EvercertError(
    'needs-root',
    `timer ${options.action} changes ${scheduler === 'cron' ? CRON_DIR : UNIT_DIR}, which only root may`,
    'Run it as root, or see what it would write: evercert timer install --print',
  );
}
