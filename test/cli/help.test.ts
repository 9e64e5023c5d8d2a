import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { flagsOf, VERBS } from '../../src/cli/flags.ts';
import { fails, run, succeeds } from './kit.ts';

describe('help', { concurrency: 4 }, () => {
  for (const verb of VERBS) {
    test(`${verb} --help: every flag and every other spelling of it, within 100 columns`, async () => {
      const { stdout, stderr } = succeeds(await run([verb, '--help']));
      assert.equal(stderr, '');
      const words = new Set(stdout.match(/--?[a-z0-9][a-z0-9-]*/g));
      for (const { name, short } of flagsOf(verb)) {
        assert.ok(words.has(`--${name}`), `--${name}`);
        if (short !== undefined) assert.ok(words.has(`-${short}`), `-${short}`);
      }
      for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
      assert.doesNotMatch(stdout, /[ \t]$/m, 'blanks at the end of a line');
      assert.match(stdout, /^usage:$[\s\S]*^examples:$[\s\S]*^flags:$/m);
    });

    for (const argv of [
      ['help', verb],
      [verb, '-h'],
      [verb, '--frobnicate', '--help'],
      [verb, '-d', 'x', '-h'],
    ]) {
      test(`${argv.join(' ')}: the same`, async () => {
        assert.equal(succeeds(await run(argv)).stdout, succeeds(await run([verb, '--help'])).stdout);
      });
    }

    test(`${verb}: only flags that it has are in its examples`, async () => {
      const { stdout } = await run([verb, '--help']);
      // What stands after a bare -- are flags of another verb.
      const examples = stdout
        .slice(stdout.indexOf('examples:'), stdout.indexOf('flags:'))
        .replace(/ -- .*$/gm, '');
      for (const flag of examples.match(/(?<=evercert .*)--[a-z0-9-]+/g) ?? []) {
        assert.ok(stdout.slice(stdout.indexOf('flags:')).includes(flag), flag);
      }
    });
  }

  test('evercert alone: the overview, exit 2', async () => {
    const { stdout } = fails(await run([]), 2, /usage:/);
    for (const verb of VERBS) assert.match(stdout, new RegExp(`evercert ${verb}`));
    assert.match(stdout, /exit status:[\s\S]*0 [\s\S]*1 [\s\S]*2 [\s\S]*4 /);
    for (const line of stdout.split('\n')) assert.ok(line.length <= 100, line);
  });

  for (const argv of [['--help'], ['-h'], ['help']]) {
    test(`evercert ${argv}: the overview, exit 0`, async () => {
      assert.match(succeeds(await run(argv)).stdout, /^evercert obtains TLS certificates/);
    });
  }

  test('--version', async () => {
    const { version } = JSON.parse(readFileSync('package.json', 'utf8'));
    assert.equal(succeeds(await run(['--version'])).stdout, `evercert ${version}\n`);
  });

  test('a flag that is nearly one: the right one is named', async () => {
    fails(
      await run(['renew', '--force-renew']),
      2,
      /there is no flag --force-renew; did you mean --force-renewal\?/,
    );
    fails(await run(['certonly', '--preferred-chian', 'x']), 2, /did you mean --preferred-chain\?/);
    fails(await run(['renew', '--dryrun']), 2, /did you mean --dry-run\?/);
    fails(await run(['renew', '--zzz']), 2, /^error: there is no flag --zzz\n/m);
  });

  test('a hook that mentions --help is no cry for help', async () => {
    const argv = ['renew', '--config-dir', '/nonexistent/evercert', '--deploy-hook', '--help'];
    const result = await run(argv);
    assert.ok(result.status === 2 || /usage:/.test(result.stdout));
  });
});
