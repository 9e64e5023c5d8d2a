import { EvercertError } from '../errors.ts';
import { isOurs, renewWords, type Scheduler } from '../timer/command-line.ts';
import { cronFile, cronMinute } from '../timer/cron.ts';
import { serviceUnit, TIMER, timerUnit } from '../timer/units.ts';
import type { Edges } from './edges.ts';
import { tellSystemctl } from './systemctl.ts';
import {
  cronPath,
  filesOf,
  hasSystemd,
  isForSystem,
  requireRoot,
  schedulersInPlay,
  type TimerOptions,
  unitPaths,
} from './timer-places.ts';

interface TimerFile {
  readonly path: string;
  readonly text: string;
}

const MODE = 0o644;

/** Writes what is new or has changed, and has systemd start it. @returns the exit status */
export async function installTimer(options: TimerOptions, edges: Edges): Promise<number> {
  const scheduler = chooseScheduler(options, edges);
  const files = makeFiles(scheduler, options, edges);
  if (options.print) {
    for (const { path, text } of files) edges.emit({ type: 'timer-file', done: 'printed', path, text });
    return 0;
  }
  requireRoot(scheduler, options, edges);
  for (const { path } of files) refuseForeign(path, options.force, edges);
  const isChanged = await writeFiles(files, edges);
  if (scheduler === 'systemd' && isForSystem(scheduler, options)) await enable(isChanged, edges);
  warnOfOthers(scheduler, options, edges);
  return 0;
}

function chooseScheduler(options: TimerOptions, edges: Edges): Scheduler {
  const [only, other] = schedulersInPlay(options);
  const scheduler = only !== undefined && other === undefined ? only : hasSystemd(edges) ? 'systemd' : 'cron';
  const isMissing =
    scheduler === 'cron' && isForSystem('cron', options) && edges.disk.directory('/etc/cron.d') === undefined;
  if (!isMissing || options.print) return scheduler;
  throw new EvercertError(
    'timer-failed',
    'there is no /etc/cron.d here, and systemd does not run',
    'Install cron, or have something else run this every hour: evercert renew --quiet',
  );
}

function makeFiles(
  scheduler: Scheduler,
  options: TimerOptions,
  { disk, clock, program }: Edges,
): TimerFile[] {
  const words = renewWords(scheduler, options.configDir, options.renewFlags);
  if (scheduler === 'systemd') {
    const { service, timer } = unitPaths(options);
    return [
      { path: service, text: serviceUnit(program, words) },
      { path: timer, text: timerUnit() },
    ];
  }
  const path = cronPath(options);
  const minute = cronMinute(disk.readText(path) ?? '') ?? clock.randomBelow(60);
  return [{ path, text: cronFile(minute, [...program, ...words]) }];
}

/** A link is nothing that we wrote: a unit that is masked leads to /dev/null, which must stay what it is. */
function refuseForeign(path: string, force: boolean, { disk }: Pick<Edges, 'disk'>): void {
  const target = disk.linkTarget(path);
  if (target === undefined) return;
  if (target !== 'not-a-link') {
    throw new EvercertError(
      'timer-foreign',
      `${path} is a link to ${JSON.stringify(target)}`,
      'Remove it first (if it is a masked unit: systemctl unmask).',
    );
  }
  if (force || isOurs(disk.readText(path) ?? '')) return;
  throw new EvercertError(
    'timer-foreign',
    `${path} was not written by evercert`,
    'Move it away, or have it replaced: evercert timer install --force',
  );
}

/** @returns false when all was there already */
async function writeFiles(files: readonly TimerFile[], { disk, emit }: Edges): Promise<boolean> {
  let isChanged = false;
  for (const { path, text } of files) {
    const isThere = disk.readText(path) === text;
    if (!isThere) {
      disk.makeDirectory(path.slice(0, path.lastIndexOf('/')), 0o755);
      await disk.replaceFile(path, text, MODE);
      isChanged = true;
    }
    emit({ type: 'timer-file', path, ...(isThere ? { done: 'unchanged' } : { done: 'written', text }) });
  }
  return isChanged;
}

async function enable(isChanged: boolean, edges: Edges): Promise<void> {
  if (!hasSystemd(edges)) {
    return edges.emit({ type: 'warning', code: 'timer-not-enabled', detail: `systemctl enable ${TIMER}` });
  }
  if (isChanged) await tellSystemctl('systemctl daemon-reload', edges);
  await tellSystemctl(`systemctl enable --now ${TIMER}`, edges);
}

const CERTBOT = [
  '/etc/cron.d/certbot',
  '/etc/systemd/system/certbot.timer',
  '/etc/systemd/system/snap.certbot.renew.timer',
  '/lib/systemd/system/certbot.timer',
  '/usr/lib/systemd/system/certbot.timer',
];

/** Two timers for one store only wait for each other; npx will not keep its copy for ever. */
function warnOfOthers(scheduler: Scheduler, options: TimerOptions, { disk, emit, program }: Edges): void {
  const other = schedulersInPlay({ ...options, scheduler: undefined }).find((each) => each !== scheduler);
  const second = other && filesOf(other, options).find((path) => disk.exists(path));
  if (second !== undefined) emit({ type: 'warning', code: 'two-timers', detail: second });
  const certbot = isForSystem(scheduler, options) ? CERTBOT.find((path) => disk.exists(path)) : undefined;
  if (certbot !== undefined) emit({ type: 'warning', code: 'certbot-timer', detail: certbot });
  const passing = program.find((word) => word.includes('/_npx/'));
  if (passing !== undefined) emit({ type: 'warning', code: 'program-in-cache', detail: passing });
}
