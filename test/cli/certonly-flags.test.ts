import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { freePort } from '../support/rig/ports.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { type Bench, contents, createBench, fails, run, type Store, succeeds } from './kit.ts';

const needsRoot = skipWithout(['root']);

let bench: Bench;
before(async () => {
  bench = await createBench({ alternateChain: true });
});
after(() => bench.close());

function leaf(store: Store, name: string): X509Certificate {
  return new X509Certificate(store.read('live', name, 'cert.pem'));
}

function namesOf(store: Store, name: string): string[] {
  return (leaf(store, name).subjectAltName ?? '').split(', ').map((entry) => entry.replace(/^[^:]+:/, ''));
}

function keyOf(store: Store, name: string) {
  const key = createPrivateKey(store.read('live', name, 'privkey.pem'));
  return `${key.asymmetricKeyType} ${key.asymmetricKeyDetails?.namedCurve ?? key.asymmetricKeyDetails?.modulusLength}`;
}

describe('names', { concurrency: 4 }, () => {
  const spellings: readonly (readonly [readonly string[], readonly string[]])[] = [
    [
      ['-d', 'a.example.org', '-d', 'b.example.org'],
      ['a.example.org', 'b.example.org'],
    ],
    [
      ['-d', 'a.example.org,b.example.org'],
      ['a.example.org', 'b.example.org'],
    ],
    [
      ['-d', 'a.example.org, b.example.org,'],
      ['a.example.org', 'b.example.org'],
    ],
    [
      ['--domains', 'a.example.org', '--domain=b.example.org'],
      ['a.example.org', 'b.example.org'],
    ],
    [['-da.example.org'], ['a.example.org']],
    [['-nd', 'a.example.org'], ['a.example.org']],
    [['-d', 'a.example.org', '-d', 'a.example.org'], ['a.example.org']],
    [['-d', 'A.Example.ORG.', '-d', 'a.example.org'], ['a.example.org']],
    [['-d', 'bücher.example'], ['xn--bcher-kva.example']],
    [['-d', 'BÜCHER.example,xn--bcher-kva.example'], ['xn--bcher-kva.example']],
    [['-d', '192.0.2.7'], ['192.0.2.7']],
    [
      ['-d', 'a.example.org,192.0.2.7,2001:DB8:0:0::7'],
      ['a.example.org', '192.0.2.7', '2001:DB8:0:0:0:0:0:7'],
    ],
  ];
  for (const [flags, expected] of spellings) {
    test(flags.join(' '), async () => {
      const store = bench.store();
      succeeds(await run(['certonly', ...store.flags, ...flags]));
      assert.deepEqual(readdirSync(store.path('live')), [expected[0]]);
      assert.deepEqual(namesOf(store, expected[0] ?? ''), expected);
    });
  }

  test('an IPv6 address names its lineage with dashes', async () => {
    const store = bench.store();
    succeeds(await store.certonly('::1'));
    assert.deepEqual(readdirSync(store.path('live')), ['0--1']);
    assert.deepEqual(store.settings('0--1').names, ['::1']);
  });

  test('--cert-name names the lineage, in lower case', async () => {
    const store = bench.store();
    succeeds(await store.certonly('a.example.org', ['--cert-name', 'Shop']));
    assert.deepEqual(readdirSync(store.path('live')), ['shop']);
    assert.deepEqual(store.settings('shop').names, ['a.example.org']);
  });
});

