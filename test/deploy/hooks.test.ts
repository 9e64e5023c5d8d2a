import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Deployment, Hook } from '../../src/deploy/hook-plan.ts';
import { createHooks } from '../../src/deploy/hooks.ts';
import type { Event } from '../../src/events.ts';
import type { RunShell } from '../../src/system/process.ts';
import { rejection } from '../unit-kit/expect.ts';
import { memoryReader } from '../unit-kit/reader.ts';

interface Call {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly timeoutMs: number;
  readonly aborted: boolean;
}

const deployment: Deployment = {
  lineage: 'a.example',
  names: ['a.example'],
  livePath: '/live',
  versionDirectory: '/v2',
  previousDirectory: '/v1',
};

const hook = (command: string): Hook => ({ name: command, command });
const OK = { ok: true, outcome: 'exit 0' };
const BAD = { ok: false, outcome: 'exit 1' };

/** Hooks whose commands succeed unless they begin with `false`. */
function rig(files: Readonly<Record<string, string>> = {}) {
  const calls: Call[] = [];
  const events: Event[] = [];
  const controller = new AbortController();
  let running = 0;
  const run: RunShell = async (command, env, timeoutMs, signal) => {
    calls.push({ command, env, timeoutMs, aborted: signal.aborted });
    running += 1;
    await Promise.resolve();
    assert.equal(running, 1, 'no two hooks at a time');
    running -= 1;
    const ok = !/^'?(?:false|\/bad)/.test(command);
    if (command.startsWith('false and a signal')) controller.abort();
    return { ok, outcome: ok ? 'exit 0' : 'exit 1', output: '', stdout: '', ms: 1 };
  };
  const hooks = createHooks({
    disk: memoryReader({ files, executable: Object.keys(files) }),
    run,
    emit: (event) => events.push(event),
    signal: controller.signal,
    environment: { BASE: '1' },
    directory: '/hooks',
    timeoutMs: 600_000,
  });
  const commands = () => calls.map(({ command }) => command);
  return { hooks, calls, events, controller, commands };
}

test('pre: each command once in a run, those of the directory first', async () => {
  const { hooks, commands } = rig({ '/hooks/pre/x': '' });
  await Promise.all([hooks.pre('stop'), hooks.pre('stop'), hooks.pre('other')]);
  await hooks.pre(undefined);
  assert.deepEqual(commands(), ["'/hooks/pre/x'", 'stop', 'other']);
});

test('pre: one that failed counts for all, and the next one is not run', async () => {
  const { hooks, commands } = rig({ '/hooks/pre/x': '' });
  const first = rejection(hooks.pre('false'), 'hook-failed');
  assert.match((await first).message, /^pre hook: false$/);
  assert.match((await rejection(hooks.pre('false'), 'hook-failed')).message, /^pre hook: false$/);
  await hooks.pre('true');
  assert.deepEqual(commands(), ["'/hooks/pre/x'", 'false', 'true']);
});

test('pre: what an interruption ended is no failure of the hook', async () => {
  const { hooks, controller } = rig();
  const reason = new TypeError('stop');
  controller.abort(reason);
  await assert.rejects(hooks.pre('false'), reason);
});

test('deploy: all are run, also when one fails, with what they are told', async () => {
  const { hooks, calls, events } = rig();
  const ended = await hooks.deploy([hook('false 1'), hook('x'), hook('y')], deployment);
  assert.deepEqual(
    ended.map((each) => each?.outcome),
    ['exit 1', 'exit 0', 'exit 0'],
  );
  assert.deepEqual(
    calls.map(({ command }) => command),
    ['false 1', 'x', 'y'],
  );
  assert.deepEqual(
    [calls[0]?.env.BASE, calls[0]?.env.EVERCERT_VERSION_DIR, calls[0]?.timeoutMs],
    ['1', '/v2', 600_000],
  );
  assert.deepEqual(
    events.map((event) => event.type === 'hook' && [event.kind, event.lineage, event.name, event.ok]),
    [
      ['deploy', 'a.example', 'false 1', false],
      ['deploy', 'a.example', 'x', true],
      ['deploy', 'a.example', 'y', true],
    ],
  );
});

test('deploy: neither the hook that an interruption ended nor those after it have failed', async () => {
  const { hooks, commands } = rig();
  const ended = await hooks.deploy([hook('x'), hook('false and a signal'), hook('y')], deployment);
  assert.deepEqual([ended[0]?.ok, ended[1], ended[2]], [true, undefined, undefined]);
  assert.deepEqual(commands(), ['x', 'false and a signal']);
});

