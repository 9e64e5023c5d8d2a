import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { linkTargets } from '../../src/acme/links.ts';

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
  test(`alternates of ${header}`, () =>
    assert.deepEqual(linkTargets(header, 'https://ca/cert', 'alternate'), urls));
}

test('property: whatever the header, a few http(s) URLs', () => {
  const piece = fc.oneof(
    fc.constantFrom('<', '>', ';', ',', '"', 'rel=', 'rel="alternate"', '<https://a/1>;rel="alternate"', ' '),
    fc.string({ maxLength: 4 }),
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      const found = linkTargets(pieces.join(''), 'https://ca/cert', 'alternate');
      assert.ok(found.every((url) => /^https?:\/\//.test(url)));
    }),
    { numRuns: 500 },
  );
});

test('hostile headers take no time', { timeout: 2000 }, () => {
  for (const part of ['<', '<a>', '<a>;', '<a> ', ';', '<a>; ; ', '<a>;rel="', '<a>;x ;'])
    linkTargets(part.repeat(100_000), 'https://ca/', 'alternate');
});

test('of the relation alone that is asked for; none without a header', () => {
  const header = '<https://a/0>;rel="index", <https://a/1>;rel="next", <https://a/2>;rel="alternate"';
  assert.deepEqual(linkTargets(header, 'https://a/', 'next'), ['https://a/1']);
  assert.deepEqual(linkTargets(undefined, 'https://a/', 'next'), []);
});