describe('a lineage that is there', { concurrency: 4 }, () => {
  test('the same names in another order: kept, no order', async () => {
    const store = bench.store();
    succeeds(await store.certonly('a.example.org,b.example.org'));
    const before = contents(store.configDir);
    const again = succeeds(await store.certonly('b.example.org,a.example.org', ['--keep-until-expiring']));
    assert.match(again.stdout, /a\.example\.org: the certificate is kept/);
    assert.equal(store.live('a.example.org'), '0001');
    assert.deepEqual(Object.keys(contents(store.configDir)), Object.keys(before));
  });

  test('more names: refused without --expand, with a hint, nothing touched', async () => {
    const store = await bench.seeded('a.example.org');
    const before = contents(store.configDir);
    const result = await store.certonly('a.example.org,b.example.org');
    fails(result, 2, /a\.example\.org exists and holds other names: a\.example\.org\n {4}hint: .*--expand/);
    assert.deepEqual(contents(store.configDir), before);
  });

  test('more names with --expand: the next version holds all', async () => {
    const store = await bench.seeded('a.example.org');
    succeeds(await store.certonly('a.example.org,b.example.org', ['--expand']));
    assert.equal(store.live('a.example.org'), '0002');
    assert.deepEqual(namesOf(store, 'a.example.org'), ['a.example.org', 'b.example.org']);
  });

  test('--expand does not take names away', async () => {
    const store = bench.store();
    succeeds(await store.certonly('a.example.org,b.example.org'));
    fails(await store.certonly('a.example.org,c.example.org', ['--expand']), 2, /holds other names/);
  });

  test('--cert-name with other names: they replace the old ones', async () => {
    const store = await bench.seeded('a.example.org');
    succeeds(await store.certonly('c.example.org', ['--cert-name', 'a.example.org']));
    assert.deepEqual(namesOf(store, 'a.example.org'), ['c.example.org']);
  });

  for (const flag of ['--force-renewal', '--renew-by-default']) {
    test(`${flag}: the next version at once`, async () => {
      const store = await bench.seeded('a.example.org');
      succeeds(await store.certonly('a.example.org', [flag]));
      assert.equal(store.live('a.example.org'), '0002');
    });
  }

  test('what the flags leave out stays as it was', async () => {
    const store = bench.store();
    const flags = ['--key-type', 'rsa', '--deploy-hook', 'true', '--keep-versions', '3'];
    succeeds(await store.certonly('a.example.org', flags));
    const before = store.settings('a.example.org');
    succeeds(await store.certonly('a.example.org', ['--force-renewal']));
    assert.deepEqual(store.settings('a.example.org'), before);
    assert.equal(keyOf(store, 'a.example.org'), 'rsa 2048');
  });

  test('settings that changed are saved although the certificate is kept', async () => {
    const store = await bench.seeded('a.example.org');
    succeeds(await store.certonly('a.example.org', ['--post-hook', 'true']));
    assert.deepEqual(store.settings('a.example.org').hooks, { post: 'true' });
    assert.equal(store.live('a.example.org'), '0001');
  });

  test('--keep-versions 1: the live one and the one before it', async () => {
    const store = await bench.seeded('a.example.org');
    for (let version = 2; version <= 4; version += 1) {
      succeeds(await store.certonly('a.example.org', ['--force-renewal', '--keep-versions', '1']));
    }
    assert.deepEqual(store.versions('a.example.org'), ['0003', '0004']);
  });
});