test('reload: told of all that it runs for; of a single one also what certbot tells', async () => {
  const { hooks, calls, events } = rig();
  const other = { ...deployment, lineage: 'b.example', names: ['b.example', 'c.example'], livePath: '/b' };
  const told = await hooks.reload(hook('false'), [deployment, other]);
  assert.deepEqual({ ok: told?.ok, outcome: told?.outcome }, BAD);
  const alone = await hooks.reload(hook('x'), [other]);
  assert.deepEqual({ ok: alone?.ok, outcome: alone?.outcome }, OK);
  const shown = calls.map(({ env }) => [env.RENEWED_LINEAGE, env.RENEWED_DOMAINS, env.EVERCERT_LINEAGES]);
  assert.deepEqual(shown, [
    [undefined, 'a.example b.example c.example', 'a.example b.example'],
    ['/b', 'b.example c.example', 'b.example'],
  ]);
  assert.deepEqual(
    events.map((event) => event.type === 'hook' && [event.kind, event.lineage, event.ok]),
    [
      ['reload', undefined, false],
      ['reload', 'b.example', true],
    ],
  );
});

test('hooks of several lineages run in turn, after a failure too', async () => {
  const { hooks, commands } = rig();
  const all = ['false', 'true', 'x'].map((command) => hooks.deploy([hook(command)], deployment));
  await Promise.all([...all, hooks.pre('p'), hooks.reload(hook('r'), [deployment])]);
  assert.deepEqual(commands(), ['false', 'true', 'x', 'p', 'r']);
});

test("dehydrated's scripts hear of the beginning once, and of the end with what failed", async () => {
  const { hooks, commands } = rig({ '/hooks/pre/x': '', '/hooks/post/y': '' });
  hooks.begun(undefined);
  await hooks.pre(undefined, ['/a.sh']);
  await hooks.pre(undefined, ['/a.sh', '/b.sh']);
  assert.equal(await hooks.post(['a.example'], ['b.example']), true);
  assert.deepEqual(commands(), [
    "'/a.sh' 'startup_hook'",
    "'/hooks/pre/x'",
    "'/b.sh' 'startup_hook'",
    "'/hooks/post/y'",
    "'/a.sh' 'exit_hook' 'failed: b.example'",
    "'/b.sh' 'exit_hook' 'failed: b.example'",
  ]);
});

test('a script that fails at the beginning holds up its lineages; that it fails at the end matters to nobody', async () => {
  const { hooks, commands } = rig();
  hooks.begun(undefined);
  const { message } = await rejection(hooks.pre('next', ['/bad.sh']), 'hook-failed');
  assert.equal(message, 'pre hook: /bad.sh startup_hook');
  assert.equal(await hooks.post([], []), true);
  assert.deepEqual(commands(), ["'/bad.sh' 'startup_hook'", "'/bad.sh' 'exit_hook'"]);
});

test('post: none when nothing was begun', async () => {
  const { hooks, commands } = rig({ '/hooks/post/x': '' });
  assert.equal(await hooks.post(['a.example'], []), true);
  assert.deepEqual(commands(), []);
});

test('post: the directory once, each configured command once', async () => {
  const { hooks, calls, commands } = rig({ '/hooks/post/x': '' });
  for (const command of ['start', undefined, 'start', 'other', '/hooks/post/x']) hooks.begun(command);
  assert.equal(await hooks.post(['a.example', 'b.example'], ['c.example']), true);
  assert.deepEqual(commands(), ["'/hooks/post/x'", 'start', 'other']);
  assert.deepEqual(
    [calls[0]?.env.RENEWED_DOMAINS, calls[0]?.env.FAILED_DOMAINS],
    ['a.example b.example', 'c.example'],
  );
});

test('post: false when one failed, and the rest is run', async () => {
  const { hooks, commands } = rig();
  hooks.begun('false');
  hooks.begun('start');
  assert.equal(await hooks.post([], []), false);
  assert.deepEqual(commands(), ['false', 'start']);
});

test('post: after an interruption with a signal of its own and little time', async () => {
  const { hooks, calls, controller } = rig();
  hooks.begun('start');
  controller.abort();
  await hooks.post([], []);
  assert.deepEqual([calls[0]?.aborted, calls[0]?.timeoutMs], [false, 5000]);
});
