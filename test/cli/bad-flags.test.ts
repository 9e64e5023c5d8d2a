import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Bench, createBench, fails, run } from './kit.ts';

// What a command line may not say: exit status 2, one clear line and a hint, nothing on the disk, no word to the CA.

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

/** [flags, what the error must say] */
type Case = readonly [readonly string[], RegExp];

const SWALLOWED: readonly Case[] = [
  [['-d', 'a.example.org', '--http-01-port', 'abc'], /--http-01-port "abc"/],
  [['-d', 'a.example.org', '--http-01-port='], /--http-01-port needs a value/],
  [['-d', 'a.example.org', '--http-01-port'], /--http-01-port needs a value/],
  [
    ['-d', 'a.example.org', '--http-01-port', '80', '--http-01-port', '81'],
    /--http-01-port is given 2 times/,
  ],
  [['-d', 'a.example.org', '--http-01-port', '0'], /--http-01-port "0".* from 1 to 65535/],
  [['-d', 'a.example.org', '--http-01-port', '65536'], /--http-01-port "65536"/],
  [['-d', 'a.example.org', '--http-01-port', '-1'], /--http-01-port/],
  [['-d', 'a.example.org', '--http-01-port', '8e1'], /--http-01-port "8e1"/],
  [['-d', 'a.example.org', '--http-01-port', '80.0'], /--http-01-port "80.0"/],
  [['-d', 'a.example.org', '--http-01-port', '0x50'], /--http-01-port "0x50"/],
  [['-d', 'a.example.org', '--dry-run=maybe'], /--dry-run takes no value/],
  [['-d', 'a.example.org', '--dry-run', 'maybe'], /maybe/],
  [['-d', 'a.example.org', '--dry-run', 'false'], /false/],
  [['-d', 'a.example.org', '--dry-run', 'true'], /true/],
  [['-d', 'a.example.org', '-n=false'], /-n\b/],
  [['-d', 'a.example.org', '-n', 'false'], /false/],
  [['-d', 'a.example.org', '-q1'], /-q/],
  [['-d', 'a.example.org', '--no-dry-run'], /--no-dry-run/],
  [['-d', 'a.example.org', '--no-deploy-hook'], /--no-deploy-hook/],
  [['-d', 'a.example.org', '--no-cert-name'], /--no-cert-name/],
  [['-d', 'a.example.org', '--no-domain'], /--no-domain/],
  [['-d', 'a.example.org', '--no-json'], /--no-json/],
  [['-d', 'a.example.org', '--no-reuse-key=1'], /--no-reuse-key/],
  [['-d', 'a.example.org', '--frobnicate'], /--frobnicate/],
  [['-d', 'a.example.org', '--frobnicate=1'], /--frobnicate/],
  [['-d', 'a.example.org', '--__proto__=1'], /--__proto__/],
  [['-d', 'a.example.org', '--constructor', 'x'], /--constructor/],
  [['-d', 'a.example.org', '--config-dir.x', 'x'], /--config-dir\.x/],
  [['-d', 'a.example.org', '-x'], /-x/],
  [['-d', 'a.example.org', 'b.example.org'], /b\.example\.org/],
  [['-d', 'a.example.org', '--', 'b.example.org'], /flag --|b\.example\.org/],
  [['-d', ''], /--domain needs a value/],
  [['-d', ','], /no names/],
  [['-d', ' '], /no names/],
  [['-d'], /--domain needs a value|-d needs a value/],
  [['--domains='], /needs a value/],
  [['-d', 'a.example.org', '-d'], /needs a value/],
  [[], /no names/],
];

