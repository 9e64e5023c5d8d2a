import assert from 'node:assert/strict';
import { relative, resolve } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  accountPath,
  archivePath,
  defaultLineageName,
  isLineageName,
  isVersion,
  lineageName,
  livePath,
  liveTarget,
  nextVersion,
  pendingPath,
  settingsPath,
  statePath,
  storePaths,
  versionOfTarget,
  versionPath,
} from '../../src/lineage/paths.ts';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { attempt, failure } from '../unit-kit/expect.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const paths = storePaths('/store');

test('the folders of a store', () => {
  assert.deepEqual(storePaths('/etc/evercert/'), {
    root: '/etc/evercert/',
    lock: '/etc/evercert/.lock',
    accounts: '/etc/evercert/accounts',
    renewal: '/etc/evercert/renewal',
    state: '/etc/evercert/state',
    archive: '/etc/evercert/archive',
    live: '/etc/evercert/live',
    hooks: '/etc/evercert/hooks',
    challenges: '/etc/evercert/challenges',
  });
});

test('the paths of a lineage', () => {
  assert.deepEqual(
    [settingsPath, statePath, archivePath, livePath, pendingPath].map((path) => path(paths, 'a.example')),
    [
      '/store/renewal/a.example.json',
      '/store/state/a.example.json',
      '/store/archive/a.example',
      '/store/live/a.example',
      '/store/archive/a.example/.pending',
    ],
  );
  assert.equal(versionPath(paths, 'a.example', '0001'), '/store/archive/a.example/0001');
});

const GOOD = ['a', '7', 'a.example', 'a-b_c.d', 'a'.repeat(200), '2001-db8--1'];
const BAD = [
  '',
  '.',
  '..',
  'a..b',
  '-a',
  'a-',
  '.a',
  'a.',
  '_a',
  'a/b',
  'a b',
  'a\n',
  'a\0',
  'ü',
  '../a',
  'a'.repeat(201),
  'a\\b',
];

for (const name of GOOD) {
  test(`${name.slice(0, 20)} is the name of a lineage`, () => {
    assert.ok(isLineageName(name));
    assert.equal(lineageName(` ${name.toUpperCase()} `), name);
  });
}

for (const name of BAD) {
  test(`${JSON.stringify(name.slice(0, 20))} is no name of a lineage`, () => {
    assert.ok(!isLineageName(name));
    if (name.trim() !== 'a') failure(() => lineageName(name), 'bad-name');
    assert.throws(() => settingsPath(paths, name), TypeError);
  });
}

const DEFAULTS: readonly (readonly [string, string])[] = [
  ['www.example.com', 'www.example.com'],
  ['*.example.com', 'example.com'],
  ['192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001-db8--1'],
  ['::1', '0--1'],
  ['fe80::', 'fe80--0'],
  ['::', '0--0'],
  [`${'a.'.repeat(99)}a-b.example`, `${'a.'.repeat(99)}a`],
];

for (const [first, name] of DEFAULTS) {
  test(`the lineage of ${first.slice(0, 30)} is ${name.slice(0, 30)}`, () => {
    assert.equal(defaultLineageName(first), name);
  });
}

test('property: whatever has a certificate has a name for its lineage', () => {
  fc.assert(
    fc.property(fc.oneof(fc.domain(), fc.ipV4(), fc.ipV6()), (text) => {
      const identifier = attempt(() => parseIdentifier(text), 'bad-name');
      if (identifier !== undefined) assert.ok(isLineageName(defaultLineageName(identifier.value)));
    }),
  );
});

const hostile = fc.oneof(
  hostileText(30),
  fc.string({ unit: fc.constantFrom('.', '/', 'a', '\\', '\0', '\n', '-', '*', ':') }),
  fc.constantFrom('..', '../../etc/passwd', '/etc', 'a/../..', '__proto__', 'a\u2028'),
);

