import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { skipWithout } from '../support/rig/requirements.ts';
import { type Bench, contents, createBench, fails, objects, run, type Store, succeeds } from './kit.ts';

// What the operator, a torn write or a hostile hand may have left in the store. A lineage that is damaged is told and
// left as it is; all others are done.

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

const NAME = 'a.example.org';
const needsRoot = skipWithout(['root']);

/** Copies of a lineage under other names; what they hold is its own. `shared`: all of them have one directory in archive. */
function copies(store: Store, count: number, archive: 'shared' | 'own' = 'shared'): string[] {
  return Array.from({ length: count }, (_, index) => {
    const name = `copy-${String(index).padStart(5, '0')}`;
    cpSync(store.path('renewal', `${NAME}.json`), store.path('renewal', `${name}.json`));
    if (archive === 'shared') symlinkSync(NAME, store.path('archive', name));
    else cpSync(store.path('archive', NAME), store.path('archive', name), { recursive: true });
    symlinkSync(`../archive/${name}/0001`, store.path('live', name));
    return name;
  });
}

/** `certificates --json`, by lineage. */
async function listed(store: Store): Promise<Map<string, Record<string, unknown>>> {
  const result = await store.certificates(['--json']);
  const lines = objects(result);
  assert.equal(result.status, lines.some(({ state }) => state === 'broken') ? 1 : 0);
  return new Map(lines.map((line) => [String(line.lineage), line]));
}

function isHinted(error: unknown): boolean {
  const { message, hint } = error as { message: string; hint: string };
  return message.length > 10 && hint.length > 10 && !/kernel log/.test(hint);
}

describe('a settings file cut at every byte', () => {
  test('certificates: that lineage is broken, with a hint; all others are listed', async () => {
    const store = await bench.seeded(NAME);
    const text = store.read('renewal', `${NAME}.json`);
    const names = copies(store, text.length);
    for (const [length, name] of names.entries()) {
      writeFileSync(store.path('renewal', `${name}.json`), text.slice(0, length));
    }
    const found = await listed(store);
    assert.equal(found.size, text.length + 1);
    assert.equal(found.get(NAME)?.state, 'valid');
    for (const [length, name] of names.entries()) {
      const { state, error } = found.get(name) ?? {};
      // All but the final line feed is whole JSON.
      assert.equal(state, length === text.length - 1 ? 'valid' : 'broken', `cut at ${length}`);
      if (state === 'broken') assert.ok(isHinted(error), JSON.stringify(error));
    }
  });

  test('renew: the whole ones are renewed, exit 1, and no torn file was touched', async () => {
    const store = await bench.seeded(NAME, 'b.example.org');
    const text = store.read('renewal', `${NAME}.json`);
    const names = copies(store, 12);
    for (const [index, name] of names.entries()) {
      writeFileSync(
        store.path('renewal', `${name}.json`),
        text.slice(0, Math.floor((text.length * index) / 12)),
      );
    }
    const before = contents(store.path('renewal'));
    const result = fails(await store.renew(['--force-renewal']), 1, /14 certificates: 2 renewed, 12 broken/);
    assert.equal(result.stderr.match(/hint: /g)?.length, 12);
    assert.deepEqual([store.live(NAME), store.live('b.example.org')], ['0002', '0002']);
    assert.deepEqual(contents(store.path('renewal')), before);
  });

  test('certonly for that lineage says what is wrong; for others it works', async () => {
    const store = await bench.seeded(NAME);
    truncateSync(store.path('renewal', `${NAME}.json`), 50);
    fails(await store.certonly(NAME), 2, /a\.example\.org\.json is not usable: .*\n {4}hint: .*move it away/);
    succeeds(await store.certonly('b.example.org'));
    renameSync(store.path('renewal', `${NAME}.json`), store.path('renewal', `${NAME}.bad`));
    succeeds(await store.certonly(NAME));
  });
});