const SENSELESS: readonly Case[] = [
  [['-d', '*.example.org'], /\*\.example\.org.*needs dns-01/],
  [['-d', 'a b.example.org'], /"a b\.example\.org"/],
  [['-d', 'localhost'], /"localhost".*dot/],
  [['-d', 'a..example.org'], /"a\.\.example\.org"/],
  [['-d', '1.2.3.400'], /"1\.2\.3\.400"/],
  [['-d', '1::2::3'], /"1::2::3".*IPv6/],
  [['-d', '-a.example.org'], /-a\.example\.org|needs a value/],
  [['-d', `${'a'.repeat(64)}.example.org`], /too long/],
  [['-d', `${'a.'.repeat(130)}org`], /253/],
  [['-d', Array.from({ length: 101 }, (_, n) => `n${n}.example.org`).join()], /101 names/],
  [['-d', 'http://example.org/'], /http:\/\/example\.org/],
  [['-d', 'a.example.org', '--cert-name', '../x'], /"\.\.\/x"/],
  [['-d', 'a.example.org', '--cert-name', 'a/b'], /"a\/b"/],
  [['-d', 'a.example.org', '--cert-name', '.'], /"\."/],
  [['-d', 'a.example.org', '--cert-name', '-x'], /-x|needs a value/],
  [['-d', 'a.example.org', '--cert-name', 'x'.repeat(201)], /1 to 200/],
  [['-d', 'a.example.org', '--key-type', 'dsa'], /--key-type "dsa".*ecdsa, rsa/],
  [['-d', 'a.example.org', '--key-type', 'constructor'], /--key-type "constructor"/],
  [['-d', 'a.example.org', '--rsa-key-size', '2048'], /--rsa-key-size needs --key-type rsa/],
  [['-d', 'a.example.org', '--key-type', 'rsa', '--rsa-key-size', '1024'], /--rsa-key-size "1024"/],
  [['-d', 'a.example.org', '--key-type', 'rsa', '--elliptic-curve', 'secp384r1'], /--elliptic-curve/],
  [['-d', 'a.example.org', '--elliptic-curve', 'secp256k1'], /--elliptic-curve "secp256k1"/],
  [['-d', 'a.example.org', '--key-mode', '999'], /--key-mode "999"/],
  [['-d', 'a.example.org', '--key-mode', '04640'], /--key-mode "04640"/],
  [['-d', 'a.example.org', '--keep-versions', '0'], /--keep-versions "0"/],
  [['-d', 'a.example.org', '--hook-timeout', '0'], /--hook-timeout "0"/],
  [['-d', 'a.example.org', '--lock-wait', '-5'], /--lock-wait/],
  [['-d', 'a.example.org', '--force-renewal', '--keep-until-expiring'], /exclude/],
  [['-d', 'a.example.org', '-q', '-v'], /exclude/],
  [['-d', 'a.example.org', '--standalone'], /exclude/],
  [['-d', 'a.example.org', '--eab-kid', 'x'], /--eab-kid needs --eab-hmac-key/],
  [['-d', 'a.example.org', '--eab-hmac-key', 'eA'], /--eab-hmac-key needs --eab-kid/],
  [['-d', 'a.example.org', '--eab-kid', 'x', '--eab-hmac-key', '!'], /base64url/],
  [['-d', 'a.example.org', '--email', 'nobody'], /"nobody"/],
  [['-d', 'a.example.org', '--staging'], /--staging/],
  [['-d', 'a.example.org', '--cert-path', 'x.pem'], /--csr/],
  [['-d', 'a.example.org', '--csr', 'x.pem'], /--csr/],
  [['-d', 'a.example.org', '--post-hook', `true ${'x'.repeat(5000)}`], /^error: (?!.*cannot be read).*4096/],
  [['-d', 'a.example.org', '--preferred-chain', 'x'.repeat(5000)], /^error: (?!.*cannot be read).*4096/],
];

async function refused(flags: readonly string[], expected: RegExp): Promise<void> {
  const store = bench.store();
  const result = await run(['certonly', ...store.flags, ...flags]);
  fails(result, 2, expected);
  assert.match(result.stderr, /^error: [^A-Z\n][^\n]*\n {4}hint: [^\n]+\n$/, 'one line, one hint');
  assert.equal(result.stdout, '');
  assert.equal(existsSync(store.configDir), false, 'the store was made');
}

const named = (flags: readonly string[]) => flags.join(' ').slice(0, 70) || 'nothing';

describe('values that a parser would swallow', { concurrency: 4 }, () => {
  for (const [flags, expected] of SWALLOWED) test(named(flags), () => refused(flags, expected));
});

describe('values that make no sense', { concurrency: 4 }, () => {
  for (const [flags, expected] of SENSELESS) test(named(flags), () => refused(flags, expected));
});

describe('servers that are none', { concurrency: 4 }, () => {
  for (const server of ['nosuchca', 'constructor', '__proto__', 'ftp://x/y', 'http://', 'https:// /']) {
    test(server, async () => {
      const store = bench.store();
      const argv = ['certonly', '--config-dir', store.configDir, '--standalone', '-d', 'a.example.org'];
      fails(
        await run([...argv, '--server', server]),
        2,
        /--server .* is neither an https URL nor the name of a CA/,
      );
      assert.equal(existsSync(store.configDir), false);
    });
  }
});

