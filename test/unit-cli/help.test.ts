import assert from 'node:assert/strict';
import { test } from 'node:test';
import { flagsOf, VERBS, verbOf } from '../../src/cli/flags.ts';
import { helpFor } from '../../src/cli/help.ts';

const ASKED: readonly (readonly [string, RegExp])[] = [
  ['', /^evercert obtains/],
  ['--help', /^evercert obtains/],
  ['-h', /^evercert obtains/],
  ['help', /^evercert obtains/],
  ['help nonsense', /^evercert obtains/],
  ['help renew', /^evercert renew: /],
  ['renew --help', /^evercert renew: /],
  ['renew --quiet -h', /^evercert renew: /],
  ['--help certonly', /^evercert certonly: /],
  ['reconfigure --help', /^evercert reconfigure: /],
  ['dns persist-value --help', /^evercert dns: /],
  ['account thumbprint --help', /^evercert account: /],
  ['deploy --help', /^evercert deploy: /],
  ['certificates --help', /^evercert certificates: /],
];

for (const [words, text] of ASKED) {
  test(`asked: evercert ${words}`, () => {
    assert.match(helpFor(words === '' ? [] : words.split(' ')) ?? '', text);
  });
}

for (const words of ['renew', '--version', 'nonsense', 'certonly -d help.example', '']) {
  test(`not asked: evercert ${JSON.stringify(words)}`, () =>
    assert.equal(helpFor(words.split(' ')), undefined));
}

for (const verb of VERBS) {
  test(`the help of ${verb} names each of its flags once, within 96 columns`, () => {
    const help = helpFor([verb, '--help']) ?? '';
    for (const { name, short, value } of flagsOf(verb)) {
      const written = `  ${short === undefined ? '' : `-${short}, `}--${name}${value === undefined ? '' : ` ${value}`}\n`;
      assert.equal(help.split(written).length, 2, written);
    }
    const flags = help.slice(help.indexOf('\nflags:'));
    assert.deepEqual(
      flags.split('\n').filter((line) => line.length > 96),
      [],
    );
    assert.doesNotMatch(help, /undefined|[ \t]\n/);
  });

  test(`no two flags of ${verb} are written alike`, () => {
    const written = flagsOf(verb).flatMap(({ name, short, also }) => [
      name,
      ...(short === undefined ? [] : [short]),
      ...(also ?? []),
    ]);
    assert.deepEqual(
      written.filter((name, index) => written.indexOf(name) !== index),
      [],
    );
  });
}

test('what an empty value takes away says so', () => {
  assert.match(helpFor(['renew', '--help']) ?? '', /--deploy-hook CMD\n[^-]*\(''\s+takes it away\)/);
  assert.doesNotMatch(helpFor(['register', '--help']) ?? '', /takes it away/);
});

test('verbs', () => {
  for (const verb of VERBS) assert.equal(verbOf(verb), verb);
  assert.equal(verbOf('show_account'), 'show-account');
  for (const word of ['toString', 'constructor', '', undefined]) assert.equal(verbOf(word), undefined);
});
