import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { Edges } from '../../src/commands/edges.ts';
import { timer } from '../../src/commands/timer.ts';
import type { TimerOptions } from '../../src/commands/timer-places.ts';
import type { Event } from '../../src/events.ts';
import { FIRST_LINE } from '../../src/timer/command-line.ts';
import { cronFile } from '../../src/timer/cron.ts';
import { fakeClock, NOW } from '../unit-kit/clock.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { type MemoryFiles, memoryReader } from '../unit-kit/reader.ts';

const SERVICE = '/etc/systemd/system/evercert.service';
const TIMER = '/etc/systemd/system/evercert.timer';
const CRON = '/etc/cron.d/evercert';
const SYSTEMD = { '/run/systemd/system/x': '' };
const DEFAULTS: TimerOptions = {
  action: 'install',
  scheduler: undefined,
  unitDir: undefined,
  cronDir: undefined,
  print: false,
  force: false,
  configDir: undefined,
  renewFlags: [],
};

interface Machine extends MemoryFiles {
  readonly uid?: number;
  readonly program?: readonly string[];
  /** Answers of commands; those that are not named succeed in silence. */
  readonly answers?: Readonly<Record<string, { readonly ok: boolean; readonly output: string }>>;
}

/** A machine of text, on which each command is recorded. */
function machine({
  files = {},
  links = {},
  uid = 0,
  program = ['/usr/bin/node', '/e.js'],
  answers = {},
}: Machine) {
  const there = new Map(Object.entries(files));
  const events: Event[] = [];
  const commands: string[] = [];
  const reader = () =>
    memoryReader({ files: Object.fromEntries(there), links, directory: { uid: 0, mode: 0o755 } });
  const disk = {
    readText: (path: string) => reader().readText(path),
    exists: (path: string) => reader().exists(path),
    linkTarget: (path: string) => reader().linkTarget(path),
    directory: (path: string) => reader().directory(path),
    makeDirectory: () => undefined,
    replaceFile: async (path: string, data: string, mode: number) => {
      assert.equal(mode, 0o644);
      there.set(path, data);
    },
    removeFile: (path: string) => there.delete(path),
  };
  const runShell: Edges['runShell'] = async (command, env) => {
    assert.equal(env.TZ, 'UTC');
    commands.push(command);
    const { ok, output } = answers[command.split(' ')[1] ?? ''] ?? { ok: true, output: '' };
    return { ok, outcome: ok ? 'exit 0' : 'exit 1', output, stdout: output, ms: 1 };
  };
  const edges = {
    disk,
    runShell,
    clock: fakeClock(NOW),
    emit: (event: Event) => events.push(event),
    signal: NEVER,
    environment: {},
    uid,
    program,
  } as unknown as Edges;
  return {
    files: there,
    events,
    commands,
    warnings: () => events.flatMap((event) => (event.type === 'warning' ? [event.code] : [])),
    run: (options: Partial<TimerOptions>) => timer({ ...DEFAULTS, ...options }, edges),
  };
}

describe('install', () => {
  test('where systemd runs: both units, then systemd is told', async () => {
    const { run, files, commands } = machine({ files: SYSTEMD });
    assert.equal(await run({}), 0);
    assert.deepEqual([...files.keys()].slice(1), [SERVICE, TIMER]);
    assert.deepEqual(commands, ['systemctl daemon-reload', 'systemctl enable --now evercert.timer']);
  });

  test('again: nothing is written, and the timer is enabled all the same', async () => {
    const { run, commands, events } = machine({ files: SYSTEMD });
    await run({});
    commands.length = 0;
    events.length = 0;
    await run({});
    assert.deepEqual(commands, ['systemctl enable --now evercert.timer']);
    assert.deepEqual(
      events.flatMap((event) => (event.type === 'timer-file' ? [event.done] : [])),
      ['unchanged', 'unchanged'],
    );
  });

  test('where it does not: a cron file, whose minute stays', async () => {
    const { run, files, commands } = machine({});
    await run({});
    const text = files.get(CRON) ?? '';
    assert.match(text, /^\d+ \* \* \* \* {2}root {2}\/usr\/bin\/node \/e\.js renew --quiet$/m);
    const moved = text.replace(/^\d+ /m, '41 ');
    files.set(CRON, moved);
    await run({ renewFlags: ['--lock-wait', '5'] });
    assert.equal(files.get(CRON), moved.replace('--quiet', '--quiet --lock-wait 5'));
    assert.deepEqual(commands, []);
  });

  test('--systemd where it does not run: not enabled, and said so', async () => {
    const { run, commands, warnings } = machine({});
    await run({ scheduler: 'systemd' });
    assert.deepEqual(commands, []);
    assert.deepEqual(warnings(), ['timer-not-enabled']);
  });

  test('only root, but anybody may look or write elsewhere', async () => {
    const { run, files } = machine({ files: SYSTEMD, uid: 1000 });
    assert.match((await rejection(run({}), 'needs-root')).message, /\/etc\/systemd\/system/);
    await rejection(run({ scheduler: 'cron' }), 'needs-root');
    assert.equal(files.size, 1);
    assert.equal(await run({ print: true }), 0);
    assert.equal(await run({ unitDir: '/home/me/units' }), 0);
    assert.ok(files.has('/home/me/units/evercert.timer'));
  });

  test('a file of somebody else is kept, and nothing is written beside it', async () => {
    const { run, files, commands } = machine({ files: { ...SYSTEMD, [TIMER]: '[Timer]\n' } });
    assert.match((await rejection(run({}), 'timer-foreign')).message, /evercert\.timer was not written/);
    assert.ok(!files.has(SERVICE));
    assert.deepEqual(commands, []);
    assert.equal(await run({ force: true }), 0);
    assert.match(files.get(TIMER) ?? '', /hourly/);
  });

  test('a masked unit is a link to /dev/null: never written through, not even by --force', async () => {
    const { run, files } = machine({ files: SYSTEMD, links: { [TIMER]: '/dev/null' } });
    const error = await rejection(run({ force: true }), 'timer-foreign');
    assert.match(error.message, /link to "\/dev\/null"/);
    assert.equal(files.size, 1);
  });

  test('systemctl that fails is told with its words, which drive no terminal', async () => {
    const answers = { enable: { ok: false, output: 'Failed to\u001b[31m enable\nunit\n' } };
    const { run } = machine({ files: SYSTEMD, answers });
    const error = await rejection(run({}), 'timer-failed');
    assert.match(error.message, /enable --now evercert\.timer: exit 1/);
    assert.deepEqual(error.details, ['Failed to[31m enable', 'unit']);
  });

  const OTHERS: readonly (readonly [string, Machine, string[]])[] = [
    ['our own in cron', { files: { ...SYSTEMD, [CRON]: 'x' } }, ['two-timers']],
    ["certbot's", { files: { ...SYSTEMD, '/etc/cron.d/certbot': '' } }, ['certbot-timer']],
    ['none', { files: SYSTEMD }, []],
    ['a program of npx', { files: SYSTEMD, program: ['/n', '/root/.npm/_npx/1/e.js'] }, ['program-in-cache']],
  ];
  for (const [name, given, expected] of OTHERS) {
    test(`warned of another: ${name}`, async () => {
      const { run, warnings } = machine(given);
      await run({});
      assert.deepEqual(warnings(), expected);
    });
  }
});

