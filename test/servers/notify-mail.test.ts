import 'reflect-metadata';
import assert from 'node:assert/strict';
import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { deliver } from '../../src/notify/deliver.ts';
import { parseTarget } from '../../src/notify/target.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { createRunShell } from '../../src/system/process.ts';
import { sendSmtp } from '../../src/system/smtp.ts';
import { createAuthority } from '../support/rig/authority.ts';
import { executable } from '../support/rig/executables.ts';
import { startPostfix } from '../support/rig/postfix.ts';
import { during, until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { FAILED } from '../unit-kit/notices.ts';
import { createShell } from './documented.ts';
import { shellCommand } from './kit.ts';

/** A Postfix that puts all mail to example.test into a maildir, and a way to send a notice by it. */
async function postOffice(t: TestContext) {
  const { directory } = scratchDirectory('post-office');
  chmodSync(directory, 0o777);
  const combined = join(directory, 'combined.pem');
  const { key, certificate } = await (await createAuthority()).issue(['mail.example.test']);
  writeFileSync(combined, `${key}${certificate}`, { mode: 0o600 });
  const settings = [`smtpd_tls_chain_files = ${combined}`, 'smtpd_tls_security_level = encrypt'];
  const postfix = await during(t, startPostfix({ settings, inboxIn: directory }));
  const shell = createShell(directory);
  shell.define('sendmail', `exec ${shellCommand([executable('sendmail'), '-C', postfix.config])} "$@"`);
  const inbox = join(directory, 'inbox', 'new');
  const messages = () => (existsSync(inbox) ? readdirSync(inbox) : []);
  const send = async (target: string) => {
    await deliver(
      parseTarget(target),
      { notices: [{ ...FAILED, reasons: ['größer\n.\n'] }], host: 'web1', now: Date.now() },
      {
        disk: systemDisk,
        http: async () => assert.fail('no web server is asked'),
        smtp: async () => sendSmtp,
        shellWith: (input) => createRunShell(0o022, input),
        commandEnvironment: { PATH: shell.env.PATH ?? '' },
        token: undefined,
        smtpPassword: undefined,
        userAgent: 'unit/1',
        signal: NEVER,
      },
    );
    await until('the mail is in the box', () => messages().length === 1);
    return readFileSync(join(inbox, messages()[0] ?? ''), 'utf8');
  };
  return { postfix, send };
}

function assertIsNotice(mail: string): void {
  assert.match(mail, /^From: evercert@web1$/m);
  assert.match(mail, /^Subject: evercert on web1: a\.example cannot be renewed \(order-failed\)$/m);
  assert.match(mail, /^Auto-Submitted: auto-generated$/m);
  assert.match(mail, /^Content-Transfer-Encoding: base64$/m);
  const body = Buffer.from(mail.slice(mail.indexOf('\n\n') + 2), 'base64').toString();
  assert.match(body, /^a\.example cannot be renewed \(order-failed\)\n {2}größer \.\n/);
}

describe('notices by mail', { skip: skipWithout(['postfix', 'root']) }, () => {
  test("Postfix' sendmail takes a notice and delivers it", async (t) => {
    const { send, postfix } = await postOffice(t);
    assertIsNotice(await send('mailto:admin@example.test?from=evercert@web1'));
    assert.match(postfix.log(), /pickup\[\d+\]: /);
  });

  test('Postfix, which wants STARTTLS, takes a notice by SMTP and delivers it', async (t) => {
    const { send, postfix } = await postOffice(t);
    const mail = await send(`smtp://localhost:${postfix.smtpPort}?to=admin@example.test`);
    assertIsNotice(mail);
    assert.match(mail, /with ESMTPS/);
  });
});
