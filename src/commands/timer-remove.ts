import { isOurs, type Scheduler } from '../timer/command-line.ts';
import { TIMER } from '../timer/units.ts';
import type { Edges } from './edges.ts';
import { tellSystemctl } from './systemctl.ts';
import {
  filesOf,
  hasSystemd,
  isForSystem,
  requireRoot,
  schedulersInPlay,
  type TimerOptions,
  unitPaths,
} from './timer-places.ts';

/** Takes away what we wrote, and leaves alone what we did not. @returns the exit status */
export async function removeTimer(options: TimerOptions, edges: Edges): Promise<number> {
  const found = schedulersInPlay(options)
    .map((scheduler) => ({ scheduler, ours: ourFiles(filesOf(scheduler, options), edges) }))
    .filter(({ ours }) => ours.length > 0);
  for (const { scheduler } of found) requireRoot(scheduler, options, edges);
  for (const { scheduler, ours } of found) await removeFiles(scheduler, ours, options, edges);
  if (found.length === 0) edges.emit({ type: 'warning', code: 'no-timer', detail: '' });
  return 0;
}

function ourFiles(paths: readonly string[], { disk, emit }: Edges): string[] {
  return paths.filter((path) => {
    const text = disk.readText(path);
    if (text !== undefined && !isOurs(text)) emit({ type: 'warning', code: 'foreign-timer', detail: path });
    return text !== undefined && isOurs(text);
  });
}

async function removeFiles(
  scheduler: Scheduler,
  ours: readonly string[],
  options: TimerOptions,
  edges: Edges,
): Promise<void> {
  const tells = scheduler === 'systemd' && isForSystem(scheduler, options) && hasSystemd(edges);
  if (tells && ours.includes(unitPaths(options).timer)) {
    await tellSystemctl(`systemctl disable --now ${TIMER}`, edges);
  }
  for (const path of ours) {
    edges.disk.removeFile(path);
    edges.emit({ type: 'timer-file', done: 'removed', path });
  }
  if (tells) await tellSystemctl('systemctl daemon-reload', edges);
}
