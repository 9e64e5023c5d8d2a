import type { TimerOptions } from '../commands/timer-places.ts';
import type { Surroundings } from './command.ts';
import type { Reader } from './reader.ts';
import { occurrences, usage } from './words.ts';

const ACTIONS = ['install', 'remove', 'show'] as const;

/** The words of `evercert timer`: what to do, our own flags, and what stands after `--`. */
export interface TimerWords {
  readonly action: TimerOptions['action'];
  readonly own: readonly string[];
  readonly renewFlags: readonly string[];
}

/** @throws EvercertError usage */
export function splitTimerWords([first, ...words]: readonly string[]): TimerWords {
  const action = ACTIONS.find((each) => each === first);
  if (action === undefined) {
    const found = first === undefined ? '' : `, not ${JSON.stringify(first)}`;
    throw usage('timer', `what to do comes first: install, remove or show${found}`);
  }
  const end = words.indexOf('--');
  const renewFlags = end === -1 ? [] : words.slice(end + 1);
  if (renewFlags.length > 0 && action !== 'install')
    throw usage('timer', `only timer install takes flags of renew`);
  return { action, own: end === -1 ? words : words.slice(0, end), renewFlags };
}

/** What makes no sense every hour, or is the timer's to say. */
const NOT_HOURLY = [
  'config-dir',
  'help',
  'plan',
  'dry-run',
  'force-renewal',
  'retry-now',
  'notify-test',
  'random-sleep-on-renew',
  'no-random-sleep-on-renew',
];

/** @throws EvercertError usage */
export function checkRenewFlags(renewFlags: readonly string[]): void {
  for (const { flag, value } of occurrences('renew', renewFlags)) {
    if (flag.name === 'config-dir') throw usage('timer', '--config-dir stands before the --');
    if (flag.name === 'notify' && value.startsWith('slack+'))
      throw usage(
        'timer',
        'the URL of Slack is a secret: put it into EVERCERT_NOTIFY in /etc/default/evercert',
      );
    if (NOT_HOURLY.includes(flag.name)) throw usage('timer', `--${flag.name} is not for every hour`);
  }
}

/** @param configDir undefined: the default one */
export function readTimerOptions(
  { action, renewFlags }: TimerWords,
  read: Reader,
  configDir: string | undefined,
  { absolute }: Surroundings,
): TimerOptions {
  if (read.on('systemd') && read.on('cron')) throw read.usage('--systemd and --cron exclude each other');
  for (const flag of ['print', 'force']) {
    if (read.on(flag) && action !== 'install') throw read.usage(`timer ${action} takes no --${flag}`);
  }
  const directory = (flag: string) => {
    const path = read.text(flag);
    return path === undefined ? undefined : absolute(path);
  };
  const scheduler = read.on('systemd') ? 'systemd' : read.on('cron') ? 'cron' : undefined;
  const places = { unitDir: directory('unit-dir'), cronDir: directory('cron-dir') };
  return {
    action,
    scheduler,
    ...places,
    print: read.on('print'),
    force: read.on('force'),
    configDir,
    renewFlags,
  };
}
