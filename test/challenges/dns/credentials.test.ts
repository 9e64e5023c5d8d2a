import assert from 'node:assert/strict';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import fc from 'fast-check';
import { parseCredentials } from '../../../src/challenges/dns/credential-file.ts';
import { readCredentials } from '../../../src/challenges/dns/credentials.ts';
import type { ProviderDefinition } from '../../../src/challenges/dns/provider.ts';
import { EvercertError } from '../../../src/errors.ts';
import { readOwned } from '../../../src/system/owned-file.ts';
import { scratchDirectory } from '../../support/rig/scratch.ts';
import { failure } from '../../unit-kit/expect.ts';

const { directory, remove } = scratchDirectory('credentials');
after(remove);

const SECRET = 'S3cr3t=Value';

const definition: ProviderDefinition = {
  name: 'acme-dns',
  credentials: [
    { name: 'api_token', variables: ['AD_TOKEN', 'ACME_DNS_TOKEN'], help: 'the token' },
    { name: 'zone', variables: ['AD_ZONE'], optional: true, help: 'the zone' },
  ],
  create: () => assert.fail('is not created'),
};
const google: ProviderDefinition = {
  ...definition,
  credentials: [{ name: 'key', variables: ['G_KEY'], wholeFile: true, help: 'the key' }],
};
const any: ProviderDefinition = { ...definition, name: 'acmesh:dns_x', credentials: 'any' };

const FILES: Readonly<Record<string, string>> = {
  certbot: `# a comment\n; another\n[section]\n\ndns_acme_dns_api_token = ${SECRET}\r\ndns-acme-dns-zone = z  # mine\n`,
  bare: `\uFEFFapi-token=${SECRET}\nzone=z`,
  quoted: `dns_acme_dns_api_token = "${SECRET}"\nzone = 'z' # mine`,
  lego: `AD_TOKEN=${SECRET}\nAD_ZONE=z\n`,
  shell: `export ACME_DNS_TOKEN='${SECRET}'\n  export AD_ZONE="z"\n`,
  'acme.sh': `LOG_LEVEL='2'\nSAVED_AD_TOKEN='${SECRET}'\nSAVED_AD_ZONE='z'\nUPGRADE_HASH='x'\n`,
};

for (const [name, text] of Object.entries(FILES)) {
  test(`a file in the form of ${name}`, () => {
    assert.deepEqual(parseCredentials(definition, text, 'f'), { api_token: SECRET, zone: 'z' });
  });
}

test('the same value twice is no contradiction', () => {
  assert.deepEqual(parseCredentials(definition, 'zone = z\nAD_ZONE=z', 'f'), { zone: 'z' });
});

test('double quotes as in a shell', () => {
  assert.deepEqual(parseCredentials(definition, 'zone="a\\"b\\\\c\\$d"', 'f'), { zone: 'a"b\\c$d' });
});

test('a provider that takes all gets all, under the names there', () => {
  assert.deepEqual(parseCredentials(any, "SAVED_X_Key='1'\nexport Y=2\n", 'f'), { X_Key: '1', Y: '2' });
});

const BAD: Readonly<Record<string, string>> = {
  'a bare secret': SECRET.replace('=', ''),
  'a secret that looks like a key': SECRET,
  'an unknown key': `api_tokens = ${SECRET}`,
  'an empty value': 'api_token =',
  'an open quote': `api_token = "${SECRET}`,
  'a control character': `api_token = ${SECRET}\x1b[2J`,
  'two values': `api_token = ${SECRET}\nAD_TOKEN = other`,
  'JSON that is not wanted': JSON.stringify({ token: SECRET }),
};

for (const [name, text] of Object.entries(BAD)) {
  test(`refused: ${name}`, () => {
    const { message, hint } = failure(() => parseCredentials(definition, text, '/f'), 'bad-settings');
    assert.match(message, /^\/f(, line \d)? /);
    assert.doesNotMatch(message + hint, /S3cr3t/);
  });
}

test('an unknown key: the known ones are named', () => {
  const { message, hint } = failure(() => parseCredentials(definition, '\nfoo = 1', '/f'), 'bad-settings');
  assert.equal(message, '/f, line 2 is nothing that acme-dns knows');
  assert.equal(hint, 'It knows api_token, AD_TOKEN, ACME_DNS_TOKEN, zone, AD_ZONE.');
});

test('whatever a file holds: values without control characters, or an error that tells none of it', () => {
  const piece = fc.constantFrom(
    'api_token',
    'AD_ZONE',
    ' ',
    '=',
    '"',
    "'",
    '#',
    '\n',
    '\\',
    '{',
    SECRET,
    'export ',
    '\x07',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 3 })), { maxLength: 12 }), (pieces) => {
      try {
        for (const value of Object.values(parseCredentials(definition, pieces.join(''), '/f')))
          assert.doesNotMatch(value, /\p{Cc}|^$/u);
      } catch (error) {
        if (!(error instanceof EvercertError)) throw error;
        assert.doesNotMatch(error.message + error.hint, /S3cr3t/);
      }
    }),
  );
});