describe('keys', { concurrency: 4 }, () => {
  const kinds: readonly (readonly [readonly string[], string])[] = [
    [[], 'ec prime256v1'],
    [['--elliptic-curve', 'secp384r1'], 'ec secp384r1'],
    [['--key-type', 'ecdsa', '--elliptic-curve', 'P-384'], 'ec secp384r1'],
    [['--key-type', 'rsa'], 'rsa 2048'],
    [['--key-type', 'RSA', '--rsa-key-size', '3072'], 'rsa 3072'],
  ];
  for (const [flags, expected] of kinds) {
    test(flags.join(' ') || 'the default', async () => {
      const store = bench.store();
      succeeds(await store.certonly('a.example.org', flags));
      assert.equal(keyOf(store, 'a.example.org'), expected);
      assert.match((await store.renew()).stdout, /not due/);
    });
  }

  test('a curve that the CA refuses: the old version stays, and the next good run repairs', async () => {
    const store = await bench.seeded('a.example.org');
    const result = await store.certonly('a.example.org', ['--elliptic-curve', 'secp521r1']);
    fails(result, 1, /badCSR[\s\S]*hint: .*--key-type/);
    assert.equal(store.live('a.example.org'), '0001');
    succeeds(await store.certonly('a.example.org', ['--elliptic-curve', 'secp384r1']));
    assert.equal(keyOf(store, 'a.example.org'), 'ec secp384r1');
  });

  test('--reuse-key keeps the key, --new-key makes one this once, --no-reuse-key ends it', async () => {
    const store = bench.store();
    const key = () => store.read('live', 'a.example.org', 'privkey.pem');
    const next = async (...flags: string[]) => {
      const old = key();
      succeeds(await store.certonly('a.example.org', ['--force-renewal', ...flags]));
      return key() === old ? 'kept' : 'new';
    };
    succeeds(await store.certonly('a.example.org', ['--reuse-key']));
    assert.equal(await next(), 'kept');
    assert.equal(await next('--new-key'), 'new');
    assert.equal(await next(), 'kept');
    assert.equal(store.settings('a.example.org').reuseKey, true);
    assert.equal(await next('--no-reuse-key'), 'new');
  });

  test('--reuse-key and another --key-type: a new key of that type, once', async () => {
    const store = bench.store();
    succeeds(await store.certonly('a.example.org', ['--reuse-key']));
    succeeds(await store.certonly('a.example.org', ['--key-type', 'rsa']));
    assert.equal(keyOf(store, 'a.example.org'), 'rsa 2048');
    assert.match(succeeds(await store.renew()).stdout, /not due/);
  });

  test('--key-mode and --key-group: at birth, and over renewals', { skip: needsRoot }, async () => {
    const store = bench.store();
    succeeds(await store.certonly('a.example.org', ['--key-mode', '640', '--key-group', 'daemon']));
    succeeds(await store.renew(['--force-renewal']));
    const gid = Number(execFileSync('getent', ['group', 'daemon'], { encoding: 'utf8' }).split(':')[2]);
    for (const version of ['0001', '0002']) {
      for (const file of ['privkey.pem', 'combined.pem']) {
        const stat = statSync(store.path('archive', 'a.example.org', version, file));
        assert.deepEqual([stat.mode & 0o777, stat.gid], [0o640, gid]);
      }
    }
    assert.equal(statSync(store.path('live', 'a.example.org', 'fullchain.pem')).mode & 0o777, 0o644);
  });

  test('without them the key is for its owner alone, whatever the umask', async () => {
    const store = await bench.seeded('a.example.org');
    assert.equal(statSync(store.path('live', 'a.example.org', 'privkey.pem')).mode & 0o777, 0o600);
    assert.equal(statSync(store.path('live', 'a.example.org', 'combined.pem')).mode & 0o777, 0o600);
  });
});

describe('--preferred-chain', { concurrency: 4 }, () => {
  const topmost = (store: Store) => {
    const blocks = store.read('live', 'a.example.org', 'chain.pem').split(/(?<=-----END CERTIFICATE-----\n)/);
    return new X509Certificate(blocks.at(-1) ?? '').issuer;
  };

  test('takes the alternate chain of that issuer, without a warning, renewals too', async () => {
    const store = bench.store();
    const result = await store.certonly('a.example.org', ['--preferred-chain', 'Test Root X2']);
    assert.equal(succeeds(result).stderr, '');
    assert.equal(topmost(store), 'CN=Test Root X2');
    succeeds(await store.renew(['--force-renewal']));
    assert.equal(topmost(store), 'CN=Test Root X2');
  });

  test('takes the default chain and warns when the CA has none of that name', async () => {
    const store = bench.store();
    const result = succeeds(
      await store.certonly('a.example.org', ['--preferred-chain', 'No Such Root', '-q']),
    );
    assert.match(result.stderr, /a\.example\.org: the CA offers no chain of "No Such Root"/);
    assert.equal(topmost(store), 'CN=Test Root X1');
  });
});

describe('--dry-run', { concurrency: 4 }, () => {
  test('issues nothing that is kept, and runs no deploy hook', async () => {
    const store = await bench.seeded('a.example.org');
    const before = contents(store.configDir);
    const flags = ['--dry-run', '--deploy-hook', `touch ${join(store.scratch, 'deployed')}`];
    const result = succeeds(await store.certonly('a.example.org,b.example.org', ['--expand', ...flags]));
    assert.match(result.stdout, /the dry run passed at http/);
    assert.deepEqual(contents(store.configDir), before);
    assert.equal(existsSync(join(store.scratch, 'deployed')), false);
  });

  test('of a new name leaves no lineage', async () => {
    const store = bench.store();
    succeeds(await store.certonly('a.example.org', ['--dry-run']));
    for (const kind of ['renewal', 'state', 'live', 'archive']) {
      assert.deepEqual(readdirSync(store.path(kind)), []);
    }
  });
});