describe('remove', () => {
  const ours = { [SERVICE]: FIRST_LINE, [TIMER]: FIRST_LINE, [CRON]: FIRST_LINE };

  test('stops the timer, then takes away all that is ours', async () => {
    const { run, files, commands } = machine({ files: { ...SYSTEMD, ...ours } });
    assert.equal(await run({ action: 'remove' }), 0);
    assert.equal(files.size, 1);
    assert.deepEqual(commands, ['systemctl disable --now evercert.timer', 'systemctl daemon-reload']);
  });

  test('--cron leaves systemd alone; so does --cron-dir', async () => {
    for (const choice of [{ scheduler: 'cron' }, { cronDir: '/etc/cron.d' }] as const) {
      const { run, files, commands } = machine({ files: { ...SYSTEMD, ...ours } });
      await run({ action: 'remove', ...choice });
      assert.deepEqual([...files.keys()].slice(1), [SERVICE, TIMER]);
      assert.deepEqual(commands, []);
    }
  });

  test('what is not ours stays, and its timer goes on', async () => {
    const { run, files, commands, warnings } = machine({ files: { ...SYSTEMD, [TIMER]: 'x', [CRON]: 'y' } });
    assert.equal(await run({ action: 'remove' }), 0);
    assert.equal(files.size, 3);
    assert.deepEqual(commands, []);
    assert.deepEqual(warnings(), ['foreign-timer', 'foreign-timer', 'no-timer']);
  });

  test('only root', async () => {
    const { run, files } = machine({ files: ours, uid: 1000 });
    await rejection(run({ action: 'remove' }), 'needs-root');
    assert.equal(files.size, 3);
  });
});

describe('show', () => {
  const output =
    'Id=evercert.timer\nActiveState=active\nNextElapseUSecRealtime=Mon 2026-06-01 13:17:00 UTC\n';
  const units = { ...SYSTEMD, [SERVICE]: FIRST_LINE, [TIMER]: FIRST_LINE };

  test('a timer that waits: 0', async () => {
    const { run, events } = machine({ files: units, answers: { show: { ok: true, output } } });
    assert.equal(await run({ action: 'show' }), 0);
    const [event] = events;
    assert.ok(event?.type === 'timer' && event.active && event.path === TIMER);
    assert.equal(event.nextRunAt, Date.parse('2026-06-01T13:17:00Z'));
  });

  test('one that does not, or of which systemd tells nothing: 1', async () => {
    const stopped = { ok: true, output: output.replace('active\n', 'inactive\n') };
    for (const show of [stopped, { ok: false, output: 'not found' }]) {
      const { run, events } = machine({ files: units, answers: { show } });
      assert.equal(await run({ action: 'show' }), 1);
      assert.ok(events[0]?.type === 'timer' && !events[0].active);
    }
  });

  test('none: 1', async () => {
    const { run, warnings } = machine({ files: SYSTEMD });
    assert.equal(await run({ action: 'show' }), 1);
    assert.deepEqual(warnings(), ['no-timer']);
  });

  test('cron: 0, and when it runs next; both: warned', async () => {
    const { run, files, events, warnings } = machine({ files: { [CRON]: cronFile(30, ['x']) } });
    assert.equal(await run({ action: 'show' }), 0);
    assert.ok(events[0]?.type === 'timer' && (events[0].nextRunAt ?? 0) > NOW);
    files.set(TIMER, FIRST_LINE);
    await run({ action: 'show' });
    assert.deepEqual(warnings(), ['two-timers']);
  });
});
