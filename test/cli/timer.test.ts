import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  realpathSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import { after, describe, test } from 'node:test';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { cronEntry } from '../unit-kit/crontab.ts';
import { contents, fails, objects, run, succeeds } from './kit.ts';

const { directory, remove } = scratchDirectory('timer');
after(remove);

let count = 0;
/** Directories for units and for cron that nobody else uses, not made yet. */
function places() {
  count += 1;
  const [units, cron] = [join(directory, String(count), 'units'), join(directory, String(count), 'cron.d')];
  return {
    units,
    cron,
    service: join(units, 'evercert.service'),
    timer: join(units, 'evercert.timer'),
    cronFile: join(cron, 'evercert'),
    inUnits: ['--unit-dir', units],
    inCron: ['--cron-dir', cron],
  };
}

const program = [realpathSync(process.execPath), resolve('bin/evercert.js')];
const HOOK = `echo "it's" $HOME 50% ; true`;

describe('install', { concurrency: 4 }, () => {
  test('systemd: two files of mode 0644; again: unchanged; removed again', async () => {
    const { units, inUnits, service, timer } = places();
    const { stdout } = succeeds(await run(['timer', 'install', ...inUnits]));
    const told = (path: string) =>
      `written ${path}\n${readFileSync(path, 'utf8').replace(/^(?=.)/gm, '    ')}`;
    assert.equal(stdout, told(service) + told(timer));
    for (const path of [service, timer]) assert.equal(statSync(path).mode & 0o777, 0o644);
    assert.ok(readFileSync(service, 'utf8').includes(`\nExecStart=${program.join(' ')} renew --quiet `));
    const before = contents(units);
    assert.equal(
      succeeds(await run(['timer', 'install', ...inUnits])).stdout,
      `unchanged ${service}\nunchanged ${timer}\n`,
    );
    assert.deepEqual(contents(units), before);
    succeeds(await run(['timer', 'remove', ...inUnits]));
    assert.deepEqual(contents(units), {});
    assert.match(succeeds(await run(['timer', 'remove', ...inUnits])).stderr, /no timer of evercert/);
  });

  test('cron: a line that starts this very program, with the flags after --', async () => {
    const { inCron, cronFile } = places();
    const store = ['--config-dir', join(directory, 'a store')];
    succeeds(await run(['timer', 'install', ...inCron, ...store, '--', '--post-hook', HOOK]));
    assert.equal(statSync(cronFile).mode & 0o777, 0o644);
    const { command, user } = cronEntry(readFileSync(cronFile, 'utf8'));
    assert.equal(user, 'root');
    const shown = spawnSync('/bin/sh', ['-c', `printf '%s\\n' ${command}`], { encoding: 'utf8' });
    assert.deepEqual(shown.stdout.trimEnd().split('\n'), [
      ...program,
      'renew',
      '--quiet',
      ...store,
      '--post-hook',
      HOOK,
    ]);
  });

  test('the line of cron runs', async () => {
    const { inCron, cronFile } = places();
    const store = join(directory, 'empty');
    mkdirSync(store);
    succeeds(await run(['timer', 'install', ...inCron, '--config-dir', store]));
    const { command, variables } = cronEntry(readFileSync(cronFile, 'utf8'));
    const { status, stdout, stderr } = spawnSync('/bin/sh', ['-c', command], {
      env: { ...variables, HOME: '/' },
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
    assert.ok(existsSync(join(store, 'renewal')), 'renew has run there');
  });

  test('the store of $EVERCERT_CONFIG_DIR is named', async () => {
    const { stdout } = await run(['timer', 'install', '--systemd', '--print'], {
      env: { EVERCERT_CONFIG_DIR: '/srv/certs' },
    });
    assert.match(stdout, /^ExecStart=.* --config-dir \/srv\/certs$/m);
  });

  test('--print writes nothing; --quiet does not silence it; --json has the texts', async () => {
    const { units, inUnits, service, timer } = places();
    const { stdout } = succeeds(await run(['timer', 'install', ...inUnits, '--print', '--quiet']));
    const printed = objects(succeeds(await run(['timer', 'install', ...inUnits, '--print', '--json'])));
    assert.equal(existsSync(units), false);
    assert.deepEqual(
      printed.map(({ path, done }) => [path, done]),
      [
        [service, 'printed'],
        [timer, 'printed'],
      ],
    );
    assert.equal(printed.map(({ path, text }) => `# ${path}\n${text}`).join(''), stdout);
  });

  test('a file of another hand is kept; --force replaces it; remove keeps it', async () => {
    const { cron, inCron, cronFile } = places();
    mkdirSync(cron, { recursive: true });
    const theirs = '17 * * * *  root  evercert renew -q\n';
    writeFileSync(cronFile, theirs);
    fails(await run(['timer', 'install', ...inCron]), 2, /was not written by evercert\n {4}hint: .*--force/);
    assert.match(succeeds(await run(['timer', 'remove', ...inCron])).stderr, /left alone/);
    assert.equal(readFileSync(cronFile, 'utf8'), theirs);
    succeeds(await run(['timer', 'install', ...inCron, '--force']));
    assert.notEqual(readFileSync(cronFile, 'utf8'), theirs);
  });
});

describe('show', { concurrency: 2 }, () => {
  test('nothing: 1; installed: 0; two: warned', async () => {
    const { inUnits, inCron, cronFile } = places();
    const both = [...inUnits, ...inCron];
    fails(await run(['timer', 'show', ...both]), 1, /no timer .* evercert timer install/);
    succeeds(await run(['timer', 'install', '--cron', ...both]));
    const [state] = objects(succeeds(await run(['timer', 'show', ...both, '--json'])));
    const { minute } = cronEntry(readFileSync(cronFile, 'utf8'));
    assert.deepEqual([state?.scheduler, state?.active], ['cron', true]);
    assert.equal(new Date(String(state?.nextRunAt)).getMinutes(), minute);
    assert.match(succeeds(await run(['timer', 'install', '--systemd', ...both])).stderr, /two timers/);
    assert.match(succeeds(await run(['timer', 'show', ...both])).stderr, /two timers/);
  });
});

describe('refused, exit 2', { concurrency: 4 }, () => {
  const cases: readonly (readonly [readonly string[], RegExp])[] = [
    [[], /install, remove or show$/m],
    [['start'], /not "start"/],
    [['show', '--print'], /timer show takes no --print/],
    [['remove', '--force'], /timer remove takes no --force/],
    [['install', '--systemd', '--cron'], /exclude each other/],
    [['show', '--', '--quiet'], /only timer install/],
    [['install', '--', '--frobnicate'], /there is no flag --frobnicate/],
    [['install', '--', 'word'], /"word" belongs to no flag/],
    [['install', '--', '--hook-timeout', '0'], /--hook-timeout "0"/],
    [['install', '--', '--verbose'], /--quiet and --verbose exclude/],
    [['install', '--', '--config-dir', '/x'], /before the --/],
    [['install', '--', '--force-renewal'], /--force-renewal is not for every hour/],
    [['install', '--cron', '--', '--post-hook', 'a\\b'], /backslash/],
  ];
  for (const [words, expected] of cases) {
    test(`timer ${words.join(' ')}`, async () => {
      const { inUnits, inCron, units, cron } = places();
      const where = words.length === 0 ? [] : [...inUnits, ...inCron];
      const [action, ...rest] = words;
      fails(await run(['timer', ...(action === undefined ? [] : [action]), ...where, ...rest]), 2, expected);
      assert.ok(!existsSync(units) && !existsSync(cron));
    });
  }
});

describe('systemd itself', { skip: skipWithout(['systemd-analyze']) }, () => {
  const analyze = (...words: string[]) => spawnSync('systemd-analyze', words, { encoding: 'utf8' });

  test('finds no fault with the units', async () => {
    const { inUnits, service, timer } = places();
    succeeds(
      await run(['timer', 'install', ...inUnits, '--', '--post-hook', HOOK, '--pre-hook', 'a\\b\n"c"']),
    );
    const { status, stdout, stderr } = analyze('verify', service, timer);
    // The machine's own units may be wanting; what is said of ours is what counts.
    assert.doesNotMatch(stdout + stderr, /evercert/);
    assert.equal(status, 0, stderr);
  });

  test('can be enabled', async () => {
    const root = join(directory, 'root');
    succeeds(await run(['timer', 'install', '--unit-dir', join(root, 'etc/systemd/system')]));
    const { status, stderr } = spawnSync('systemctl', [`--root=${root}`, 'enable', 'evercert.timer'], {
      encoding: 'utf8',
    });
    assert.equal(status, 0, stderr);
    const wanted = join(root, 'etc/systemd/system/timers.target.wants/evercert.timer');
    assert.equal(readlinkSync(wanted), '/etc/systemd/system/evercert.timer');
  });

  test('would find one', async () => {
    const { inUnits, service } = places();
    succeeds(await run(['timer', 'install', ...inUnits]));
    writeFileSync(service, readFileSync(service, 'utf8').replace('OOMPolicy=continue', 'OOMPolicy=never'));
    assert.match(analyze('verify', service).stderr, /evercert\.service:\d+: .*OOM policy/);
  });

  test('the stricter drop-in of docs/running.md: no fault, and a better mark', async (t) => {
    const { inUnits, service } = places();
    succeeds(await run(['timer', 'install', ...inUnits]));
    const score = () =>
      Number(
        /exposure level for evercert\.service: ([\d.]+)/.exec(
          analyze('security', '--offline=true', service).stdout,
        )?.[1],
      );
    const usual = score();
    const [, dropIn = ''] =
      /systemctl edit evercert\.service[^\n]*\n\n((?: {4}[^\n]*\n)+)/.exec(
        readFileSync('docs/running.md', 'utf8'),
      ) ?? [];
    const lines = dropIn.replace(/^ {4}/gm, '');
    assert.match(lines, /^\[Service\]\nNoNewPrivileges=yes\n/);
    writeFileSync(service, `${readFileSync(service, 'utf8')}${lines}`);
    assert.doesNotMatch(analyze('verify', service).stderr, /evercert/);
    t.diagnostic(`systemd-analyze security: ${usual} as installed, ${score()} with the drop-in`);
    if (!Number.isNaN(usual)) assert.ok(score() < 4 && score() < usual, String(score()));
  });
});