describe('external account binding', { concurrency: 4 }, () => {
  const kid = 'kid-1';
  const hmacKey = Buffer.from('0123456789abcdef0123456789abcdef').toString('base64url');
  let strict: Bench;
  before(async () => {
    strict = await createBench({ externalAccountRequired: true, externalAccounts: { [kid]: hmacKey } });
  });
  after(() => strict.close());

  test('asked for and not given: says which flags, exit 2, and no account is asked for', async () => {
    const result = await strict.store().certonly('a.example.org');
    fails(result, 2, /external account binding[\s\S]*hint: .*--eab-kid and --eab-hmac-key/);
  });

  test('by flags', async () => {
    const store = strict.store();
    succeeds(await store.certonly('a.example.org', ['--eab-kid', kid, '--eab-hmac-key', hmacKey]));
    assert.doesNotMatch(
      Object.values(contents(store.configDir)).join(),
      new RegExp(hmacKey),
      'a secret kept',
    );
    succeeds(await store.renew(['--force-renewal']));
  });

  test('the key by $EVERCERT_EAB_HMAC_KEY, which no hook sees', async () => {
    const store = strict.store();
    const flags = ['--eab-kid', kid, '--deploy-hook', 'env'];
    const result = await store.certonly('a.example.org', flags, { env: { EVERCERT_EAB_HMAC_KEY: hmacKey } });
    assert.match(succeeds(result).stdout, /RENEWED_LINEAGE=/);
    assert.doesNotMatch(result.stdout, new RegExp(hmacKey));
  });

  test('a wrong key: the CA says so, nothing secret is printed', async () => {
    const wrong = Buffer.from('another').toString('base64url');
    const result = await strict
      .store()
      .certonly('a.example.org', ['--eab-kid', kid, '--eab-hmac-key', wrong]);
    fails(result, 1, /a\.example\.org: failed: .*(unauthorized|malformed)/);
    assert.doesNotMatch(result.stdout + result.stderr, new RegExp(wrong));
  });
});

describe('the account', { concurrency: 4 }, () => {
  test('without agreement to the terms: exit 2, and the page to read', async () => {
    const store = bench.store();
    const argv = ['certonly', ...store.flags.filter((flag) => flag !== '--agree-tos'), '-d', 'a.example.org'];
    fails(await run(argv), 2, /terms of service: https:\/\/ca\.test\/terms\n {4}hint: .*--agree-tos/);
    assert.equal(store.live('a.example.org'), undefined);
  });

  test('without an e-mail address: exit 2', async () => {
    const store = bench.store();
    const argv = ['certonly', ...store.flags.slice(0, -1), '-d', 'a.example.org'];
    fails(await run(argv), 2, /no e-mail address[\s\S]*--register-unsafely-without-email/);
  });

  test('-m goes to the CA as a mailto: contact; the second certificate needs neither', async () => {
    const store = bench.store();
    const base = store.flags.slice(0, -2);
    const first = ['certonly', ...base, '-d', 'a.example.org', '--agree-tos', '-m', 'Admin@example.org'];
    succeeds(await run(first));
    const sent = bench.ca.requests.flatMap(({ endpoint, payload }) =>
      endpoint === 'newAccount' ? [JSON.stringify(payload)] : [],
    );
    assert.ok(sent.some((payload) => payload.includes('mailto:Admin@example.org')));
    succeeds(await run(['certonly', ...base, '-d', 'b.example.org']));
  });
});

