import assert from 'node:assert/strict';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import {
  type Bench,
  contents,
  createBench,
  daysAhead,
  fails,
  objects,
  run,
  type Store,
  succeeds,
} from './kit.ts';

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

describe('one line a lineage: name, names, days left, state', { concurrency: 4 }, () => {
  const prepare: readonly (readonly [string, (store: Store) => unknown, number, RegExp])[] = [
    ['valid', () => undefined, 0, /^a\.example\.org {2}a\.example\.org {2}89 days {2}valid\n$/],
    [
      'due (its names were changed)',
      (store) => store.edit('a.example.org', { names: ['a.example.org', 'b.example.org'] }),
      0,
      /^a\.example\.org {2}a\.example\.org,b\.example\.org {2}89 days {2}due\n$/,
    ],
    [
      'not deployed',
      (store) => store.renew(['--force-renewal', '--deploy-hook', 'false']),
      0,
      /89 days {2}not deployed\n$/,
    ],
    [
      'interrupted',
      (store) => {
        const { names, server, key } = store.settings('a.example.org');
        const order = { version: 1, server, names, key, createdAt: Date.now(), target: '0002' };
        const pending = store.path('archive', 'a.example.org', '.pending');
        mkdirSync(pending);
        writeFileSync(`${pending}/order.json`, JSON.stringify(order));
        writeFileSync(`${pending}/privkey.pem`, store.read('live', 'a.example.org', 'privkey.pem'));
      },
      0,
      /interrupted\n$/,
    ],
    [
      'never issued',
      (store) => {
        rmSync(store.path('live', 'a.example.org'));
        rmSync(store.path('archive', 'a.example.org'), { recursive: true });
        rmSync(store.path('state', 'a.example.org.json'));
      },
      0,
      /^a\.example\.org {2}a\.example\.org {2}- {2}never issued\n$/,
    ],
    [
      'pinned',
      async (store) => {
        succeeds(await store.renew(['--force-renewal']));
        rmSync(store.path('live', 'a.example.org'));
        symlinkSync('../archive/a.example.org/0001', store.path('live', 'a.example.org'));
      },
      0,
      /89 days {2}pinned\n$/,
    ],
    [
      'broken',
      (store) => writeFileSync(store.path('renewal', 'a.example.org.json'), ''),
      1,
      /^a\.example\.org {2}- {2}- {2}BROKEN: .*a\.example\.org\.json is not usable: .*\n {4}hint: .*\n$/,
    ],
  ];
  for (const [state, make, status, expected] of prepare) {
    test(state, async () => {
      const store = await bench.seeded('a.example.org');
      await make(store);
      const before = contents(store.configDir, []);
      const result = await store.certificates();
      assert.equal(result.status, status);
      assert.match(result.stdout + result.stderr, expected);
      assert.deepEqual(contents(store.configDir, []), before, 'it wrote');
    });
  }

  const ages: readonly (readonly [number, RegExp])[] = [
    [59, /30 days {2}valid/],
    [61, /28 days {2}due/],
    [88.5, /\d\d hours {2}due/],
    [89.95, /\d+ minutes? {2}due|1 hour {2}due/],
    [100, /ended 10 days ago {2}EXPIRED/],
  ];
  for (const [days, expected] of ages) {
    test(`${days} days later`, async () => {
      const store = await bench.seeded('a.example.org');
      assert.match(succeeds(await store.certificates([], { env: daysAhead(days) })).stdout, expected);
    });
  }
});

describe('which', { concurrency: 4 }, () => {
  test('sorted by name; --cert-name picks one', async () => {
    const store = await bench.seeded('c.example.org', 'a.example.org', 'b.example.org');
    const names = objects(await store.certificates(['--json'])).map(({ lineage }) => lineage);
    assert.deepEqual(names, ['a.example.org', 'b.example.org', 'c.example.org']);
    const one = objects(await store.certificates(['--json', '--cert-name', 'b.example.org']));
    assert.deepEqual(
      one.map(({ lineage }) => lineage),
      ['b.example.org'],
    );
  });

  test('-q: those that need a person', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    assert.equal(succeeds(await store.certificates(['-q'])).stdout, '');
    writeFileSync(store.path('renewal', 'b.example.org.json'), '');
    const result = fails(await store.certificates(['-q']), 1, /^b\.example\.org .*BROKEN/m);
    assert.doesNotMatch(result.stdout, /^a\.example\.org/m);
  });

  test('none yet: says how to get one, exit 0', async () => {
    const store = bench.store();
    mkdirSync(store.configDir);
    assert.match(succeeds(await store.certificates()).stdout, /no certificates in .* yet; evercert certonly/);
  });

  test('a store that is not there: exit 2', async () => {
    fails(await bench.store().certificates(), 2, /does not exist\n {4}hint: Check --config-dir/);
  });

  test('the same verdict as renew --plan', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    store.edit('b.example.org', { names: ['x.example.org'] });
    const plans = objects(await store.renew(['--plan', '--json'])).filter(({ event }) => event === 'plan');
    const states = objects(await store.certificates(['--json'])).map(({ state }) => state);
    assert.deepEqual(
      plans.map(({ action }) => (action === 'skip' ? 'valid' : 'due')),
      states,
    );
  });
});

test('a hundred names in one certificate are one line', async () => {
  const store = bench.store();
  const names = Array.from({ length: 100 }, (_, index) => `n${index}.example.org`).join();
  succeeds(await store.certonly(names));
  assert.equal(succeeds(await store.certificates()).stdout.split('\n').length, 2);
  assert.match(succeeds(await store.renew()).stdout, /not due/);
  fails(
    await run(['certonly', ...store.flags, '-d', `${names},one.more.example.org`]),
    2,
    /101 names are too many/,
  );
});
