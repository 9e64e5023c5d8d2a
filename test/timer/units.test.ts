import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import fc from 'fast-check';
import { FIRST_LINE, isOurs, renewWords } from '../../src/timer/command-line.ts';
import { argumentWord, executableWord, serviceUnit, timerUnit } from '../../src/timer/units.ts';

const WORDS: readonly (readonly [string, string])[] = [
  ['renew', 'renew'],
  ['--config-dir', '--config-dir'],
  ['mailto:root@example.com,b', 'mailto:root@example.com,b'],
  ['', '""'],
  ['a b', '"a b"'],
  ['100%', '"100%%"'],
  ['$HOME', '"$$HOME"'],
  ['say "hi"', '"say \\"hi\\""'],
  ["it's", `"it's"`],
  ['a\\b', '"a\\\\b"'],
  [';', '";"'],
  ['a\nb\t', '"a\\u000ab\\u0009"'],
  ['ü', '"ü"'],
];

describe('a word of ExecStart=', () => {
  for (const [word, written] of WORDS)
    test(JSON.stringify(word), () => assert.equal(argumentWord(word), written));

  test('systemd looks for no variables in the path of the executable', () => {
    assert.equal(executableWord('/opt/$x y/100%'), '"/opt/$x y/100%%"');
  });

  test('property: systemd reads back what was meant', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 8 }), { maxLength: 4 }), (words) => {
        assert.deepEqual(systemdWords(words.map(argumentWord).join(' ')), words);
      }),
    );
  });
});

/** systemd.service, "Command lines", as strictly as our own writing: no other escapes, no bare quotes. */
function systemdWords(line: string): string[] {
  const words: string[] = [];
  let rest = line;
  while (rest !== '') {
    const [taken, quoted, plain] =
      /^(?:"((?:[^"\\\p{Cc}]|\\["\\]|\\u[0-9a-f]{4})*)"|([^\s"'\\;]+))(?: |$)/u.exec(rest) ??
      assert.fail(`not a word: ${rest}`);
    words.push(unescaped(quoted ?? plain ?? ''));
    rest = rest.slice(taken.length);
  }
  return words;
}

function unescaped(text: string): string {
  assert.doesNotMatch(text.replaceAll('%%', '').replaceAll('$$', ''), /[%$]/, 'a specifier or a variable');
  return text
    .replace(/\\(?:u(....)|(.))/g, (_, code, character) =>
      code === undefined ? character : String.fromCharCode(Number.parseInt(code, 16)),
    )
    .replaceAll('%%', '%')
    .replaceAll('$$', '$');
}

describe('the units', () => {
  const service = serviceUnit(['/usr/bin/node', '/opt/e/bin/evercert.js'], ['renew', '--quiet']);

  test('begin with our mark', () => {
    for (const text of [service, timerUnit()]) {
      assert.ok(text.startsWith(`${FIRST_LINE}\n[Unit]\n`));
      assert.ok(isOurs(text));
      assert.doesNotMatch(text, /[ \t]\n|[^\n]$/);
    }
    assert.ok(!isOurs('[Unit]\n') && !isOurs(` ${FIRST_LINE}`));
  });

  test('the service runs once, and 3 is no failure', () => {
    assert.match(
      service,
      /^Type=oneshot\nExecStart=\/usr\/bin\/node \/opt\/e\/bin\/evercert\.js renew --quiet\n/m,
    );
    assert.match(service, /^SuccessExitStatus=3$/m);
  });

  test('what would break a hook, or Node itself, is not there', () => {
    assert.doesNotMatch(
      service,
      /NoNewPriv|ProtectSystem|ProtectHome|MemoryDeny|PrivateTmp|PrivateDevices|RestrictNamespaces|SystemCall|User=/,
    );
  });

  test('the timer starts it every hour, missed hours once', () => {
    for (const line of [
      'OnCalendar=hourly',
      'Persistent=yes',
      'FixedRandomDelay=yes',
      'WantedBy=timers.target',
    ])
      assert.ok(timerUnit().includes(`\n${line}\n`), line);
  });
});

test('the words of renew', () => {
  assert.deepEqual(renewWords('systemd', undefined, []), ['renew', '--quiet', '--no-random-sleep-on-renew']);
  assert.deepEqual(renewWords('cron', '/store', ['--strict']), [
    'renew',
    '--quiet',
    '--config-dir',
    '/store',
    '--strict',
  ]);
});