describe('where things are', { concurrency: 4 }, () => {
  test('EVERCERT_CONFIG_DIR stands in for --config-dir, which wins', async () => {
    const store = bench.store();
    const other = bench.store();
    const argv = ['certonly', ...store.flags.slice(2), '-d', 'a.example.org'];
    succeeds(await run(argv, { env: { EVERCERT_CONFIG_DIR: store.configDir } }));
    assert.equal(store.live('a.example.org'), '0001');
    succeeds(await other.certonly('b.example.org', [], { env: { EVERCERT_CONFIG_DIR: store.configDir } }));
    assert.equal(other.live('b.example.org'), '0001');
    assert.equal(store.live('b.example.org'), undefined);
  });

  test('relative paths are of the working directory, and saved absolute', async () => {
    const store = bench.store();
    const argv = ['certonly', '--config-dir', 'store', '-w', 'webroot', ...store.flags.slice(5)];
    succeeds(await run([...argv, '-d', 'a.example.org'], { cwd: store.scratch }));
    assert.deepEqual(store.settings('a.example.org').challenge, {
      type: 'webroot',
      roots: { 'a.example.org': join(store.scratch, 'webroot') },
    });
  });

  test('a path with spaces, quotes and umlauts', async () => {
    const store = bench.store();
    const configDir = join(store.scratch, `my 'store' "ü" $(x)`);
    const argv = [
      'certonly',
      ...store.flags,
      '-d',
      'a.example.org',
      '--deploy-hook',
      'echo "<$RENEWED_LINEAGE>"',
    ];
    const result = await run(argv.map((word) => (word === store.configDir ? configDir : word)));
    assert.ok(succeeds(result).stdout.includes(`<${configDir}/live/a.example.org>`));
    succeeds(await run(['certificates', '--config-dir', configDir]));
  });

  test('missing parents of --config-dir are made', async () => {
    const store = bench.store();
    const deep = join(store.scratch, 'etc', 'acme', 'store');
    const argv = ['certonly', ...store.flags, '-d', 'a.example.org'];
    succeeds(await run(argv.map((word) => (word === store.configDir ? deep : word))));
    assert.ok(existsSync(join(deep, 'live', 'a.example.org', 'fullchain.pem')));
  });
});

describe('how much is said', { concurrency: 4 }, () => {
  test('-q: nothing when all is well', async () => {
    const result = succeeds(
      await bench.store().certonly('a.example.org', ['-q', '--deploy-hook', 'echo hello']),
    );
    assert.equal(result.stdout + result.stderr, '');
  });

  test('-v: each step', async () => {
    const { stdout } = succeeds(await bench.store().certonly('a.example.org', ['-v']));
    assert.match(stdout, /placing the order[\s\S]*proving the names[\s\S]*downloading the certificate/);
  });

  test('-vv and -nv are as good', async () => {
    for (const flag of ['-vv', '-nv']) {
      const { stdout } = succeeds(await bench.store().certonly('a.example.org', [flag]));
      assert.match(stdout, /placing the order/);
    }
  });
});