test('settings with any one byte changed never end a run', async () => {
  const store = await bench.seeded(NAME);
  const text = store.read('renewal', `${NAME}.json`);
  const bytes = ['\0', '"', '9', '\u001b', '{', ','];
  const names = copies(store, text.length);
  for (const [at, name] of names.entries()) {
    const torn = text.slice(0, at) + bytes[at % bytes.length] + text.slice(at + 1);
    writeFileSync(store.path('renewal', `${name}.json`), torn);
  }
  assert.equal((await listed(store)).size, names.length + 1);
  fails(await store.certificates(), 1, /BROKEN/);
  fails(await store.renew(['--plan']), 1, /a\.example\.org: not due/);
});

describe('a state file', () => {
  /** Lineages whose state is `text(length of the whole)`. */
  async function withStates(make: (whole: string) => string[]): Promise<{ store: Store; names: string[] }> {
    const store = await bench.seeded(NAME);
    const states = make(store.read('state', `${NAME}.json`));
    const names = copies(store, states.length);
    for (const [index, name] of names.entries()) {
      writeFileSync(store.path('state', `${name}.json`), states[index] ?? '');
    }
    return { store, names };
  }

  test('cut at every byte: no error; derived again, written again', async () => {
    const { store, names } = await withStates((whole) =>
      Array.from({ length: whole.length }, (_, length) => whole.slice(0, length)),
    );
    const found = await listed(store);
    for (const name of names) assert.equal(found.get(name)?.state, 'valid', name);
    succeeds(await store.renew(['-q']));
    for (const name of names) {
      const { live, deployed } = JSON.parse(store.read('state', `${name}.json`));
      assert.deepEqual([live.version, deployed], ['0001', '0001']);
    }
    assert.equal((await store.renew(['-q'])).stderr, '');
  });

  test('with any one digit changed: no error, and no date that cannot be', async () => {
    const bytes = ['e', '9', '-', '0', '.'];
    const { store } = await withStates((whole) =>
      [...whole.matchAll(/\d/g)].flatMap(({ index }) =>
        bytes.map((byte) => whole.slice(0, index) + byte + whole.slice(index + 1)),
      ),
    );
    for (const { notAfter, notBefore } of (await listed(store)).values()) {
      if (notAfter !== undefined) assert.ok(String(notAfter) > String(notBefore));
    }
    assert.ok([0, 1].includes((await store.renew(['--plan'])).status ?? -1));
  });

  const odd: readonly (readonly [string, (path: string) => void])[] = [
    ['is empty', (path) => writeFileSync(path, '')],
    ['is a directory', (path) => mkdirSync(path)],
    ['is a link to nowhere', (path) => symlinkSync('/nonexistent/x', path)],
    ['is 3 MB of blanks', (path) => writeFileSync(path, ' '.repeat(3_000_000))],
    ['claims 1 GiB', (path) => [writeFileSync(path, '{'), truncateSync(path, 2 ** 30)]],
    ['is of another version', (path) => writeFileSync(path, '{"version": 2}')],
    ['is null', (path) => writeFileSync(path, 'null')],
    ['is absent', () => undefined],
  ];
  for (const [what, make] of odd) {
    test(`${what}: derived again`, async () => {
      const store = await bench.seeded(NAME, 'b.example.org');
      rmSync(store.path('state', `${NAME}.json`));
      make(store.path('state', `${NAME}.json`));
      assert.equal((await listed(store)).get(NAME)?.state, 'valid');
      const result = await store.renew();
      assert.match(result.stdout, /^a\.example\.org: not due/m);
      assert.match(result.stdout, /^b\.example\.org: not due/m);
    });
  }
});

