import assert from 'node:assert/strict';

export interface CronEntry {
  readonly minute: number;
  readonly user: string;
  /** As cron hands it to sh. */
  readonly command: string;
  readonly variables: Readonly<Record<string, string>>;
}

/** Reads a file of cron.d that has one hourly line, as strictly as it can (crontab(5)). */
export function cronEntry(text: string): CronEntry {
  assert.ok(text.endsWith('\n'), 'cron ignores a last line that does not end');
  const lines = text
    .slice(0, -1)
    .split('\n')
    .filter((line) => !line.startsWith('#'));
  const variables = lines.flatMap((line) => {
    const match = /^([A-Z]+)=(\S+)$/.exec(line);
    return match === null ? [] : [[match[1] ?? '', match[2] ?? '']];
  });
  const [entry = '', ...others] = lines.slice(variables.length);
  assert.deepEqual(others, []);
  const [, minute, user = '', command = ''] =
    /^([1-5]?\d) \* \* \* \* +([a-z]+) +(\S.*)$/u.exec(entry) ?? assert.fail(`no hourly line: ${entry}`);
  assert.doesNotMatch(
    command,
    /(?<!\\)%|\\(?!%)/,
    'a bare % is a line feed, and other backslashes are not portable',
  );
  return {
    minute: Number(minute),
    user,
    command: command.replaceAll('\\%', '%'),
    variables: Object.fromEntries(variables),
  };
}
