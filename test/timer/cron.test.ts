import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { isOurs } from '../../src/timer/command-line.ts';
import { cronFile, cronMinute, cronWord, nextCronRun } from '../../src/timer/cron.ts';
import { cronEntry } from '../unit-kit/crontab.ts';
import { failure } from '../unit-kit/expect.ts';

const WORDS: readonly (readonly [string, string])[] = [
  ['renew', 'renew'],
  ['a b', "'a b'"],
  ['50%', '50\\%'],
  ['50 %', "'50 \\%'"],
  ["it's", `'it'"'"'s'`],
  ['$HOME `x` !', "'$HOME `x` !'"],
  ['', "''"],
  ['~root', "'~root'"],
  ['#', "'#'"],
];

describe('a word of the line', () => {
  for (const [word, written] of WORDS)
    test(JSON.stringify(word), () => assert.equal(cronWord(word), written));

  for (const word of ['a\\b', 'a\nb', '\u0007', '\u0085']) {
    test(`refused: ${JSON.stringify(word)}`, () => {
      assert.match(failure(() => cronWord(word), 'usage').hint, /config\.json/);
    });
  }

  test('a command that cron would drop for its length is refused', () => {
    assert.match(failure(() => cronFile(0, ['x'.repeat(991)]), 'usage').message, /991 characters/);
    assert.ok(cronFile(0, ['x'.repeat(990)]));
  });

  test('property: cron and sh read back what was meant', () => {
    const word = fc
      .string({ unit: 'binary', maxLength: 12 })
      .filter((text) => !/\\|\p{Cc}|\p{Cs}/u.test(text));
    fc.assert(
      fc.property(fc.array(word, { minLength: 1, maxLength: 5 }), (words) => {
        const { command } = cronEntry(cronFile(1, ['printf', '%s\\0'.replace('\\0', '|'), ...words]));
        const { stdout } = spawnSync('/bin/sh', ['-c', command], { encoding: 'utf8' });
        assert.equal(stdout, words.map((each) => `${each}|`).join(''));
      }),
      { numRuns: 40 },
    );
  });
});

test('the file: ours, with a PATH, every hour as root', () => {
  const text = cronFile(17, ['/usr/bin/node', '/e.js', 'renew']);
  assert.ok(isOurs(text));
  const { minute, user, command, variables } = cronEntry(text);
  assert.deepEqual([minute, user, command], [17, 'root', '/usr/bin/node /e.js renew']);
  assert.match(variables.PATH ?? '', /^\/.*:\/usr\/bin:/);
});

test('its minute is found again', () => {
  for (const minute of [0, 9, 10, 59]) assert.equal(cronMinute(cronFile(minute, ['x'])), minute);
  for (const text of ['', '60 * * * *  root  x', '5 1 * * *  root  x', '*/5 * * * * root x'])
    assert.equal(cronMinute(text), undefined, text);
});

test('the next run is within the hour, at that minute', () => {
  const now = Date.parse('2026-06-01T12:17:00Z');
  const local = new Date(now).getMinutes();
  assert.equal(nextCronRun(local, now), now + 3_600_000, 'this minute has begun');
  assert.equal(nextCronRun((local + 1) % 60, now), now + 60_000);
  assert.equal(nextCronRun((local + 59) % 60, now), now + 59 * 60_000);
});