describe('what is in archive', { concurrency: 4 }, () => {
  const FILES = ['privkey.pem', 'cert.pem', 'chain.pem', 'fullchain.pem', 'combined.pem'];
  const damages: readonly (readonly [string, (path: string, other: string) => void])[] = [
    ['missing', (path) => rmSync(path)],
    ['empty', (path) => writeFileSync(path, '')],
    ['cut in the middle', (path) => truncateSync(path, Math.floor(readFileSync(path).length / 2))],
    ['without its last byte', (path) => truncateSync(path, readFileSync(path).length - 1)],
    ['with something after it', (path) => writeFileSync(path, 'x', { flag: 'a' })],
    ['that of another lineage', (path, other) => cpSync(other, path)],
    ['a directory', (path) => [rmSync(path), mkdirSync(path)]],
    ['a link to itself', (path) => [rmSync(path), symlinkSync(path, path)]],
    ['of 1 GiB', (path) => truncateSync(path, 2 ** 30)],
  ];
  for (const [what, damage] of damages) {
    test(`each of the five files in turn, ${what}: broken, told, untouched; --force-renewal mends it`, async () => {
      const store = await bench.seeded(NAME, 'b.example.org');
      // The issuer is the same for all: that one cannot be told from another's.
      const files = FILES.filter((file) => what !== 'that of another lineage' || file !== 'chain.pem');
      const names = copies(store, files.length, 'own');
      for (const [index, file] of files.entries()) {
        const other = store.path('archive', 'b.example.org', '0001', file);
        damage(store.path('archive', names[index] ?? '', '0001', file), other);
      }
      const found = await listed(store);
      for (const [index, name] of names.entries()) {
        const { state, error } = found.get(name) ?? {};
        assert.equal(state, 'broken', files[index]);
        assert.ok(isHinted(error), JSON.stringify(error));
        assert.match(JSON.stringify(error), new RegExp(name), 'the error names the lineage');
      }
      assert.equal(found.get(NAME)?.state, 'valid');
      const result = fails(await store.renew(), 1, new RegExp(`${names.length} broken`));
      assert.match(result.stdout, /^b\.example\.org: not due/m);
      if (what === 'of 1 GiB') return;
      succeeds(await store.renew(['--force-renewal', '--cert-name', names[0] ?? '']));
      assert.equal((await listed(store)).get(names[0] ?? '')?.state, 'valid');
    });
  }

  test('all five exchanged for those of another certificate: noticed, renewed for its own names', async () => {
    const store = await bench.seeded(NAME, 'b.example.org');
    for (const file of FILES) {
      cpSync(store.path('archive', 'b.example.org', '0001', file), store.path('archive', NAME, '0001', file));
    }
    assert.match(succeeds(await store.renew()).stdout, /a\.example\.org: renewing: /);
    assert.match(store.read('live', NAME, 'meta.json'), /a\.example\.org/);
  });

  test('gone as a whole: broken; --force-renewal begins anew', async () => {
    const store = await bench.seeded(NAME, 'b.example.org');
    rmSync(store.path('archive', NAME), { recursive: true });
    fails(await store.renew(), 1, /a\.example\.org: .*\n {4}hint: .*--force-renewal/);
    const again = await store.renew([
      '--force-renewal',
      '--cert-name',
      NAME,
      '--deploy-hook',
      'echo deployed',
    ]);
    assert.match(succeeds(again).stdout, /\| deployed/);
    assert.equal((await listed(store)).get(NAME)?.state, 'valid');
  });

  test('a file in its place: that lineage fails, the other is renewed', async () => {
    const store = await bench.seeded(NAME, 'b.example.org');
    rmSync(store.path('archive', NAME), { recursive: true });
    writeFileSync(store.path('archive', NAME), '');
    fails(await store.renew(['--force-renewal']), 1, /a\.example\.org: .*archive\/a\.example\.org/);
    assert.equal(store.live('b.example.org'), '0002');
  });

  for (const [what, content] of [
    ['torn', '{"version": 1, "ser'],
    ['empty', ''],
    ['hostile', '{"version":1,"target":"../../x"}'],
  ] as const) {
    test(`an order.json that is ${what}: of no use, no reason to stop`, async () => {
      const store = await bench.seeded(NAME);
      mkdirSync(store.path('archive', NAME, '.pending'), { mode: 0o700 });
      writeFileSync(store.path('archive', NAME, '.pending', 'order.json'), content);
      writeFileSync(store.path('archive', NAME, '.pending', 'privkey.pem'), 'x');
      assert.match(succeeds(await store.renew()).stdout, /not due/);
      assert.equal(existsSync(store.path('archive', NAME, '.pending')), false);
    });
  }

  test('an order.json whose key is garbage: that lineage fails or begins anew, no internal error', async () => {
    const store = await bench.seeded(NAME, 'b.example.org');
    const pending = store.path('archive', NAME, '.pending');
    mkdirSync(pending, { mode: 0o700 });
    const { names, server, key } = store.settings(NAME);
    const order = { version: 1, server, names, key, createdAt: Date.now(), target: '0002' };
    writeFileSync(join(pending, 'order.json'), JSON.stringify(order));
    writeFileSync(join(pending, 'privkey.pem'), 'garbage');
    const result = await store.renew();
    if (result.status !== 0) fails(result, 1, /privkey\.pem|pending key/);
    assert.match(result.stdout, /b\.example\.org: not due/);
    const again = await store.renew();
    assert.equal(again.status, 0, `${again.stdout}${again.stderr}`);
  });
});