describe('challenges that a CA really looks at', { concurrency: 2 }, () => {
  let port: number;
  let real: Bench;
  before(async () => {
    port = await freePort();
    real = await createBench({ alwaysValid: false, httpPort: port });
  });
  after(() => real.close());

  const certonly = (store: Store, ...flags: string[]) => {
    const account = ['--agree-tos', '--register-unsafely-without-email'];
    const where = ['--config-dir', store.configDir, '--server', real.ca.directoryUrl];
    return run(['certonly', ...where, ...account, ...flags]);
  };

  test('standalone, on all addresses and on one, then webroots by name', async () => {
    const store = real.store();
    const standalone = ['--standalone', '--http-01-port', String(port)];
    succeeds(await certonly(store, ...standalone, '-d', 'a.example.org,b.example.org'));
    succeeds(await certonly(store, ...standalone, '--http-01-address', '127.0.0.1', '-d', 'c.example.org'));
    assert.deepEqual(store.settings('c.example.org').challenge, {
      type: 'standalone',
      port,
      address: '127.0.0.1',
    });
    succeeds(await store.renew(['--force-renewal', '--concurrency', '1']));
    const together = await store.renew(['--force-renewal']);

    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
    const refused = await certonly(store, ...standalone, '-d', 'd.example.org');
    taken.close();
    fails(refused, 1, new RegExp(`cannot listen on .*${port}: node .* does[\\s\\S]*hint: .*--webroot`));
    succeeds(await certonly(store, ...standalone, '-d', 'd.example.org'));

    const elsewhere = await certonly(
      store,
      ...standalone,
      '--http-01-address',
      '192.0.2.1',
      '-d',
      'e.example.org',
    );
    fails(elsewhere, 1, /cannot listen on 192\.0\.2\.1[\s\S]*--http-01-address/);
    fails(
      await certonly(
        store,
        '--standalone',
        '--http-01-port',
        String(await freePort()),
        '-d',
        'f.example.org',
      ),
      1,
      /could not validate f\.example\.org[\s\S]*f\.example\.org: connection: [\s\S]*hint: .*port 80/,
    );
    await webroots();
    succeeds(together);
  });

  /** One -w for each -d: a web server that serves each host from a directory of its own. */
  async function webroots(): Promise<void> {
    const store = real.store();
    const root = (name: string) => join(store.scratch, 'www', name);
    const server = createServer((request, response) => {
      const file = join(root(request.headers.host ?? ''), request.url ?? '');
      response.writeHead(existsSync(file) ? 200 : 404).end(existsSync(file) ? readFileSync(file) : '');
    });
    await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
    assert.equal((server.address() as AddressInfo).port, port);
    try {
      for (const name of ['a.example.org', 'b.example.org', 'c.example.org'])
        mkdirSync(root(name), { recursive: true });
      const [a, b] = [root('a.example.org'), root('b.example.org')];
      const both = ['-w', a, '-d', 'a.example.org', '-w', b, '-d', 'b.example.org'];
      for (const flags of [
        ['--webroot', ...both],
        [`--webroot-path=${b}`, '-d', 'b.example.org', `-w${a}`, '-da.example.org', '--force-renewal'],
        ['-nw', a, '-nd', 'a.example.org', '-nw', b, '-nd', 'b.example.org', '--force-renewal'],
      ]) {
        succeeds(await certonly(store, ...flags));
        const { roots } = store.settings('a.example.org').challenge as { roots: object };
        assert.deepEqual(roots, { 'a.example.org': a, 'b.example.org': b });
      }
      assert.deepEqual(readdirSync(a), [], 'a challenge file or a directory was left');
      succeeds(await store.renew(['--force-renewal']));
      fails(
        await certonly(store, '-w', a, '-d', 'a.example.org', '-d', 'c.example.org', '--cert-name', 'c'),
        1,
        /could not validate c\.example\.org[\s\S]*unauthorized[\s\S]*hint: .*-w/,
      );
      succeeds(await certonly(store, '-d', 'c.example.org', '-w', root('c.example.org'), '--cert-name', 'c'));
    } finally {
      server.close();
      server.closeAllConnections();
    }
  }
});

