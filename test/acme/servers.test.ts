import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_SERVER, serverUrl, stagingUrl } from '../../src/acme/servers.ts';
import { failure } from '../unit-kit/expect.ts';

const LE = 'https://acme-v02.api.letsencrypt.org/directory';

const URLS: readonly (readonly [string, string])[] = [
  [DEFAULT_SERVER, LE],
  ['LetsEncrypt', LE],
  ['zerossl', 'https://acme.zerossl.com/v2/DV90'],
  ['https://CA.example/dir', 'https://ca.example/dir'],
  ['http://127.0.0.1:14000', 'http://127.0.0.1:14000/'],
  ['http://localhost/dir', 'http://localhost/dir'],
  ['http://[::1]:80/dir', 'http://[::1]/dir'],
];

for (const [server, url] of URLS) test(`${server} is at ${url}`, () => assert.equal(serverUrl(server), url));

for (const server of [
  '',
  'letsencript',
  'ca.example',
  'ftp://ca.example/',
  'https://',
  'HTTPS://ca.example/',
  'http://ca.example/',
  'http://127.0.0.1.ca.example/',
  'http://localhost.ca.example/',
  'constructor',
  '__proto__',
  'toString',
]) {
  test(`${JSON.stringify(server)} is no server`, () => {
    assert.match(failure(() => serverUrl(server), 'usage').hint, /letsencrypt-staging/);
  });
}

test('a dry run orders from the staging service of the CA, where it has one', () => {
  assert.equal(stagingUrl(LE), 'https://acme-staging-v02.api.letsencrypt.org/directory');
  assert.equal(stagingUrl(serverUrl('google')), serverUrl('google-staging'));
  for (const server of ['zerossl', 'sslcom-ecc', 'letsencrypt-staging', 'https://ca.example/constructor'])
    assert.equal(stagingUrl(serverUrl(server)), serverUrl(server));
});
