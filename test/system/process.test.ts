import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRunShell, lookUpGroup } from '../../src/system/process.ts';
import { NEVER } from '../unit-kit/expect.ts';

const runShell = createRunShell(0o022);

const env = { PATH: process.env.PATH ?? '' };
const run = (command: string, timeoutMs = 20_000, signal = NEVER) =>
  runShell(command, env, timeoutMs, signal);

/** Whether a process (not a zombie that waits for its parent) is there. */
function isRunning(pid: string): boolean {
  try {
    process.kill(Number(pid), 0);
    return true;
  } catch {
    return false;
  }
}

async function gone(pid: string): Promise<void> {
  const until = performance.now() + 5000;
  while (isRunning(pid)) {
    assert.ok(performance.now() < until, `process ${pid} is still there`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

const OUTCOMES: readonly (readonly [string, boolean, string, string])[] = [
  ['true', true, 'exit 0', ''],
  ['exit 3', false, 'exit 3', ''],
  ['kill -9 $$', false, 'signal SIGKILL', ''],
  ['echo out; echo err >&2', true, 'exit 0', 'out\nerr\n'],
  ['/nonexistent/program 2>/dev/null', false, 'exit 127', ''],
  ['printf "%s" "ü"', true, 'exit 0', 'ü'],
];

for (const [command, ok, outcome, output] of OUTCOMES) {
  test(`${command}: ${outcome}`, async () => {
    const result = await run(command);
    assert.deepEqual([result.ok, result.outcome, result.output], [ok, outcome, output]);
    assert.ok(Number.isInteger(result.ms) && result.ms >= 0);
  });
}

test('the environment is the one given, stdin is empty', async () => {
  const { output } = await runShell(
    'env | grep -v -e ^NODE_V8_COVERAGE= -e ^PWD= -e ^_= -e ^SHLVL= -e ^OLDPWD= | sort; cat',
    { PATH: env.PATH, A: 'b c' },
    20_000,
    NEVER,
  );
  assert.equal(output, `A=b c\nPATH=${env.PATH}\n`);
});

test('of the output the end is kept', async () => {
  const { output } = await run('i=0; while [ $i -lt 20000 ]; do echo "line $i"; i=$((i+1)); done');
  assert.ok(output.startsWith('(what came before is left out)\n'));
  assert.ok(Buffer.byteLength(output) <= 32 * 1024 + 40);
  assert.ok(output.endsWith('line 19999\n'));
});

test('stdout is also there alone, whatever came between', async () => {
  const { stdout } = await run('echo a; echo b >&2; echo c; echo d >&2');
  assert.equal(stdout, 'a\nc\n');
});

test('of stdout alone the end is kept too, without a word of ours', async () => {
  const { stdout } = await run('i=0; while [ $i -lt 9000 ]; do echo "line $i"; i=$((i+1)); done');
  assert.equal(Buffer.byteLength(stdout), 32 * 1024);
  assert.ok(stdout.endsWith('line 8999\n'));
});

test('time is up: the shell and its children are ended', async () => {
  const { ok, outcome, output } = await run('echo $$; sleep 60 & echo $!; wait', 150);
  assert.deepEqual([ok, outcome], [false, 'timed out after 0.15 s']);
  for (const pid of output.trim().split('\n')) await gone(pid);
});

test('time is up: a shell that will not end is killed', async () => {
  const { outcome, output, ms } = await run(
    'trap "" TERM; echo $$; while :; do sleep 60 & wait $!; done',
    100,
  );
  assert.equal(outcome, 'timed out after 0.1 s');
  assert.ok(ms >= 1500, `SIGTERM comes first (${ms} ms)`);
  for (const pid of output.trim().split('\n')) await gone(pid);
});

test('time is up: an exit status of 0 is no success', async () => {
  const { ok } = await run('trap "exit 0" TERM; sleep 60 & wait', 100);
  assert.equal(ok, false);
});

test('time is up: a child has time to tidy up, though its shell is gone', async () => {
  const tidy =
    'sh -c \'trap "sleep 0.1; echo tidied; exit" TERM; echo ready; while :; do sleep 0.02; done\'; :';
  const { outcome, output } = await run(tidy, 400);
  assert.equal(outcome, 'timed out after 0.4 s');
  assert.match(output, /^ready\n(.*\n)?tidied\n/);
});

test('a child that is left running and holds stdout is not waited for', async () => {
  const { ok, output, ms } = await run('echo before; sleep 60 & echo $!');
  const [before, pid = ''] = output.trim().split('\n');
  assert.deepEqual([ok, before], [true, 'before']);
  assert.ok(ms < 10_000);
  assert.ok(isRunning(pid), 'a daemon that a hook starts stays');
  process.kill(Number(pid), 'SIGKILL');
});

test('an interruption ends the group', async () => {
  const controller = new AbortController();
  const running = run('sleep 60 & echo $!; wait', 20_000, controller.signal);
  setTimeout(() => controller.abort(), 50);
  const { ok, outcome, output } = await running;
  assert.deepEqual([ok, outcome], [false, 'interrupted']);
  if (output !== '') await gone(output.trim());
});

test('after an interruption nothing is started', async () => {
  assert.deepEqual(await run('true', 1000, AbortSignal.abort()), {
    ok: false,
    outcome: 'not started: interrupted',
    output: '',
    stdout: '',
    ms: 0,
  });
});

for (const [name, command] of Object.entries({
  'a NUL': 'echo a\0b',
  'too long': `: ${'x'.repeat(200_000)}`,
})) {
  test(`a command that cannot be started is no exception: ${name}`, async () => {
    const { ok, outcome } = await run(command);
    assert.equal(ok, false);
    assert.match(outcome, /^not started: /);
  });
}

test('groups: the number of a name; undefined for one that is none', async () => {
  assert.equal(await lookUpGroup('root'), 0);
  for (const name of ['no-such-group', '', '--help', 'root:x'])
    assert.equal(await lookUpGroup(name), undefined, name);
});

test('a hook has the umask that this process was started with, and this process keeps its own', async () => {
  const ours = process.umask();
  const { output } = await createRunShell(0o077)('umask', { PATH: process.env.PATH ?? '' }, 5000, NEVER);
  assert.match(output, /^0?077$/m);
  assert.equal(process.umask(), ours);
});

test('input is read from stdin, or not: neither holds up the shell', async () => {
  const text = `ü\n${'x'.repeat(200_000)}`;
  const { output } = await createRunShell(0o022, text)('wc -c', env, 20_000, NEVER);
  assert.equal(output.trim(), String(Buffer.byteLength(text)));
  assert.equal((await createRunShell(0o022, text)('exit 0', env, 20_000, NEVER)).ok, true);
});
