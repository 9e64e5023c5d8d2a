import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isLoopback, parseTarget, parseTargets } from '../../src/notify/target.ts';
import { failure } from '../unit-kit/expect.ts';

const SMTP = {
  kind: 'smtp',
  label: 'smtp://mail.example:587',
  host: 'mail.example',
  port: 587,
  implicitTls: false,
  user: undefined,
  passwordFile: undefined,
  to: ['a@b.example'],
  from: undefined,
};

const GOOD: Readonly<Record<string, object>> = {
  'mailto:a@b.example': { kind: 'mail', label: 'mailto:a@b.example', to: ['a@b.example'], from: undefined },
  'MAILTO:root': { kind: 'mail', label: 'mailto:root', to: ['root'], from: undefined },
  'mailto:a+x@b.example,%63@d.example?from=e+f@g.example': {
    kind: 'mail',
    label: 'mailto:a+x@b.example,c@d.example',
    to: ['a+x@b.example', 'c@d.example'],
    from: 'e+f@g.example',
  },
  'smtp://mail.example?to=a@b.example': SMTP,
  'smtps://me%40x.example@mail.example/?to=a@b.example,c+d@e.example&passwordFile=/etc/p%20w': {
    ...SMTP,
    label: 'smtps://mail.example:465',
    port: 465,
    implicitTls: true,
    user: 'me@x.example',
    passwordFile: '/etc/p w',
    to: ['a@b.example', 'c+d@e.example'],
    from: 'me@x.example',
  },
  'smtp://[::1]:2525?to=root&from=x@y.example': {
    ...SMTP,
    label: 'smtp://[::1]:2525',
    host: '::1',
    port: 2525,
    to: ['root'],
    from: 'x@y.example',
  },
  'https://u.example/secret?x=1': {
    kind: 'webhook',
    label: 'https://u.example',
    url: 'https://u.example/secret?x=1',
  },
  'http://127.0.0.1:81/': { kind: 'webhook', label: 'http://127.0.0.1:81', url: 'http://127.0.0.1:81/' },
  'ntfy+https://n.example/sub/topic': {
    kind: 'ntfy',
    label: 'ntfy+https://n.example',
    url: 'https://n.example/sub/topic',
  },
  'ntfy+http://localhost:1/t': {
    kind: 'ntfy',
    label: 'ntfy+http://localhost:1',
    url: 'http://localhost:1/t',
  },
  'slack+https://hooks.slack.com/services/T/B/x': {
    kind: 'slack',
    label: 'slack+https://hooks.slack.com',
    url: 'https://hooks.slack.com/services/T/B/x',
  },
  'exec:wall "a: b"': { kind: 'command', label: 'exec', command: 'wall "a: b"' },
};

for (const [text, target] of Object.entries(GOOD)) {
  test(text, () => assert.deepEqual(parseTarget(text), { text, ...target }));
}

const BAD = [
  '',
  'SECRET@b.example',
  'ftp://SECRET.example/',
  'constructor:SECRET',
  'mailto:',
  'mailto:SECRET b@c.example',
  'mailto:a@b.example%0ABcc:SECRET@d.example',
  'mailto:-oSECRET@b.example',
  'mailto:a@-SECRET.example',
  'mailto:<SECRET@b.example>',
  'mailto:a@b.example,,SECRET@d.example',
  'mailto:a@b.example?subject=SECRET',
  'mailto:a@b.example?from=a@b&from=SECRET',
  'mailto:SECRET%zz',
  `mailto:${'a'.repeat(65)}SECRET@b.example`,
  'smtp://me:SECRET@mail.example?to=a@b.example',
  'smtp://mail.example?SECRET',
  'smtp://mail.example/SECRET?to=a@b.example',
  'smtp://?to=SECRET@b.example',
  'smtp:mail.example?to=SECRET@b.example',
  'smtp://mail.example:99999?to=SECRET@b.example',
  'http://u.example/SECRET',
  'http://127.0.0.1.evil.example/SECRET',
  'slack+http://u.example/SECRET',
  'https://me:SECRET@u.example/',
  'https://SECRET@u.example/',
  'https://',
  'ntfy+https://n.example/SECRET/',
  'ntfy+https://n.example/',
  'gopher+https://n.example/SECRET',
  'exec:',
  'exec: ',
  'exec:SECRET\0',
  `https://u.example/SECRET${'x'.repeat(4000)}`,
];

for (const text of BAD) {
  test(`refused, with an example and without secrets: ${JSON.stringify(text.slice(0, 60))}`, () => {
    const { message, hint } = failure(() => parseTarget(text), 'usage');
    assert.doesNotMatch(`${message}${hint}`, /SECRET/);
    assert.match(hint, /Write it like \S+/);
  });
}

test('those of the variable come after the others, once each', () => {
  const targets = parseTargets(['mailto:a', 'mailto:b'], ' mailto:b\n\thttps://c.example/x ');
  assert.deepEqual(
    targets.map(({ label }) => label),
    ['mailto:a', 'mailto:b', 'https://c.example'],
  );
  assert.deepEqual(parseTargets([], undefined), []);
  failure(
    () =>
      parseTargets(
        Array.from({ length: 21 }, (_, index) => `mailto:a${index}`),
        undefined,
      ),
    'usage',
  );
});

test('this machine', () => {
  for (const host of ['localhost', '127.0.0.1', '127.1.2.3', '::1', '[::1]'])
    assert.ok(isLoopback(host), host);
  for (const host of ['localhost.evil.example', '128.0.0.1', '127.evil', '::2'])
    assert.ok(!isLoopback(host), host);
});