describe('what is in live', { concurrency: 4 }, () => {
  const shapes: readonly (readonly [string, (path: string, store: Store) => void, RegExp])[] = [
    ['absent', () => undefined, /is missing/],
    ['a link to nowhere', (path) => symlinkSync(`../archive/${NAME}/0009`, path), /0009/],
    ['a link out of the store', (path) => symlinkSync('/etc', path), /leads to \/etc/],
    [
      'a link out of the store, with dots',
      (path) => symlinkSync(`../archive/${NAME}/../../..`, path),
      /leads to/,
    ],
    ['a link to another lineage', (path) => symlinkSync('../archive/b.example.org/0001', path), /leads to/],
    ['a link to itself', (path) => symlinkSync(NAME, path), /leads to/],
    ['an absolute link', (path, store) => symlinkSync(store.path('archive', NAME, '0001'), path), /leads to/],
    ['a file', (path) => writeFileSync(path, ''), /is not a symbolic link/],
    [
      'a real directory',
      (path, store) => cpSync(store.path('archive', NAME, '0001'), path, { recursive: true }),
      /is not a symbolic link/,
    ],
  ];
  for (const [what, make, expected] of shapes) {
    test(`${what}: broken, told, left as it is; the other lineage is done`, async () => {
      const store = await bench.seeded(NAME, 'b.example.org');
      rmSync(store.path('live', NAME));
      make(store.path('live', NAME), store);
      const before = contents(store.path('live'));
      const { state, error } = (await listed(store)).get(NAME) ?? {};
      assert.equal(state, 'broken');
      assert.match(JSON.stringify(error), expected);
      assert.ok(isHinted(error));
      fails(await store.renew(), 1, expected);
      assert.deepEqual(contents(store.path('live')), before);

      const orders = () => bench.ca.orders.length;
      const [placed, result] = [orders(), await store.renew(['--cert-name', NAME, '--force-renewal'])];
      if (/a file|directory/.test(what)) {
        fails(result, 1, /is not a symbolic link/);
        assert.deepEqual(contents(store.path('live')), before);
      } else {
        succeeds(result);
        assert.ok(orders() > placed);
        assert.equal((await listed(store)).get(NAME)?.state, 'valid');
      }
    });
  }

  test('live/ itself gone: all broken, and no order is placed', async () => {
    const store = await bench.seeded(NAME);
    rmSync(store.path('live'), { recursive: true });
    fails(await store.renew(), 1, /is missing\n {4}hint: .*ln -s/);
  });
});

