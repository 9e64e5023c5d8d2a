import assert from 'node:assert/strict';
import { test } from 'node:test';
import { composeMail, defaultSender } from '../../src/notify/mail.ts';
import { NOW } from '../unit-kit/clock.ts';

const ENVELOPE = { from: 'evercert@web1', to: ['a@b.example', 'root'] };
const letter = (title: string, text: string) => ({ title, text, urgent: true });
const compose = (title: string, text = 'ok\n', host = 'web1') =>
  composeMail(ENVELOPE, letter(title, text), host, NOW);

/** The header of that name, unfolded. */
function header(mail: string, name: string): string {
  const [head = ''] = mail.split('\n\n');
  const found = head
    .replaceAll('\n ', ' ')
    .split('\n')
    .filter((line) => line.startsWith(`${name}: `));
  assert.equal(found.length, 1, name);
  return found[0]?.slice(name.length + 2) ?? '';
}

const body = (mail: string) => mail.slice(mail.indexOf('\n\n') + 2);

test('a plain message', () => {
  const id = header(compose('all is lost', 'one\n.\ntwo\n'), 'Message-ID');
  assert.match(id, /^<[0-9a-f]{32}@web1>$/);
  assert.equal(
    compose('all is lost', 'one\n.\ntwo\n'),
    `From: evercert@web1
To: a@b.example,
 root
Subject: all is lost
Date: Mon, 01 Jun 2026 12:00:00 +0000
Message-ID: ${id}
Auto-Submitted: auto-generated
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 7bit

one
.
two
`,
  );
});

for (const title of ['größer', 'ü'.repeat(100), '🙂'.repeat(60), '=?UTF-8?B?eA==?=']) {
  test(`a title in words of RFC 2047: ${title.slice(0, 20)}`, () => {
    const encoded = header(compose(title), 'Subject').split(' ');
    for (const word of encoded) assert.match(word, /^(?=.{1,75}$)=\?UTF-8\?B\?[A-Za-z0-9+/]+=*\?=$/);
    const words = encoded.map((word) => Buffer.from(word.slice(10, -2), 'base64').toString());
    assert.ok(words.every((word) => !word.includes('\uFFFD')));
    assert.equal(words.join(''), title);
  });
}

test('a body that is not ASCII, or has long lines, is base64 in lines of 76', () => {
  for (const text of ['größer\n', `${'x'.repeat(999)}\n`, 'a\tb\n']) {
    const mail = compose('x', text);
    assert.equal(header(mail, 'Content-Transfer-Encoding'), 'base64');
    assert.ok(
      body(mail)
        .split('\n')
        .every((line) => line.length <= 76),
    );
    assert.equal(Buffer.from(body(mail), 'base64').toString(), text);
  }
});

test('no title makes a header', () => {
  for (const title of ['x\nBcc: y@z.example', 'x\r\n\r\nbody', 'ü\nBcc: y@z.example']) {
    const mail = compose(title);
    assert.equal(mail.split('\n\n').length, 2);
    assert.doesNotMatch(mail, /^Bcc|\r/m);
  }
});

test('a host name that is none makes no header and no address', () => {
  for (const host of ['x\nBcc: y', 'a b', '', '-x']) {
    assert.equal(defaultSender(host), 'evercert@localhost');
    assert.match(header(compose('x', 'y\n', host), 'Message-ID'), /@localhost>$/);
  }
  assert.equal(defaultSender('web1.example'), 'evercert@web1.example');
});
