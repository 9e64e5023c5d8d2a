import assert from 'node:assert/strict';
import { readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import type { Event } from '../../src/events.ts';
import type { LineageHealth } from '../../src/health/health.ts';
import { type NotifyEdges, notify, sendTest } from '../../src/notify/notify.ts';
import { parseTargets } from '../../src/notify/target.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { createHttpSender } from '../../src/system/http.ts';
import { createRunShell } from '../../src/system/process.ts';
import { receiveHttp } from '../support/http-receiver.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NOW } from '../unit-kit/clock.ts';
import { NEVER } from '../unit-kit/expect.ts';

const HOUR = 3_600_000;
const SOUND: LineageHealth = { lineage: 'a.example', names: [], failures: 0, deployPending: [] };
const FAILING: LineageHealth = {
  ...SOUND,
  failures: 3,
  failure: { code: 'order-failed', message: 'no', hint: 'ask', urgent: true },
};

function runs(targets: readonly string[]) {
  const memoryPath = `${scratchDirectory('notify').directory}/.notices.json`;
  const events: Event[] = [];
  const options = { targets: parseTargets(targets, undefined), expiryDays: 7, memoryPath, host: 'web1' };
  const edgesOf = (signal: AbortSignal): NotifyEdges => ({
    disk: systemDisk,
    http: async () =>
      createHttpSender(
        { connectTimeoutMs: 5000, timeoutMs: 5000, maxBytes: 1 << 16, maxSockets: 2 },
        undefined,
        {},
      ),
    smtp: async () => async () => ['gone@b.example'],
    shellWith: (input) => createRunShell(0o022, input),
    commandEnvironment: { PATH: process.env.PATH ?? '' },
    token: undefined,
    smtpPassword: undefined,
    userAgent: 'unit/1',
    emit: (event) => void events.push(event),
    signal,
  });
  const run = (hour: number, health: LineageHealth, signal = NEVER, path = memoryPath) =>
    notify([health], { ...options, memoryPath: path }, edgesOf(signal), NOW + hour * HOUR);
  const check = () => sendTest(options, edgesOf(NEVER), NOW);
  const warnings = () =>
    events
      .splice(0)
      .map((event) => (event.type === 'warning' ? `${event.code} ${event.detail}` : event.type));
  return { run, check, warnings, memoryPath };
}

const kinds = (received: readonly { body: string }[]) =>
  received.map(({ body }) =>
    JSON.parse(body)
      .notices.map(({ kind }: { kind: string }) => kind)
      .join(' '),
  );

test('each target by itself: what did not arrive is a warning, and comes with the next run', async (t) => {
  const good = await receiveHttp(t);
  let status = 500;
  const bad = await receiveHttp(t, () => status);
  const { run, warnings, memoryPath } = runs([
    `http://127.0.0.1:${good.port}/SECRET`,
    `http://127.0.0.1:${bad.port}/SECRET`,
  ]);
  await run(0, FAILING);
  assert.deepEqual(warnings(), [`notice-not-sent http://127.0.0.1:${bad.port}: it answered with status 500`]);
  status = 200;
  await run(1, FAILING);
  await run(2, FAILING);
  await run(3, SOUND);
  await run(4, SOUND);
  assert.deepEqual(kinds(good.received), ['failed', 'recovered']);
  assert.deepEqual(kinds(bad.received), ['failed', 'failed', 'recovered']);
  assert.deepEqual(warnings(), []);
  await run(5, FAILING);
  assert.equal(statSync(memoryPath).mode & 0o777, 0o600);
  assert.doesNotMatch(readFileSync(memoryPath, 'utf8'), /SECRET|127/);
});

test('nothing to tell: no file is made', async () => {
  const { run, memoryPath } = runs(['exec:exit 1']);
  await run(0, SOUND);
  assert.equal(systemDisk.exists(memoryPath), false);
});

test('a memory that cannot be kept is a warning', async () => {
  const { run, warnings } = runs(['exec:true']);
  await run(0, FAILING, NEVER, '/nonexistent/.notices.json');
  assert.match(warnings().join(), /^notices-forgotten .*\/nonexistent/);
});

test('after an interruption nothing is sent, and nothing is remembered as sent', async (t) => {
  const { port, received } = await receiveHttp(t);
  const { run, warnings } = runs([`http://127.0.0.1:${port}/`]);
  await run(0, FAILING, AbortSignal.abort(new TypeError('enough')));
  assert.deepEqual([received.length, warnings()], [0, []]);
  await run(1, FAILING);
  assert.equal(received.length, 1);
});

test('what a target was told is forgotten a month after it was taken away', async () => {
  const { run, memoryPath } = runs(['exec:true']);
  await run(0, FAILING);
  const other = runs([]);
  await other.run(24 * 29, SOUND, NEVER, memoryPath);
  assert.match(readFileSync(memoryPath, 'utf8'), /order-failed/);
  await other.run(24 * 30, SOUND, NEVER, memoryPath);
  assert.doesNotMatch(readFileSync(memoryPath, 'utf8'), /order-failed/);
});

test('a test is sent whenever it is asked for, and tells whether it arrived', async (t) => {
  const { port, received } = await receiveHttp(t);
  const good = runs([`http://127.0.0.1:${port}/`]);
  assert.deepEqual([await good.check(), await good.check(), good.warnings()], [true, true, []]);
  assert.deepEqual(kinds(received), ['test', 'test']);
  const bad = runs([`http://127.0.0.1:${port}/`, 'exec:exit 7']);
  assert.equal(await bad.check(), false);
  assert.deepEqual(bad.warnings(), ['notice-not-sent exec: exit 7']);
});

test('an address that is refused beside others is a warning, and the others have no second mail', async () => {
  const { run, warnings } = runs(['smtp://mail.example?to=a@b.example,gone@b.example']);
  await run(0, FAILING);
  await run(1, FAILING);
  assert.deepEqual(warnings(), ['notice-not-sent smtp://mail.example:587: it refused gone@b.example']);
});