describe('names in renewal/', { concurrency: 4 }, () => {
  test('hostile file names do no harm, and are told', async () => {
    const store = await bench.seeded(NAME);
    const names = [
      '..json',
      '.json',
      '...json',
      'A.json',
      'a b.json',
      'x..y.json',
      '-x.json',
      'ü.json',
      'a\nb.json',
    ];
    names.push('\u001b[31m.json', `${'a'.repeat(240)}.json`, '$(x).json', "';.json");
    for (const name of names) cpSync(store.path('renewal', `${NAME}.json`), store.path('renewal', name));
    for (const result of [await store.renew(), await store.certificates()]) {
      assert.match(result.stdout, /^a\.example\.org/m);
      assert.match(result.stderr + result.stdout, /A\.json/, 'a lineage that is silently not renewed');
    }
    assert.deepEqual(readdirSync(store.path('live')), [NAME]);
  });

  const odd: readonly (readonly [string, (path: string) => void, RegExp])[] = [
    ['a directory', (path) => mkdirSync(path), /director/],
    ['3 MB of blanks', (path) => writeFileSync(path, ' '.repeat(3_000_000)), /larger than 1 MiB/],
    ['1 GiB', (path) => [writeFileSync(path, '{'), truncateSync(path, 2 ** 30)], /larger than 1 MiB/],
    ['a link to itself', (path) => symlinkSync('odd.json', path), /symbolic link|ELOOP|loop/],
    ['not UTF-8', (path) => writeFileSync(path, Buffer.from([0xff, 0xfe, 0x7b])), /is not usable/],
    ['deeply nested', (path) => writeFileSync(path, '['.repeat(200_000)), /is not usable/],
    ['an array', (path) => writeFileSync(path, '[]'), /is not usable/],
    ['of version 2', (path) => writeFileSync(path, '{"version":2}'), /version/],
    [
      'with an unknown field',
      (path) => writeFileSync(path, '{"version":1,"__proto__":{"x":1}}'),
      /is not usable/,
    ],
  ];
  for (const [what, make, expected] of odd) {
    test(`settings that are ${what}: broken with a hint, the other is listed`, async () => {
      const store = await bench.seeded(NAME);
      make(store.path('renewal', 'odd.json'));
      const found = await listed(store);
      assert.equal(found.get(NAME)?.state, 'valid');
      const { state, error } = found.get('odd') ?? {};
      assert.equal(state, 'broken');
      assert.match(JSON.stringify(error), expected);
      assert.ok(isHinted(error), JSON.stringify(error));
      fails(await store.renew(), 1, /2 certificates: 1 broken, 1 unchanged/);
    });
  }

  test('renewal/ that is a file: not "no certificates", but exit 2', async () => {
    const store = await bench.seeded(NAME);
    rmSync(store.path('renewal'), { recursive: true });
    writeFileSync(store.path('renewal'), '');
    fails(await store.renew(), 2, /renewal is no directory[\s\S]*hint: /);
    fails(await store.certificates(), 2, /renewal is no directory/);
  });
});

