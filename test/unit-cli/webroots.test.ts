import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readWebroots } from '../../src/cli/webroots.ts';
import { failure } from '../unit-kit/expect.ts';

const a = { root: '/a', names: ['a.example'] };
const b = { root: '/b', names: ['b.example'] };
const all = { root: '/a', names: [] };

const READ: readonly (readonly [string, unknown[]])[] = [
  ['', []],
  ['-d a.example', []],
  ['-w /a -d a.example', [all]],
  ['-d a.example -w /a', [all]],
  ['-d a.example -w /a -d b.example', [all]],
  ['-w /a -d a.example -w /b -d b.example', [a, b]],
  ['--webroot-path /a --domain a.example --webroot-path /b --domains b.example', [a, b]],
  ['--webroot-path=/a --domain=a.example -w=/b -d=b.example', [a, b]],
  ['-w/a -d a.example -w/b --domains=b.example', [a, b]],
  ['-w /a -d a.example -q -w /b --cert-name x -d b.example', [a, b]],
  ['-w /a -w /b -d b.example', [{ root: '/a', names: [] }, b]],
  [
    '-w /a -d a.example,c.example -d d.example -w /b -d b.example',
    [{ root: '/a', names: ['a.example', 'c.example', 'd.example'] }, b],
  ],
];

for (const [argv, webroots] of READ) {
  test(`read: ${argv}`, () => assert.deepEqual(readWebroots(argv === '' ? [] : argv.split(' ')), webroots));
}

for (const argv of ['-d a.example -w /a -d b.example -w /b', '-d a.example -w /a -w /b']) {
  test(`refused: ${argv}`, () => {
    failure(() => readWebroots(argv.split(' ')), 'usage');
  });
}

test('a name with an empty one beside it', () => {
  assert.deepEqual(readWebroots('-w /a -d a.example, -w /b -d b.example'.split(' ')), [a, b]);
});

test('grouped short flags are read', () => {
  assert.deepEqual(readWebroots('-nw /a -d a.example'.split(' ')), [all]);
});

test('property: each name belongs to the -w before it', () => {
  const site = fc.record(
    { root: fc.constantFrom('/a', '/b', '/c'), names: fc.array(fc.domain(), { minLength: 1, maxLength: 3 }) },
    { noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(site, { minLength: 2, maxLength: 5 }), (sites) => {
      const argv = sites.flatMap(({ root, names }) => ['-w', root, ...names.flatMap((name) => ['-d', name])]);
      assert.deepEqual(readWebroots(argv), sites);
      const joined = sites.flatMap(({ root, names }) => [
        `--webroot-path=${root}`,
        `--domains=${names.join(', ')}`,
      ]);
      assert.deepEqual(readWebroots(joined), sites);
    }),
  );
});
