import { EvercertError } from '../errors.ts';
import { FIRST_LINE } from './command-line.ts';

/** cron ignores files with a dot in their name. */
export const CRON_FILE = 'evercert';

/** cron's own bound is 1000, and it drops the whole line beyond. */
const MAX_COMMAND = 990;

const HOUR_MS = 3_600_000;

/**
 * `/etc/cron.d/evercert`: every hour at this minute, as root.
 *
 * @throws EvercertError usage when cron could not read the line
 */
export function cronFile(minute: number, command: readonly string[]): string {
  const line = command.map(cronWord).join(' ');
  if (line.length > MAX_COMMAND)
    throw unwritable(`the command is ${line.length} characters long, and cron takes ${MAX_COMMAND}`);
  return `${FIRST_LINE}
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
${minute} * * * *  root  ${line}
`;
}

/** The minute of a file that `cronFile` made; undefined when its line was edited beyond recognition. */
export function cronMinute(text: string): number | undefined {
  const minute = Number(/^([1-5]?\d) \* \* \* \* +root +\S/m.exec(text)?.[1]);
  return Number.isInteger(minute) ? minute : undefined;
}

/** When cron starts it next: milliseconds since 1970. */
export function nextCronRun(minute: number, now: number): number {
  const at = new Date(now).setMinutes(minute, 0, 0);
  return at > now ? at : at + HOUR_MS;
}

/**
 * A word of the command: quoted for sh, then `%` for cron, which takes a bare one for a line feed. cron implementations
 * disagree on other backslashes, so none is written.
 */
export function cronWord(word: string): string {
  if (/\\|\p{Cc}/u.test(word))
    throw unwritable(`${JSON.stringify(word)} holds a backslash or a control character, which cron garbles`);
  const quoted = /^[\w@+=:,./%-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`;
  return quoted.replaceAll('%', '\\%');
}

function unwritable(message: string): EvercertError {
  return new EvercertError(
    'usage',
    message,
    'Put such flags into config.json (docs/running.md), below "renew".',
  );
}
