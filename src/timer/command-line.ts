/** What runs `evercert renew` every hour. */
export type Scheduler = 'systemd' | 'cron';

const MARKER = '# Written by evercert timer install';

/** The first line of every file that we write; without it a file is somebody else's. */
export const FIRST_LINE = `${MARKER}, which replaces it; evercert timer remove takes it away`;

export function isOurs(text: string): boolean {
  return text.startsWith(MARKER);
}

/**
 * The words after the program. systemd spreads the runs of a fleet by itself; under cron `renew` sleeps at random.
 *
 * @param configDir undefined: the default one
 * @param more flags of `renew`, as the operator gave them
 */
export function renewWords(
  scheduler: Scheduler,
  configDir: string | undefined,
  more: readonly string[],
): string[] {
  return [
    'renew',
    '--quiet',
    ...(scheduler === 'systemd' ? ['--no-random-sleep-on-renew'] : []),
    ...(configDir === undefined ? [] : ['--config-dir', configDir]),
    ...more,
  ];
}
