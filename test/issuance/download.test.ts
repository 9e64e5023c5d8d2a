import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { alternates, downloadCertificate } from '../../src/issuance/download.ts';
import { authority, issueChain, pemOf } from '../unit-kit/chains.ts';
import { rejection } from '../unit-kit/expect.ts';
import { scripted, urlOf } from '../unit-kit/scripted.ts';

const { chain, leafPem } = await issueChain(['a.example']);
const other = leafPem + pemOf(authority.crossSigned);
const link = `<${urlOf('index')}>;rel="index", <${urlOf('other')}>;rel="alternate"`;

async function download(
  preferred: string | undefined,
  answers: Parameters<typeof scripted>[0] = { cert: [{ body: chain, link }], other: [{ body: other }] },
) {
  const { connection, log } = scripted(answers);
  const { pem, preferredFound } = await downloadCertificate(connection, urlOf('cert'), preferred);
  return [pem === chain ? 'default' : pem === other ? 'alternate' : '', preferredFound, log.length];
}

test('the chain that is preferred, else the default one', async () => {
  assert.deepEqual(await download(undefined), ['default', true, 1]);
  assert.deepEqual(await download('Unit Root X1'), ['default', true, 1]);
  assert.deepEqual(await download('Unit Root X2'), ['alternate', true, 2]);
  assert.deepEqual(await download('Unit Root X3'), ['default', false, 2]);
  assert.deepEqual(await download('Unit Root X2', { cert: [{ body: chain }] }), ['default', false, 1]);
});

test('a chain that is none is told when it matters', async () => {
  const answers = { cert: [{ body: '<html>' }] };
  assert.deepEqual(await download(undefined, answers), ['', true, 1]);
  await rejection(download('X', answers), 'chain-bad');
});

const LINKS: readonly (readonly [string, string[]])[] = [
  ['', []],
  ['<https://a/1>;rel="alternate"', ['https://a/1']],
  ['<https://a/1>;rel=alternate', ['https://a/1']],
  ['<https://a/1> ; rel = "alternate"', ['https://a/1']],
  ['</alt/1>;rel="alternate", <?x=2>; rel="alternate"', ['https://ca/alt/1', 'https://ca/cert?x=2']],
  ['<https://a/1>;title="x";REL="Alternate"', ['https://a/1']],
  ['<https://a/1>;rel="up alternate"', ['https://a/1']],
  ['<https://a/0>;rel="index",<https://a/1>;rel="alternate"', ['https://a/1']],
  ['<https://a/1>;rel="alternates", <https://a/2>;rel=alternate-x', []],
  ['<https://a/1>', []],
  ['<https://a/1>;title="rel=alternate"', []],
  ['<ftp://a/1>;rel="alternate",<javascript:x>;rel="alternate",<data:,x>;rel=alternate', []],
  ['<https://a:99999/>;rel="alternate"', []],
  ['<>;rel="alternate", <a b>;rel="alternate"', []],
  ['garbage', []],
];

for (const [header, urls] of LINKS) {
  test(`alternates of ${header}`, () => assert.deepEqual(alternates(header, 'https://ca/cert'), urls));
}

test('no more than ten alternates', () => {
  const header = Array.from({ length: 50 }, (_, index) => `</${index}>;rel="alternate"`).join(',');
  assert.equal(alternates(header, 'https://ca/').length, 10);
});

test('property: whatever the header, a few http(s) URLs', () => {
  const piece = fc.oneof(
    fc.constantFrom('<', '>', ';', ',', '"', 'rel=', 'rel="alternate"', '<https://a/1>;rel="alternate"', ' '),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const found = alternates(pieces.join(''), 'https://ca/cert');
      assert.ok(found.length <= 10 && found.every((url) => /^https?:\/\//.test(url)));
    }),
    { numRuns: 500 },
  );
});

test('hostile headers take no time', { timeout: 2000 }, () => {
  for (const part of ['<', '<a>', '<a>;', '<a> ', ';', '<a>; ; ', '<a>;rel="', '<a>;x ;'])
    alternates(part.repeat(100_000), 'https://ca/');
});