function file(name: string, text: string, mode = 0o600): string {
  const path = `${directory}/${name}`;
  writeFileSync(path, text);
  chmodSync(path, mode);
  return path;
}

const read = (environment: Record<string, string> = {}, path?: string, of: ProviderDefinition = definition) =>
  readCredentials(of, path, { environment, readOwned, uid: process.getuid?.() ?? 0 });

test('the file of the settings before systemd before the environment, and never a mixture', () => {
  const path = file('a', 'api_token = file');
  mkdirSync(`${directory}/systemd`, { mode: 0o700 });
  // systemd shows its ACL as rights of the group.
  file('systemd/evercert-dns-acme-dns', 'api_token = systemd', 0o440);
  const environment = { AD_TOKEN: 'variable', AD_ZONE: 'z' };
  const systemd = { ...environment, CREDENTIALS_DIRECTORY: `${directory}/systemd` };
  assert.deepEqual(read(systemd, path), { api_token: 'file' });
  assert.deepEqual(read(systemd), { api_token: 'systemd' });
  assert.deepEqual(read(environment), { api_token: 'variable', zone: 'z' });
  assert.deepEqual(read({ ...environment, CREDENTIALS_DIRECTORY: '/absent' }).api_token, 'variable');
  // systemd takes no colon in a name.
  file('systemd/evercert-dns-acmesh-dns_x', 'A=b');
  assert.deepEqual(read(systemd, undefined, any), { A: 'b' });
});

test('variables: the first of the table, an empty one is none, _FILE names a file', () => {
  assert.deepEqual(read({ ACME_DNS_TOKEN: 'second', AD_TOKEN: '' }), { api_token: 'second' });
  assert.deepEqual(read({ AD_TOKEN_FILE: file('b', `${SECRET}\n`) }), { api_token: SECRET });
  assert.match(
    failure(() => read({ AD_TOKEN_FILE: file('c', 'a\nb') }), 'bad-settings').message,
    /AD_TOKEN_FILE must be one line/,
  );
  assert.match(
    failure(() => read({ AD_TOKEN_FILE: '/absent' }), 'credentials-missing').message,
    /no file \/absent, which AD_TOKEN_FILE names/,
  );
});

test('a whole file: by settings, by a variable that holds its text, or its path', () => {
  const text = '{ "type": "service_account" }\n';
  const path = file('key.json', text);
  for (const key of [
    read({}, path, google),
    read({ G_KEY: text }, undefined, google),
    read({ G_KEY: path }, undefined, google),
    read({ G_KEY_FILE: path }, undefined, google),
  ])
    assert.deepEqual(key, { key: text });
  const line = file('google.ini', `dns_acmedns_key = ${path}`);
  assert.deepEqual(read({}, line, google), { key: text });
  const open = file('open.json', text, 0o644);
  failure(() => read({ G_KEY: open }, undefined, google), 'credentials-exposed');
});

test('beside a whole file, variables hold the rest; beside lines they do not', () => {
  const more: ProviderDefinition = {
    ...google,
    credentials: [
      ...(google.credentials as []),
      { name: 'project', variables: ['P'], optional: true, help: 'p' },
    ],
  };
  const path = file('key.json', '{}');
  assert.deepEqual(read({ P: 'p', G_KEY: 'other' }, path, more), { key: '{}', project: 'p' });
  assert.deepEqual(read({ P: 'p' }, file('l', `key = ${path}`), more), { key: '{}' });
});

test('missing: where they may stand', () => {
  const { message, hint } = failure(() => read({ AD_ZONE: 'z' }), 'credentials-missing');
  assert.equal(message, 'the DNS provider acme-dns needs api_token (the token)');
  for (const place of ['--dns-credentials', 'evercert-dns-acme-dns', 'AD_TOKEN or ACME_DNS_TOKEN', '_FILE'])
    assert.ok(hint.includes(place), place);
  failure(() => read({}, '/absent'), 'credentials-missing');
  failure(() => read({}, directory), 'credentials-missing');
  assert.deepEqual(read({}, undefined, any), {});
});

for (const mode of [0o640, 0o604, 0o660, 0o602, 0o620])
  test(`exposed: mode ${mode.toString(8)}`, () => {
    const path = file('open', `api_token = ${SECRET}`, mode);
    const { hint, message } = failure(() => read({}, path), 'credentials-exposed');
    assert.match(hint, /chmod 600 .*\/open/);
    assert.doesNotMatch(message, /S3cr3t/);
    failure(() => read({ AD_TOKEN_FILE: path }), 'credentials-exposed');
  });

test('of another user', { skip: process.getuid?.() !== 0 && 'needs root' }, () => {
  const path = file('foreign', `api_token = ${SECRET}`);
  chownSync(path, 4242, 4242);
  assert.match(failure(() => read({}, path), 'credentials-exposed').message, /belongs to user 4242/);
  chownSync(path, 0, 0);
  assert.deepEqual(read({}, path), { api_token: SECRET });
});
