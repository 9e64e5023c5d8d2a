import { cronMinute, nextCronRun } from '../timer/cron.ts';
import { parseSystemdState, SHOW_COMMAND } from '../timer/systemd-state.ts';
import type { Edges } from './edges.ts';
import { askSystemctl } from './systemctl.ts';
import { cronPath, isForSystem, schedulersInPlay, type TimerOptions, unitPaths } from './timer-places.ts';

/** Tells what is installed. @returns the exit status: 1 when nothing will run */
export async function showTimer(options: TimerOptions, edges: Edges): Promise<number> {
  const inPlay = schedulersInPlay(options);
  const systemd = inPlay.includes('systemd') ? await showSystemd(options, edges) : undefined;
  const cron = inPlay.includes('cron') ? showCron(options, edges) : undefined;
  if (systemd === undefined && cron === undefined) {
    edges.emit({ type: 'warning', code: 'no-timer', detail: 'evercert timer install' });
  }
  if (systemd !== undefined && cron !== undefined) {
    edges.emit({ type: 'warning', code: 'two-timers', detail: cronPath(options) });
  }
  return systemd === true || cron === true ? 0 : 1;
}

/** @returns whether it will run; undefined when it is not installed */
async function showSystemd(options: TimerOptions, edges: Edges): Promise<boolean | undefined> {
  const { timer: path } = unitPaths(options);
  if (edges.disk.readText(path) === undefined) return undefined;
  const output = isForSystem('systemd', options) ? await askSystemctl(SHOW_COMMAND, edges) : undefined;
  const state = output === undefined ? undefined : parseSystemdState(output);
  const active = isForSystem('systemd', options) ? state?.active === true : true;
  edges.emit({ type: 'timer', scheduler: 'systemd', path, ...UNKNOWN, ...state, active });
  return active;
}

const UNKNOWN = { lastRunAt: undefined, nextRunAt: undefined, result: undefined, exitStatus: undefined };

/** cron itself remembers nothing. */
function showCron(options: TimerOptions, { disk, clock, emit }: Edges): boolean | undefined {
  const path = cronPath(options);
  const text = disk.readText(path);
  if (text === undefined) return undefined;
  const minute = cronMinute(text);
  const nextRunAt = minute === undefined ? undefined : nextCronRun(minute, clock.now());
  emit({ type: 'timer', scheduler: 'cron', path, ...UNKNOWN, nextRunAt, active: true });
  return true;
}