describe('the account', { concurrency: 4 }, () => {
  const account = (store: Store) => store.path('accounts', readdirSync(store.path('accounts'))[0] ?? '');

  const torn: readonly (readonly [string, string | undefined])[] = [
    ['empty', ''],
    ['cut', '{\n  "version": 1,\n  "ser'],
    ['of no sense', '{}'],
    ['gone', undefined],
  ];
  for (const [what, text] of torn) {
    test(`account.json ${what}: found again by its key, no new account`, async (t) => {
      const alone = await createBench();
      t.after(() => alone.close());
      const store = await alone.seeded(NAME);
      const path = join(account(store), 'account.json');
      if (text === undefined) rmSync(path);
      else writeFileSync(path, text);
      succeeds(await store.renew(['--force-renewal']));
      assert.equal(alone.ca.accounts.length, 1);
      assert.match(readFileSync(path, 'utf8'), /"url": "http/);
    });
  }

  const keys: readonly (readonly [string, string])[] = [
    ['garbage', 'garbage\n'],
    ['empty', ''],
    [
      'Ed25519',
      '-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n-----END PRIVATE KEY-----\n',
    ],
  ];
  for (const [what, pem] of keys) {
    test(`key.pem ${what}: that CA's lineages fail with a hint, those of others are done`, async (t) => {
      const other = await createBench();
      t.after(() => other.close());
      const store = await bench.seeded(NAME);
      succeeds(await store.certonly('b.example.org'));
      const argv = store.flags.map((word) => (word === bench.ca.directoryUrl ? other.ca.directoryUrl : word));
      succeeds(await run(['certonly', ...argv, '-d', 'c.example.org']));
      const { port } = new URL(bench.ca.directoryUrl);
      const folder = readdirSync(store.path('accounts')).find((name) => name.includes(port)) ?? '';
      writeFileSync(store.path('accounts', folder, 'key.pem'), pem);
      const result = await store.renew(['--force-renewal']);
      fails(result, 1, /^a\.example\.org: failed: .*key\.pem.*\n {4}hint: /m);
      assert.match(result.stderr, /^b\.example\.org: failed: /m);
      assert.deepEqual([store.live(NAME), store.live('c.example.org')], ['0001', '0002']);
    });
  }

  test('key.pem lost: a new account, by the consent that account.json remembers', async () => {
    const store = await bench.seeded(NAME);
    rmSync(join(account(store), 'key.pem'));
    succeeds(await store.renew(['--force-renewal']));
    succeeds(await store.certonly(NAME, ['--force-renewal']));
    assert.equal(store.live(NAME), '0003');
  });

  test('a file in place of the folder: told, no internal error', async () => {
    const store = await bench.seeded(NAME);
    const folder = account(store);
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    fails(await store.renew(['--force-renewal']), 1, /a\.example\.org: failed: .*\n {4}hint: /);
  });
});

describe('the config directory', { concurrency: 4 }, () => {
  const writing = async (store: Store) => [
    await store.renew(),
    await store.renew(['--dry-run']),
    await store.certonly('b.example.org'),
  ];
  const all = async (store: Store) => [
    ...(await writing(store)),
    await store.certificates(),
    await store.renew(['--plan']),
  ];

  test('that is a file: exit 2 and says so', async () => {
    const store = bench.store();
    writeFileSync(store.configDir, 'precious');
    for (const result of await all(store)) fails(result, 2, /store is (not a|no) directory\n {4}hint: /);
    assert.equal(readFileSync(store.configDir, 'utf8'), 'precious');
  });

  test('below a file: exit 2', async () => {
    const store = bench.store();
    writeFileSync(join(store.scratch, 'file'), '');
    const argv = store.flags.map((word) =>
      word === store.configDir ? join(store.scratch, 'file', 'x') : word,
    );
    fails(await run(['certonly', ...argv, '-d', NAME]), 2, /file.*\n {4}hint: /);
  });

  test('a link to the store is as good', async () => {
    const store = await bench.seeded(NAME);
    const link = join(store.scratch, 'link');
    symlinkSync(store.configDir, link);
    succeeds(await run(['renew', '--config-dir', link, '--no-random-sleep-on-renew', '--force-renewal']));
    assert.equal(store.live(NAME), '0002');
  });

  test('that every user can write to: exit 2, told what to do, nothing done', async () => {
    const store = await bench.seeded(NAME);
    chmodSync(store.configDir, 0o777);
    const before = contents(store.configDir);
    for (const result of await writing(store)) fails(result, 2, /every user can write[\s\S]*chmod o-w /);
    assert.deepEqual(contents(store.configDir), before);
  });

  test('of another user: exit 2, told what to do, nothing done', {
    skip: needsRoot,
  }, async () => {
    const store = await bench.seeded(NAME);
    chownSync(store.configDir, 12345, 12345);
    const before = contents(store.configDir);
    for (const result of await writing(store)) fails(result, 2, /belongs to user 12345[\s\S]*chown -R 0 /);
    assert.deepEqual(contents(store.configDir), before);
  });

  test('on a read-only file system: reading works, writing is exit 2', {
    skip: needsRoot,
  }, async (t) => {
    const store = await bench.seeded(NAME);
    try {
      execFileSync('mount', ['--bind', store.configDir, store.configDir], { stdio: 'ignore' });
    } catch {
      return t.skip('may not mount here');
    }
    t.after(() => execFileSync('umount', [store.configDir]));
    execFileSync('mount', ['-o', 'remount,bind,ro', store.configDir]);
    assert.match(succeeds(await store.certificates()).stdout, /valid/);
    assert.match(succeeds(await store.renew(['--plan'])).stdout, /not due/);
    fails(await store.renew(), 2, /EROFS|read-only[\s\S]*hint: .*writable/);
    fails(await store.certonly('b.example.org'), 2, /EROFS|read-only/);
    fails(await store.certonly('b.example.org', ['--dry-run']), 2, /EROFS|read-only/);
  });

  test('that is full of leftovers and strange files: no matter', async () => {
    const store = await bench.seeded(NAME);
    for (const name of ['.lock.swp', 'README', 'lost+found']) writeFileSync(store.path(name), 'x');
    for (const kind of ['renewal', 'state', 'archive', 'live']) {
      mkdirSync(store.path(kind, 'lost+found'));
      writeFileSync(store.path(kind, '.DS_Store'), 'x');
    }
    mkdirSync(store.path('archive', NAME, 'lost+found'));
    writeFileSync(store.path('archive', NAME, '0000'), 'x');
    writeFileSync(store.path('live', `.${NAME}.tmp`), 'x');
    succeeds(await store.renew(['--force-renewal']));
    assert.equal(store.live(NAME), '0002');
  });
});
