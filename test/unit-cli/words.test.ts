import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { VERBS, type Verb } from '../../src/cli/flags.ts';
import { occurrences, splitWords, usage } from '../../src/cli/words.ts';
import { EvercertError } from '../../src/errors.ts';
import { rejection } from '../unit-kit/expect.ts';

interface Case {
  readonly verb?: Verb;
  readonly argv: readonly string[];
  readonly words: Record<string, string[]>;
}

const TAKEN: readonly Case[] = [
  { argv: [], words: {} },
  { argv: ['-d', 'a', '-d', 'b,c', '--domains=d', '-d=e'], words: { domain: ['a', 'b,c', 'd', 'e'] } },
  { argv: ['--noninteractive', '-qv'], words: { 'non-interactive': [''], quiet: [''], verbose: [''] } },
  { argv: ['--renew-hook', 'x y'], words: { 'deploy-hook': ['x y'] } },
  { argv: ['--deploy-hook=-x --y=z'], words: { 'deploy-hook': ['-x --y=z'] } },
  {
    argv: ['--http-01-port', '0080', '--cert-name', '0012'],
    words: { 'cert-name': ['0012'], 'http-01-port': ['0080'] },
  },
  { argv: ['--http-01-address='], words: { 'http-01-address': [''] } },
  { argv: ['--no-reuse-key'], words: { 'no-reuse-key': [''] } },
  {
    argv: ['-nw', '/x', '-nd=a', '-w/y'],
    words: { domain: ['a'], 'webroot-path': ['/x', '/y'], 'non-interactive': [''] },
  },
  { argv: ['-d', '-', '-d=-x'], words: { domain: ['-', '-x'] } },
  {
    verb: 'renew',
    argv: ['--no-random-sleep-on-renew', '-q', '-q'],
    words: { quiet: [''], 'no-random-sleep-on-renew': [''] },
  },
  { verb: 'certificates', argv: ['--cert-name', 'a.b'], words: { 'cert-name': ['a.b'] } },
];

for (const { verb = 'certonly', argv, words } of TAKEN) {
  test(`taken: ${verb} ${argv.join(' ')}`, async () => {
    assert.deepEqual(Object.fromEntries(await splitWords(verb, argv)), words);
  });
}

const REFUSED: readonly (readonly [Verb, readonly string[], RegExp])[] = [
  ['renew', ['--nonsense'], /there is no flag --nonsense$/],
  ['renew', ['-d', 'a'], /there is no flag -d/],
  ['renew', ['--dry'], /there is no flag --dry; did you mean --dry-run\?/],
  ['renew', ['word'], /"word" belongs to no flag/],
  ['renew', ['--', '--dry-run'], /there is no flag --$/],
  ['renew', ['--dry-run=false'], /--dry-run takes no value/],
  ['renew', ['--no-random-sleep-on-renew=true'], /takes no value/],
  ['renew', ['--renew-by-default=1'], /takes no value/],
  ['renew', ['--cert-name'], /--cert-name needs a value/],
  ['renew', ['--cert-name='], /--cert-name needs a value/],
  ['renew', ['--cert-name', ''], /--cert-name needs a value/],
  ['renew', ['--cert-name', 'a', '--cert-name', 'b'], /--cert-name is given 2 times/],
  ['renew', ['--deploy-hook', 'a', '--renew-hook', 'b'], /--deploy-hook is given 2 times/],
  ['renew', ['--deploy-hook', '--quiet'], /looks like a flag/],
  ['renew', ['--__proto__=x'], /there is no flag --__proto__/],
  ['certonly', ['-d', 'a', 'b'], /"b" belongs to no flag/],
  ['certonly', ['-d', ''], /--domain needs a value/],
];

for (const [verb, argv, message] of REFUSED) {
  test(`refused: ${verb} ${argv.join(' ')}`, async () => {
    const error = await rejection(splitWords(verb, argv), 'usage');
    assert.match(error.message, message);
    assert.equal(error.hint, `See: evercert ${verb} --help`);
  });
}

for (const argv of [['--no-deploy-hook'], ['--no-cert-name'], ['--no-pre-hook', '-q']]) {
  test(`refused: ${argv.join(' ')}, the no of a flag with a value`, async () => {
    await rejection(splitWords('renew', argv), 'usage');
  });
}

for (const argv of [['-q=false'], ['--dry-run', 'false'], ['--dry-run', 'true']]) {
  test(`refused: ${argv.join(' ')}, a switch with a value`, async () => {
    await rejection(splitWords('renew', argv), 'usage');
  });
}

for (const [typo, meant] of Object.entries({
  '--forc-renewal': 'force-renewal',
  '--cert-nmae': 'cert-name',
  '--planx': 'plan',
})) {
  test(`${typo} is taken for a slip`, async () => {
    assert.match(
      (await rejection(splitWords('renew', [typo]), 'usage')).message,
      new RegExp(`did you mean --${meant}\\?`),
    );
  });
}

test('flags in their order, as webroots need it', () => {
  const found = occurrences('certonly', ['-nw', '/x', '--domains=a', '-d', 'b', '-q']);
  assert.deepEqual(
    found.map(({ flag, value }) => `${flag.name} ${value}`),
    ['non-interactive ', 'webroot-path /x', 'domain a', 'domain b', 'quiet '],
  );
});

test('a glued short value of letters is read', async () => {
  assert.deepEqual((await splitWords('certonly', ['-dexample.com'])).get('domain'), ['example.com']);
});

test('property: both readings of an argument list agree', async () => {
  const value = fc.constantFrom('a.example', '/x', '-', 'x=y', '0012', 'a b', '"q"', 'true', 'false');
  const flag = fc.oneof(
    fc.constantFrom(['-q'], ['-nv'], ['--webroot'], ['--no-reuse-key']),
    value.map((text) => ['-d', text]),
    value.map((text) => [`-w=${text}`]),
    value.map((text) => [`--domains=${text}`]),
    value.map((text) => ['-nw', text]),
    value.map((text) => ['--webroot-path', text]),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(flag, { maxLength: 8 }), async (flags) => {
      const words = await splitWords('certonly', flags.flat());
      const read = occurrences('certonly', flags.flat());
      for (const name of ['domain', 'webroot-path', 'quiet']) {
        const values = read.filter((each) => each.flag.name === name).map((each) => each.value);
        assert.deepEqual(words.get(name) ?? [], name === 'quiet' ? values.slice(0, 1) : values);
      }
    }),
    { numRuns: 150 },
  );
});

test('a usage error has one line, and leads to the help', () => {
  const { message, hint } = usage(undefined, 'one\ntwo');
  assert.deepEqual([message, hint], ['one', 'See: evercert --help']);
});

test('property: any words are taken or refused as usage', async () => {
  const word = fc.oneof(
    fc.constantFrom(
      '--domain',
      '-d',
      '-w',
      '--',
      '-',
      '--no-',
      '=',
      '--quiet',
      '-qnv',
      '--cert-name=',
      'x',
      '--toString',
      '-__proto__',
    ),
    fc.string({ maxLength: 6 }),
  );
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...VERBS), fc.array(word, { maxLength: 6 }), async (verb, argv) => {
      try {
        for (const values of (await splitWords(verb, argv)).values())
          assert.ok(values.every((value) => typeof value === 'string'));
      } catch (error) {
        assert.ok(error instanceof EvercertError && error.code === 'usage', String(error));
      }
    }),
    { numRuns: 150 },
  );
});