/** Deeper than the store itself. */
function isInside(path: string, directory: string): boolean {
  const from = relative(directory, resolve(path));
  return from !== '' && !from.startsWith('..');
}

test('property: no name leads out of the store', () => {
  const makers = [settingsPath, statePath, archivePath, livePath, pendingPath];
  fc.assert(
    fc.property(hostile, (text) => {
      const name = attempt(() => lineageName(text), 'bad-name') ?? text;
      for (const make of makers) {
        try {
          assert.ok(isInside(make(paths, name), '/store'), name);
        } catch (error) {
          assert.ok(error instanceof TypeError && !isLineageName(name), String(error));
        }
      }
    }),
    { numRuns: 1000 },
  );
});

test('property: no first name leads out of the store', () => {
  fc.assert(
    fc.property(hostile, (text) => {
      const name = attempt(() => defaultLineageName(text), 'bad-name');
      if (name !== undefined) assert.ok(isInside(livePath(paths, name), '/store/live'));
    }),
    { numRuns: 1000 },
  );
});

test('property: no version leads out of its lineage', () => {
  fc.assert(
    fc.property(hostile, (version) => {
      try {
        assert.ok(isInside(versionPath(paths, 'a', version), '/store/archive/a'));
      } catch (error) {
        assert.ok(error instanceof TypeError, String(error));
      }
    }),
  );
});

const ACCOUNTS: readonly (readonly [string, string])[] = [
  ['https://acme-v02.api.letsencrypt.org/directory', 'acme-v02.api.letsencrypt.org_directory'],
  ['https://127.0.0.1:14000/dir', '127.0.0.1_14000_dir'],
  ['https://[::1]:14000/', '1_14000'],
  ['https://CA.example/a/../b', 'ca.example_b'],
  ['https://ca.example/%2e%2e/%2fetc', 'ca.example_2fetc'],
];

for (const [url, folder] of ACCOUNTS) {
  test(`the account at ${url} is in ${folder}`, () => {
    assert.equal(accountPath(paths, url), `/store/accounts/${folder}`);
  });
}

test('property: no directory URL leads out of accounts/', () => {
  fc.assert(
    fc.property(fc.webUrl({ withFragments: true, withQueryParameters: true }), (url) => {
      assert.ok(isInside(accountPath(paths, url), '/store/accounts'));
    }),
  );
});

for (const version of ['0001', '0010', '9999', '10000', '999999999']) {
  test(`${version} is a version`, () => assert.ok(isVersion(version)));
}

for (const version of [
  '',
  '0',
  '1',
  '001',
  '0000',
  '00000',
  '00001',
  '-001',
  '1e10',
  '0x01',
  ' 0001',
  '0001\n',
  '1234567890',
  '٠٠٠١',
]) {
  test(`${JSON.stringify(version)} is no version`, () => assert.ok(!isVersion(version)));
}

test('the next version counts from the highest', () => {
  assert.equal(nextVersion([]), '0001');
  assert.equal(nextVersion(['0001', '0009', '0003']), '0010');
  assert.equal(nextVersion(['9999']), '10000');
});

test('property: versions are counted up, one way to write each', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 999_999_998 }), (number) => {
      const version = String(number).padStart(4, '0');
      const next = nextVersion([version]);
      assert.ok(isVersion(version) && isVersion(next));
      assert.equal(Number(next), number + 1);
    }),
  );
});

test('a link target names a version of its own lineage alone', () => {
  assert.equal(versionOfTarget('a.example', liveTarget('a.example', '0042')), '0042');
  const others = [
    '../archive/b.example/0042',
    '/store/archive/a.example/0042',
    '../archive/a.example/0042/',
    '../archive/a.example/../b/0001',
    '../archive/a.example/.pending',
    '../archive/a.example/',
    'archive/a.example/0042',
    '',
  ];
  for (const target of others) assert.equal(versionOfTarget('a.example', target), undefined, target);
});