describe('ways to prove names', { concurrency: 4 }, () => {
  const cases: readonly Case[] = [
    [['-d', 'a.example.org'], /how to prove the names/],
    [['-d', 'a.example.org', '--webroot'], /--webroot needs -w/],
    [['-d', 'a.example.org', '-w'], /needs a value/],
    [['-d', 'a.example.org', '-w', ''], /needs a value/],
    [['-d', 'a.example.org', '-w', '/nonexistent/x'], /webroot \/nonexistent\/x does not exist/],
    [['-d', 'a.example.org', '-w', '/tmp', '-d', 'b.example.org', '-w', '/tmp'], /first must stand before/],
    [['-w', '/tmp', '-w', '/tmp', '-d', 'a.example.org', '--standalone'], /exclude/],
  ];
  for (const [flags, expected] of cases) {
    test(named(flags), async () => {
      const store = bench.store();
      const argv = ['certonly', '--config-dir', store.configDir, '--server', bench.ca.directoryUrl, ...flags];
      const result = await run([...argv, '--agree-tos', '--register-unsafely-without-email']);
      fails(result, /nonexistent/.test(named(flags)) ? 1 : 2, expected);
      assert.equal(existsSync(join(store.configDir, 'live', 'a.example.org')), false);
    });
  }
});

describe('other verbs', { concurrency: 4 }, () => {
  const cases: readonly Case[] = [
    [['renew', 'example.org'], /example\.org/],
    [['renew', '-d', 'example.org'], /-d/],
    [['renew', '--concurrency', '0'], /--concurrency "0".* from 1 to 64/],
    [['renew', '--concurrency', '65'], /--concurrency "65"/],
    [['renew', '--cert-name', 'a', '--cert-name', 'b'], /--cert-name is given 2 times/],
    [['renew', '--plan', '--dry-run'], /exclude/],
    [['renew', '--plan=1'], /--plan takes no value/],
    [['renew', '--no-random-sleep-on-renew', 'false'], /false/],
    [['renew', '--no-force-renewal'], /--no-force-renewal/],
    [['certificates', '--force-renewal'], /--force-renewal/],
    [['certificates', 'x'], /"x"|x/],
    [['renew'], /does not exist/],
    [['certificates'], /does not exist/],
  ];
  for (const [argv, expected] of cases) {
    test(named(argv), async () => {
      const store = bench.store();
      const result = fails(await run([...argv, '--config-dir', store.configDir]), 2, expected);
      assert.match(result.stderr, /^error: .*\n {4}hint: .*\n$/);
      assert.equal(existsSync(store.configDir), false);
    });
  }

  const words: readonly Case[] = [
    [['frobnicate'], /there is no verb "frobnicate"/],
    [['constructor'], /there is no verb "constructor"/],
    [['-d', 'example.org'], /the verb comes first/],
    [['-q', 'renew'], /the verb comes first/],
    [['certificates', '--config-dir', ''], /--config-dir needs a value/],
    [['certificates', '--config-dir', '/tmp', '--config-dir', '/tmp'], /--config-dir is given 2 times/],
  ];
  for (const [argv, expected] of words) {
    test(named(argv), async () => {
      fails(await run(argv), 2, expected);
    });
  }
});

test('the CA heard of none of these', () => {
  const heard = bench.ca.requests.map(({ endpoint }) => endpoint);
  // The webroot that is no directory is only found when there is a challenge to put into it.
  assert.equal(bench.ca.orders.length, heard.includes('newOrder') ? 1 : 0);
  assert.ok(heard.length < 12, heard.join());
});

test('a usage error is one JSON object under --json', async () => {
  const result = await run(['renew', '--json', '--frobnicate']);
  assert.equal(result.status, 2);
  const { event, error } = JSON.parse(result.stdout);
  assert.equal(event, 'failed');
  assert.deepEqual(Object.keys(error), ['code', 'message', 'hint', 'details']);
  assert.equal(error.code, 'usage');
});

describe('what only this machine knows', { concurrency: 4 }, () => {
  const cases: readonly Case[] = [
    [['--key-group', 'nosuchgroup'], /there is no group nosuchgroup/],
    [['--key-group', 'no such group'], /group/],
    [['--ca-bundle', '/nonexistent/roots.pem'], /\/nonexistent\/roots\.pem is missing/],
    [['--ca-bundle', '/etc/hostname'], /\/etc\/hostname holds no certificate/],
    [['--ca-bundle', '/etc'], /\/etc/],
  ];
  for (const [flags, expected] of cases) {
    test(named(flags), async () => {
      const store = bench.store();
      const name = `${flags.join('').replace(/[^a-z]/g, '')}.example.org`;
      const hooks = ['--pre-hook', `touch ${join(store.scratch, 'pre')}`];
      fails(await store.certonly(name, [...flags, ...hooks]), 2, expected);
      assert.equal(store.live(name), undefined);
      assert.equal(existsSync(join(store.scratch, 'pre')), false, 'the pre hook ran');
      assert.ok(!JSON.stringify(bench.ca.requests).includes(name), 'the CA was asked');
    });
  }
});
