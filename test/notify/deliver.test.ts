import assert from 'node:assert/strict';
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { type DeliveryEdges, deliver } from '../../src/notify/deliver.ts';
import { parseTarget } from '../../src/notify/target.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { createHttpSender } from '../../src/system/http.ts';
import { createRunShell } from '../../src/system/process.ts';
import type { SmtpMail, SmtpServer } from '../../src/system/smtp.ts';
import { receiveHttp } from '../support/http-receiver.ts';
import { freePort } from '../support/rig/ports.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NOW } from '../unit-kit/clock.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { FAILED, RECOVERED } from '../unit-kit/notices.ts';

const MESSAGE = { notices: [FAILED, RECOVERED], host: 'web1', now: NOW };
const TITLE = 'evercert on web1: a.example cannot be renewed (order-failed) (and 1 more)';
const LIMITS = { connectTimeoutMs: 5000, timeoutMs: 5000, maxBytes: 1 << 16, maxSockets: 2 };

const noSmtp = async () => assert.fail('no mail server is asked');

function edgesWith(more: Partial<DeliveryEdges> = {}): DeliveryEdges {
  return {
    disk: systemDisk,
    http: async () => createHttpSender(LIMITS, undefined, {}),
    smtp: noSmtp,
    shellWith: (input) => createRunShell(0o022, input),
    commandEnvironment: { PATH: process.env.PATH ?? '' },
    token: undefined,
    smtpPassword: undefined,
    userAgent: 'unit/1',
    signal: NEVER,
    ...more,
  };
}

const send = (target: string, more: Partial<DeliveryEdges> = {}) =>
  deliver(parseTarget(target), MESSAGE, edgesWith(more));

test('a webhook gets the JSON, and the token', async (t) => {
  const { port, received } = await receiveHttp(t, () => 204);
  await send(`http://127.0.0.1:${port}/hook?x=1`);
  await send(`http://127.0.0.1:${port}/hook`, { token: 'TOKEN' });
  const [first, second] = received;
  assert.deepEqual([first?.path, first?.headers.authorization], ['/hook?x=1', undefined]);
  assert.deepEqual([first?.headers['user-agent'], second?.headers.authorization], ['unit/1', 'Bearer TOKEN']);
  const { source, host, notices } = JSON.parse(first?.body ?? '');
  assert.deepEqual([source, host, notices.length, notices[0].code], ['evercert', 'web1', 2, 'order-failed']);
});

test('ntfy gets its JSON at the root, with topic, title and priority', async (t) => {
  const { port, received } = await receiveHttp(t);
  await send(`ntfy+http://127.0.0.1:${port}/sub/alerts`, { token: 'TOKEN' });
  const [first] = received;
  assert.deepEqual([first?.path, first?.headers.authorization], ['/sub/', 'Bearer TOKEN']);
  const { message, ...rest } = JSON.parse(first?.body ?? '');
  assert.deepEqual(rest, { topic: 'alerts', title: TITLE, priority: 4, tags: ['warning'] });
  assert.match(message, /the CA said no/);
});

test('Slack gets text in which nothing is a link or a mention, and no token', async (t) => {
  const { port, received } = await receiveHttp(t);
  const notices = [{ ...FAILED, reasons: ['<!channel> & <http://evil.example|good>'] }];
  const target = parseTarget(`slack+http://127.0.0.1:${port}/services/x`);
  await deliver(target, { ...MESSAGE, notices }, edgesWith({ token: 'TOKEN' }));
  assert.deepEqual([received[0]?.path, received[0]?.headers.authorization], ['/services/x', undefined]);
  const { text } = JSON.parse(received[0]?.body ?? '');
  assert.match(text, /^\*evercert on web1: a\.example .*\*\n/);
  assert.ok(text.includes('&lt;!channel&gt; &amp; &lt;http://evil.example|good&gt;'));
});

test('an answer that is no success, nobody there: the secret of the URL is not told', async (t) => {
  const { port } = await receiveHttp(t, () => 302);
  for (const target of [
    `http://127.0.0.1:${port}/SECRET`,
    `slack+http://127.0.0.1:${await freePort()}/SECRET`,
  ]) {
    const { message, hint } = await rejection(send(target), 'connection-failed');
    assert.match(message, /status 302|connection refused/);
    assert.doesNotMatch(message + hint, /SECRET/);
  }
});

test('a command gets JSON on stdin and the letter in variables', async () => {
  const { directory } = scratchDirectory('notify');
  const variables = ['TITLE', 'KINDS', 'HOST', 'TEXT'].map((name) => `"$EVERCERT_NOTICE_${name}"`).join(' ');
  await send(`exec:cd ${directory}; cat >stdin; printf '%s\n' ${variables} >variables`);
  assert.equal(JSON.parse(readFileSync(`${directory}/stdin`, 'utf8')).notices.length, 2);
  const text = readFileSync(`${directory}/variables`, 'utf8');
  assert.ok(text.startsWith(`${TITLE}\nfailed recovered\nweb1\na.example cannot be renewed`), text);
});

