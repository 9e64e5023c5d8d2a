import type { Edges } from './edges.ts';
import type { TimerOptions } from './timer-places.ts';

/** @returns the exit status */
export async function timer(options: TimerOptions, edges: Edges): Promise<number> {
  switch (options.action) {
    case 'install':
      return (await import('./timer-install.ts')).installTimer(options, edges);
    case 'remove':
      return (await import('./timer-remove.ts')).removeTimer(options, edges);
    case 'show':
      return (await import('./timer-show.ts')).showTimer(options, edges);
  }
}
