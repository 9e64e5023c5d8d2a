import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { childOf, childrenOf, escapeXml, parseXml } from '../../../src/challenges/dns/xml.ts';
import { hostileText, mutationsOf } from '../../unit-kit/hostile.ts';

const DOCUMENT = `<?xml version="1.0" encoding="UTF-8"?>
<List xmlns="https://route53.amazonaws.com/doc/2013-04-01/">
  <Zones><Zone><Id>/hostedzone/Z1</Id><Config/></Zone><Zone a='1'><Id>&lt;&#34;&#x41;&amp;&gt;</Id></Zone></Zones>
  <IsTruncated>false</IsTruncated>
</List>
`;

test('elements, text and entities; attributes are dropped', () => {
  const root = parseXml(DOCUMENT);
  assert.equal(root?.name, 'List');
  const zones = childrenOf(childOf(root, 'Zones'), 'Zone');
  assert.deepEqual(
    zones.map((zone) => childOf(zone, 'Id')?.text),
    ['/hostedzone/Z1', '<"A&>'],
  );
  assert.equal(childOf(root, 'IsTruncated')?.text, 'false');
  assert.equal(childOf(root, 'Zones', 'Zone'), undefined, 'there are two');
  assert.equal(childOf(root, 'Zones', 'Nothing', 'Id'), undefined);
});

test('what is not plain, whole XML is nothing', () => {
  const wrong = [
    '',
    'text',
    '<a>',
    '<a></b>',
    '</a>',
    '<a/><b/>',
    '<a>x<b/></a>',
    '<a><b/>x</a>',
    '<a>&nope;</a>',
    '<a>&amp</a>',
    '<a>&</a>',
    '<a>&#0;</a>',
    '<a>&#x110000;</a>',
    '<a b=c></a>',
    '<a b="1></a>',
    '<a><!-- c --></a>',
    '<a><![CDATA[x]]></a>',
    '<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>',
    '<!doctype html><html><body>502</body></html>',
    `${'<a>'.repeat(40)}${'</a>'.repeat(40)}`,
    DOCUMENT.slice(0, -10),
    `${DOCUMENT}<more/>`,
  ];
  for (const text of wrong) assert.equal(parseXml(text), undefined, text);
  assert.deepEqual(parseXml('<a/>'), { name: 'a', children: [], text: '' });
});

test('any text is read or refused, and escaped text comes back as it was', () => {
  fc.assert(
    fc.property(mutationsOf(DOCUMENT), (text) => {
      parseXml(text);
    }),
  );
  fc.assert(
    fc.property(hostileText(30), (text) => {
      parseXml(text);
      const inside = `x${text}`;
      assert.equal(parseXml(`<a>${escapeXml(inside)}</a>`)?.text, inside);
    }),
  );
});

test('a hostile document takes no time', () => {
  const started = performance.now();
  for (const text of [
    '<a '.repeat(50_000),
    '<a b="'.repeat(50_000),
    '&'.repeat(100_000),
    '<a>&#1'.repeat(30_000),
  ])
    assert.equal(parseXml(text), undefined);
  assert.equal(parseXml(`<a>${'<b/>'.repeat(50_000)}</a>`)?.children.length, 50_000);
  assert.ok(performance.now() - started < 2000);
});
