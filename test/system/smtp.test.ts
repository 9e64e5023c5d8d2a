import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type SmtpServer, sendSmtp } from '../../src/system/smtp.ts';
import { createAuthority } from '../support/rig/authority.ts';
import { freePort } from '../support/rig/ports.ts';
import { receiveSmtp } from '../support/smtp-server.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';

const tls = await (await createAuthority()).issue(['mail.example.test']);
const login = { user: 'me', pass: 'PASSWORD' };
const MAIL = {
  from: 'a@b.example',
  to: ['c@d.example', 'e@f.example'],
  message: 'Subject: x\n\n.\n..two\nüber\n',
};

const on = (port: number, more: Partial<SmtpServer> = {}): SmtpServer => ({
  host: '127.0.0.1',
  port,
  implicitTls: false,
  mustBeSecure: false,
  login: undefined,
  ...more,
});

test('a message arrives as it was, for all', async (t) => {
  const { port, sessions } = await receiveSmtp(t, {});
  await sendSmtp(on(port), MAIL, NEVER);
  assert.equal(sessions[0]?.message, MAIL.message);
  const told = sessions[0]?.commands
    .filter((line) => /^(MAIL|RCPT)/.test(line))
    .map((line) => line.split(' BODY')[0]);
  assert.deepEqual(told, ['MAIL FROM:<a@b.example>', 'RCPT TO:<c@d.example>', 'RCPT TO:<e@f.example>']);
});

test('STARTTLS and the password, the password under TLS only', async (t) => {
  const { port, sessions } = await receiveSmtp(t, { tls, login });
  await sendSmtp(on(port, { login }), MAIL, NEVER);
  const [session] = sessions;
  assert.deepEqual([session?.secure, session?.message], [true, MAIL.message]);
  const { commands = [] } = session ?? {};
  assert.ok(commands.indexOf('STARTTLS') < commands.findIndex((line) => line.startsWith('AUTH')));
});

test('a server without STARTTLS hears neither password nor message, if it must be secure', async (t) => {
  const { port, sessions } = await receiveSmtp(t, { login, authInTheClear: true });
  await rejection(sendSmtp(on(port, { login, mustBeSecure: true }), MAIL, NEVER), 'connection-failed');
  assert.doesNotMatch(sessions[0]?.commands.join('\n') ?? '', /AUTH|MAIL/);
});

test('nor does one whose certificate nobody trusts', async (t) => {
  const { port, sessions } = await receiveSmtp(t, { tls, login });
  await rejection(sendSmtp(on(port, { login, mustBeSecure: true }), MAIL, NEVER), 'connection-failed');
  assert.doesNotMatch(sessions[0]?.commands.join('\n') ?? '', /AUTH|MAIL/);
});

test('refusals: of the password, of a recipient; no secret is in the message', async (t) => {
  const strict = await receiveSmtp(t, { tls, login });
  const wrong = await rejection(
    sendSmtp(on(strict.port, { login: { user: 'me', pass: 'SECRET' } }), MAIL, NEVER),
    'connection-failed',
  );
  assert.match(wrong.message, /^127\.0\.0\.1:\d+: .*535 wrong password/);
  assert.ok(
    !wrong.message.includes('SECRET') &&
      !wrong.message.includes(Buffer.from('\0me\0SECRET').toString('base64')),
  );
  const choosy = await receiveSmtp(t, { unknown: 'e@f.example' });
  assert.deepEqual(await sendSmtp(on(choosy.port), MAIL, NEVER), ['e@f.example']);
  assert.equal(choosy.sessions[0]?.message, MAIL.message);
  await rejection(sendSmtp(on(choosy.port), { ...MAIL, to: ['e@f.example'] }, NEVER), 'connection-failed');
});

test('nobody listens; one says nothing until time is up', async (t) => {
  const refused = await rejection(sendSmtp(on(await freePort()), MAIL, NEVER), 'connection-failed');
  assert.match(refused.message, /ECONNREFUSED/);
  const { port } = await receiveSmtp(t, { silent: true });
  const reason = new TypeError('enough');
  const controller = new AbortController();
  setTimeout(() => controller.abort(reason), 100);
  await assert.rejects(sendSmtp(on(port), MAIL, controller.signal), reason);
});
