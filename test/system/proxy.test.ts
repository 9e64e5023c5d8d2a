import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Environment, proxyFor } from '../../src/system/proxy.ts';
import { failure } from '../unit-kit/expect.ts';

const CA = 'https://ca.example.com/dir';
const PROXY = 'http://proxy:3128';

const nameFor = (environment: Environment, url = CA) => proxyFor(new URL(url), environment)?.name;

const CHOICES: readonly (readonly [string, Environment, string, string | undefined])[] = [
  ['nothing set', {}, CA, undefined],
  ['empty', { https_proxy: '', all_proxy: ' ' }, CA, undefined],
  ['https_proxy', { https_proxy: PROXY }, CA, 'proxy:3128'],
  ['HTTPS_PROXY', { HTTPS_PROXY: PROXY }, CA, 'proxy:3128'],
  ['lower case first', { https_proxy: 'http://low:1', HTTPS_PROXY: 'http://high:2' }, CA, 'low:1'],
  ['http_proxy is for http alone', { http_proxy: PROXY }, CA, undefined],
  ['HTTP_PROXY', { HTTP_PROXY: PROXY }, 'http://ocsp.example.com/', 'proxy:3128'],
  ['ALL_PROXY', { ALL_PROXY: PROXY }, CA, 'proxy:3128'],
  ['its own before all', { https_proxy: 'http://own:1', all_proxy: PROXY }, CA, 'own:1'],
  ['without a scheme', { https_proxy: 'proxy:3128' }, CA, 'proxy:3128'],
  ['without a port', { https_proxy: 'http://proxy' }, CA, 'proxy:80'],
  ['spoken to by TLS', { https_proxy: 'https://proxy' }, CA, 'proxy:443'],
  ['an IPv6 address', { https_proxy: 'http://[::1]:8080' }, CA, '[::1]:8080'],
  ['loopback is no exception', { https_proxy: PROXY }, 'https://127.0.0.1:14000/', 'proxy:3128'],
];

for (const [name, environment, url, expected] of CHOICES) {
  test(`the proxy: ${name}`, () => assert.equal(nameFor(environment, url), expected));
}

const EXEMPT: readonly (readonly [list: string, url: string])[] = [
  ['*', CA],
  ['ca.example.com', CA],
  ['CA.Example.COM.', CA],
  ['example.com', CA],
  ['.example.com', CA],
  ['*.example.com', CA],
  ['.ca.example.com', CA],
  ['ca.example.com:443', CA],
  ['a, b  example.com', CA],
  ['ca.example.com', 'https://ca.example.com./'],
  ['127.0.0.1', 'https://127.0.0.1:14000/'],
  ['127.0.0.1:14000', 'https://127.0.0.1:14000/'],
  ['127.0.0.0/8', 'https://127.3.2.1/'],
  ['::1', 'https://[::1]/'],
  ['[::1]', 'https://[::1]/'],
  ['[0:0::1]:443', 'https://[::1]/'],
  ['fd00::/8', 'https://[fd12::1]/'],
];
const NOT_EXEMPT: readonly (readonly [list: string, url: string])[] = [
  ['', CA],
  ['xample.com', CA],
  ['www.example.com', CA],
  ['com.', 'https://example.org/'],
  ['ca.example.com:80', CA],
  ['.', CA],
  ['10.0.0.0/8', 'https://11.0.0.1/'],
  ['10.0.0.0/99', 'https://10.0.0.1/'],
  ['10.0.0.0/8/8', 'https://10.0.0.1/'],
  ['0/0', 'https://10.0.0.1/'],
  ['0.1', 'https://127.0.0.1/'],
  ['::/129', 'https://[::1]/'],
  ['127.0.0.1', 'https://[::1]/'],
];

test('no_proxy: who needs none', () => {
  for (const [list, url] of EXEMPT) {
    assert.equal(nameFor({ https_proxy: PROXY, no_proxy: list }, url), undefined, `${list} ${url}`);
    assert.equal(nameFor({ https_proxy: PROXY, NO_PROXY: list }, url), undefined, `${list} ${url}`);
  }
  for (const [list, url] of NOT_EXEMPT)
    assert.equal(nameFor({ https_proxy: PROXY, no_proxy: list }, url), 'proxy:3128', `${list} ${url}`);
});

test('user and password are for the header, and for nothing else', () => {
  const proxy = proxyFor(new URL(CA), { https_proxy: 'http://us%40er:p%3Ass%C3%BC@proxy:1' });
  assert.equal(proxy?.authorization, `Basic ${Buffer.from('us@er:p:ssü').toString('base64')}`);
  assert.equal(proxy?.name, 'proxy:1');
  const odd = proxyFor(new URL(CA), { https_proxy: 'http://50%:off@proxy:1' });
  assert.equal(odd?.authorization, `Basic ${Buffer.from('50%:off').toString('base64')}`);
});

test('a variable that makes no sense is named; its value, which may hold a password, is not shown', () => {
  for (const value of ['http://u:secret@', 'socks5://u:secret@proxy:1080', 'http://u:secret@a b:1']) {
    const { message, hint } = failure(() => nameFor({ HTTPS_PROXY: value }), 'usage');
    assert.match(message, /https_proxy (?:is no URL|asks for socks5)/);
    assert.doesNotMatch(message + hint, /secret/);
  }
});