describe('--csr', { concurrency: 4, skip: skipWithout(['openssl']) }, () => {
  /** A request made by openssl(1), and the flags that use it. */
  function request(store: Store, form: 'pem' | 'der', key: readonly string[], names: string): string[] {
    const out = join(store.scratch, `request.${form}`);
    const keyFile = join(store.scratch, 'key.pem');
    execFileSync('openssl', ['genpkey', ...key, '-out', keyFile], { stdio: 'ignore' });
    const subject = ['-subj', '/', '-addext', `subjectAltName=${names}`];
    execFileSync('openssl', ['req', '-new', '-key', keyFile, ...subject, '-outform', form, '-out', out]);
    return ['--csr', out];
  }
  const EC = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const sign = (store: Store, ...flags: string[]) =>
    run(['certonly', ...store.flags, ...flags], { cwd: store.scratch });

  const forms: readonly (readonly ['pem' | 'der', readonly string[]])[] = [
    ['pem', EC],
    ['der', EC],
    ['pem', ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048']],
  ];
  for (const [form, key] of forms) {
    test(`${form}, ${key[1]}`, async () => {
      const store = bench.store();
      const result = succeeds(
        await sign(store, ...request(store, form, key, 'DNS:a.example.org,IP:192.0.2.7')),
      );
      assert.match(result.stdout, /saved .*\/cert\.pem\nsaved .*\/chain\.pem\nsaved .*\/fullchain\.pem/);
      const [cert, chain, fullchain] = ['cert', 'chain', 'fullchain'].map((name) =>
        readFileSync(join(store.scratch, `${name}.pem`), 'utf8'),
      );
      assert.equal(fullchain, `${cert}${chain}`);
      const ours = createPrivateKey(readFileSync(join(store.scratch, 'key.pem')));
      assert.ok(new X509Certificate(cert ?? '').checkPrivateKey(ours));
      assert.deepEqual(readdirSync(store.path('live')), [], 'no lineage');
    });
  }

  test('never overwrites: exit 2 before the CA is asked', async () => {
    const store = bench.store();
    const flags = request(store, 'pem', EC, 'DNS:a.example.org');
    writeFileSync(join(store.scratch, 'chain.pem'), 'precious');
    fails(await sign(store, ...flags), 2, /chain\.pem exists\n {4}hint: .*--chain-path/);
    assert.equal(readFileSync(join(store.scratch, 'chain.pem'), 'utf8'), 'precious');
    assert.equal(existsSync(store.configDir), false);
  });

  test('to other files', async () => {
    const store = bench.store();
    const targets = ['--cert-path', 'c', '--chain-path', 'i', '--fullchain-path', 'f'];
    succeeds(await sign(store, ...request(store, 'pem', EC, 'DNS:a.example.org'), ...targets));
    for (const name of ['c', 'i', 'f']) assert.ok(existsSync(join(store.scratch, name)));
  });

  const wrong: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['a directory that does not exist', ['--cert-path', 'nowhere/cert.pem'], /nowhere/],
    ['one file for two things', ['--cert-path', 'x.pem', '--chain-path', 'x.pem'], /x\.pem/],
    ['names beside the request', ['-d', 'b.example.org'], /--csr takes its names from the request/],
    ['a lineage name', ['--cert-name', 'x'], /--csr/],
  ];
  for (const [index, [what, flags, expected]] of wrong.entries()) {
    test(`${what}: exit 2, no order`, async () => {
      const store = bench.store();
      const name = `csr-${index}.example.org`;
      fails(await sign(store, ...request(store, 'pem', EC, `DNS:${name}`), ...flags), 2, expected);
      const asked = bench.ca.orders.flatMap(({ identifiers }) => identifiers.map(({ value }) => value));
      assert.ok(!asked.includes(name));
    });
  }

  const bad: readonly (readonly [string, Buffer | string])[] = [
    ['nothing', ''],
    ['text', 'hello'],
    ['an armour around nothing', '-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n'],
    ['half of one', '-----BEGIN CERTIFICATE REQUEST-----\nMIH\n-----END CERTIFICATE REQUEST-----\n'],
    ['binary rubbish', Buffer.from([0x30, 0x82, 0xff, 0xff, 0x30, 0x00])],
  ];
  for (const [what, content] of bad) {
    test(`a file that holds ${what}`, async () => {
      const store = bench.store();
      writeFileSync(join(store.scratch, 'request'), content);
      fails(
        await sign(store, '--csr', 'request'),
        2,
        /certificate request cannot be used[\s\S]*hint: .*openssl req/,
      );
    });
  }

  test('a key that no CA takes (Ed25519), a wildcard, a name that is none', async () => {
    const cases: readonly (readonly [readonly string[], string, number])[] = [
      [['-algorithm', 'ED25519'], 'DNS:a.example.org', 1],
      [EC, 'DNS:*.example.org', 2],
      [EC, 'email:a@example.org', 2],
      [EC, 'DNS:a b', 2],
    ];
    for (const [key, names, status] of cases) {
      const store = bench.store();
      const result = await sign(store, ...request(store, 'pem', key, names));
      assert.ok(
        result.status === status || result.status === 2,
        `${names}: ${result.status} ${result.stderr}`,
      );
      assert.match(result.stderr, /hint: /);
    }
  });

  test('a file that is missing, or a directory', async () => {
    const store = bench.store();
    fails(await sign(store, '--csr', 'missing.pem'), 2, /missing\.pem does not exist/);
    fails(await sign(store, '--csr', '.'), 2, /hint: /);
  });
});