test('a command that fails: status and output are told, the command is not', async () => {
  const { message } = await rejection(send('exec:echo sorry; : SECRET; exit 3'), 'connection-failed');
  assert.equal(message, 'exit 3: sorry');
});

test('time is up, or the run is interrupted', async (t) => {
  t.mock.method(AbortSignal, 'timeout', () => AbortSignal.abort());
  assert.equal(
    (await rejection(send('exec:sleep 60'), 'connection-failed')).message,
    'no answer within 15 s',
  );
  t.mock.restoreAll();
  const reason = new TypeError('enough');
  await assert.rejects(send('exec:sleep 60', { signal: AbortSignal.abort(reason) }), reason);
});

/** A stand-in for sendmail, first in PATH, that keeps its arguments and stdin. */
function fakeSendmail(script: string) {
  const { directory } = scratchDirectory('sendmail');
  mkdirSync(`${directory}/bin`);
  writeFileSync(`${directory}/bin/sendmail`, `#!/bin/sh\ncd ${directory}\n${script}\n`);
  chmodSync(`${directory}/bin/sendmail`, 0o755);
  return { directory, commandEnvironment: { PATH: `${directory}/bin:${process.env.PATH}` } };
}

test('sendmail: recipients stand in the headers, not in the arguments', async () => {
  const { directory, commandEnvironment } = fakeSendmail('echo "$@" >args; cat >message');
  await send('mailto:a@b.example,root?from=x@y.example', { commandEnvironment });
  assert.equal(readFileSync(`${directory}/args`, 'utf8'), '-i -t\n');
  const message = readFileSync(`${directory}/message`, 'utf8');
  assert.ok(message.startsWith(`From: x@y.example\nTo: a@b.example,\n root\nSubject: ${TITLE}\n`), message);
  const failing = fakeSendmail('echo no such user >&2; exit 67');
  const { message: why } = await rejection(send('mailto:a@b.example', failing), 'connection-failed');
  assert.equal(why, 'exit 67: no such user');
});

async function smtpCall(t: TestContext, target: string, more: Partial<DeliveryEdges> = {}) {
  const calls: (readonly [SmtpServer, SmtpMail])[] = [];
  const smtp = async () => async (server: SmtpServer, mail: SmtpMail) => {
    calls.push([server, mail]);
    return ['gone@b.example'];
  };
  assert.deepEqual(await send(target, { smtp, ...more }), ['gone@b.example']);
  const [[server, mail] = assert.fail(t.name)] = calls;
  return { server, mail };
}

test('SMTP: TLS is a must but on loopback; password from the variable or the file', async (t) => {
  const { directory } = scratchDirectory('password');
  const file = `${directory}/password`;
  writeFileSync(file, 'FROM FILE\n', { mode: 0o600 });
  const remote = await smtpCall(t, 'smtps://me@mail.example?to=a@b.example', {
    smtpPassword: 'FROM VARIABLE',
  });
  assert.deepEqual(
    [remote.server.mustBeSecure, remote.server.login],
    [true, { user: 'me', pass: 'FROM VARIABLE' }],
  );
  assert.deepEqual([remote.mail.from, remote.mail.to], ['evercert@web1', ['a@b.example']]);
  const local = await smtpCall(t, `smtp://me@[::1]?to=a@b.example&passwordFile=${file}`, {
    smtpPassword: 'x',
  });
  assert.deepEqual([local.server.mustBeSecure, local.server.login?.pass], [false, 'FROM FILE']);
  const open = await smtpCall(t, 'smtp://localhost:25?to=a@b.example', { smtpPassword: 'x' });
  assert.equal(open.server.login, undefined);
});

test('SMTP: a password file that all can read, that is empty or missing is refused', async () => {
  const { directory } = scratchDirectory('password');
  const file = `${directory}/password`;
  const target = `smtp://me@mail.example?to=a@b.example&passwordFile=${file}`;
  const why = async () => (await rejection(send(target), 'connection-failed')).message;
  assert.match(await why(), /there is no password in/);
  writeFileSync(file, 'SECRET');
  chmodSync(file, 0o604);
  assert.match(await why(), /everyone can read .*password: chmod 600/);
  writeFileSync(file, '\n');
  chmodSync(file, 0o600);
  assert.match(await why(), /there is no password in/);
  const none = await rejection(send('smtp://me@mail.example?to=a@b.example'), 'connection-failed');
  assert.match(none.message, /\$EVERCERT_SMTP_PASSWORD/);
});
