import type { RenewOptions } from '../commands/renew.ts';
import type { EvercertError } from '../errors.ts';
import type { Surroundings } from './command.ts';
import type { Reader } from './reader.ts';

const DEFAULT_EXPIRY_DAYS = 7;

type Environment = Surroundings['environment'];

/** Whom renew tells how things are; undefined when nobody is named. */
export function readTell(
  read: Reader,
  { EVERCERT_NOTIFY = '' }: Environment,
  absolute: Surroundings['absolute'],
): RenewOptions['tell'] {
  const notify = read.all('notify') ?? [];
  const metricsFile = read.text('metrics-file');
  if (notify.length === 0 && EVERCERT_NOTIFY.trim() === '' && metricsFile === undefined) return undefined;
  return {
    notify,
    notifyExpiryDays: read.number('notify-expiry', 1, 365) ?? DEFAULT_EXPIRY_DAYS,
    metricsFile: metricsFile === undefined ? undefined : absolute(metricsFile),
  };
}

/**
 * What can be known to be wrong with it is told before anything is done; loaded only where somebody is to be told.
 *
 * @throws EvercertError usage
 */
export async function checkTell(
  { tell, notifyTest }: Pick<RenewOptions, 'tell' | 'notifyTest'>,
  usage: (message: string) => EvercertError,
  { EVERCERT_NOTIFY }: Environment,
): Promise<void> {
  if (tell === undefined && !notifyTest) return;
  const { parseTargets } = await import('../notify/target.ts');
  const targets = parseTargets(tell?.notify ?? [], EVERCERT_NOTIFY);
  if (notifyTest && targets.length === 0) throw usage('--notify-test needs --notify');
  if (tell?.metricsFile === undefined) return;
  const { checkMetricsFile } = await import('../health/metrics.ts');
  checkMetricsFile(tell.metricsFile);
}
