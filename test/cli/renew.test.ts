import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { existsSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { until } from '../support/rig/processes.ts';
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

const DAY = 86_400;

function moveLive(store: Store, name: string, version: string): void {
  rmSync(store.path('live', name));
  symlinkSync(`../archive/${name}/${version}`, store.path('live', name));
}

describe('due', () => {
  // The CA dates certificates back, so that they are born at any age. Up to a fiftieth of the life earlier is by design.
  const ages: readonly (readonly [string, number, number, boolean])[] = [
    ['90 days, 32 left', 90, 58, false],
    ['90 days, 29 left', 90, 61, true],
    ['45 days, 16 left', 45, 29, false],
    ['45 days, 14 left', 45, 31, true],
    ['11 days, more than a third left', 11, 7, false],
    ['11 days, less than a third left', 11, 7.5, true],
    ['9 days, more than a half left', 9, 4.3, false],
    ['9 days, less than a half left', 9, 4.6, true],
    ['6 days, more than a half left', 6, 2.85, false],
    ['6 days, less than a half left', 6, 3.1, true],
    ['1 hour, just born', 1 / 24, 0, false],
  ];
  let aging: Bench;
  before(async () => {
    // One that suggests no time.
    aging = await createBench({ renewalInfo: false });
  });
  after(() => aging.close());

  for (const [what, lifetime, age, due] of ages) {
    test(`${what}: ${due ? 'renewed' : 'left'}`, async () => {
      const { knobs } = aging.ca;
      const store = aging.store();
      knobs.profiles = { it: Math.round(lifetime * DAY) };
      knobs.backdateSeconds = Math.round(age * DAY);
      succeeds(await store.certonly('a.example.org'));
      const [listed] = objects(await store.certificates(['--json']));
      assert.equal(listed?.state, due ? 'due' : 'valid');
      knobs.backdateSeconds = 0;
      const { stdout } = succeeds(await store.renew());
      assert.match(
        stdout,
        due ? /renewing: due, ends \d{4}-/ : /not due: valid until \d{4}-\d\d-\d\d \(\d+ \w+\)/,
      );
      assert.equal(store.live('a.example.org'), due ? '0002' : '0001');
    });
  }

  test('when the CA suggests: at once where its window is over', async (t) => {
    const suggesting = await createBench();
    t.after(() => suggesting.close());
    const store = suggesting.store();
    succeeds(await store.certonly('a.example.org'));
    assert.match(succeeds(await store.renew([], { env: daysAhead(58) })).stdout, /not due/);
    const { stdout } = succeeds(await store.renew(['--plan'], { env: daysAhead(61) }));
    assert.match(stdout, /renewing: the CA suggests this time/);
  });

  test('expired: said so, and renewed', async () => {
    const { knobs } = aging.ca;
    knobs.profiles = { it: 90 * DAY };
    const store = await aging.seeded('a.example.org');
    const env = daysAhead(200);
    fails(
      await store.certificates([], { env }),
      0,
      /a\.example\.org {2}a\.example\.org {2}ended 110 days ago {2}EXPIRED/,
    );
    const now = knobs.now;
    knobs.now = () => now() + 200 * DAY * 1000;
    assert.match(succeeds(await store.renew([], { env })).stdout, /renewing: expired/);
    knobs.now = now;
  });
});

describe('--plan', { concurrency: 4 }, () => {
  test('tells each decision and changes nothing, not even the lock', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    store.edit('b.example.org', { names: ['b.example.org', 'c.example.org'] });
    const orders = bench.ca.count('newOrder');
    const before = contents(store.configDir, []);
    const { stdout } = succeeds(await store.renew(['--plan']));
    assert.match(stdout, /^a\.example\.org: not due: /m);
    assert.match(stdout, /^b\.example\.org: renewing: its names in the settings changed$/m);
    assert.deepEqual(contents(store.configDir, []), before);
    assert.equal(bench.ca.count('newOrder'), orders);
  });

  test('with --force-renewal', async () => {
    const store = await bench.seeded('a.example.org');
    assert.match((await store.renew(['--plan', '--force-renewal'])).stdout, /renewing: as asked/);
    assert.equal(store.live('a.example.org'), '0001');
  });
});

describe('--cert-name', { concurrency: 4 }, () => {
  test('that one alone', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    const { stdout } = succeeds(await store.renew(['--cert-name', 'b.example.org', '--force-renewal']));
    assert.doesNotMatch(stdout, /a\.example\.org/);
    assert.deepEqual([store.live('a.example.org'), store.live('b.example.org')], ['0001', '0002']);
  });

  for (const name of ['x.example.org', '..', '../renewal/a.example.org', 'A.EXAMPLE.ORG.', '']) {
    test(`unknown: ${JSON.stringify(name)}`, async () => {
      const store = await bench.seeded('a.example.org');
      const expected =
        name === '' ? /--cert-name needs a value/ : /there is no lineage .*\n {4}hint: evercert certificates/;
      fails(await store.renew(['--cert-name', name]), 2, expected);
      fails(await store.certificates(['--cert-name', name]), 2, expected);
    });
  }
});

describe('several lineages', { concurrency: 2 }, () => {
  test('one fails: the others are done, exit 1, and only that one is told on stderr', async (t) => {
    const refusing = await createBench();
    t.after(() => refusing.close());
    const names = ['a.example.org', 'b.example.org', 'c.example.org', 'd.example.org'];
    const store = await refusing.seeded(...names);
    refusing.ca.knobs.rejectedIdentifiers = ['b.example.org'];
    const result = await store.renew(['--force-renewal']);
    fails(result, 1, /^b\.example\.org: failed: .*rejectedIdentifier.*\n( {4}.*\n)* {4}hint: /m);
    assert.doesNotMatch(result.stderr, /[acd]\.example\.org/);
    assert.match(result.stdout, /4 certificates: 3 renewed, 1 failed/);
    assert.deepEqual(names.map(store.live), ['0002', '0001', '0002', '0002']);
    const quiet = await store.renew(['--force-renewal', '-q']);
    assert.equal(quiet.stdout, '');
    assert.equal(quiet.stderr.match(/failed/g)?.length, 1);
    refusing.ca.knobs.rejectedIdentifiers = [];
    succeeds(await store.renew(['--force-renewal']));
    assert.equal(store.live('b.example.org'), '0002');
  });

  test('--concurrency: so many orders at a time, 8 unless told', async (t) => {
    const slow = await createBench();
    t.after(() => slow.close());
    const names = Array.from({ length: 10 }, (_, index) => `n${index}.example.org`);
    const store = await slow.seeded(...names);
    /** Each validation waits until `limit` of them run at once (or 2 s), then a little longer for one too many. */
    const most = async (limit: number, ...flags: string[]) => {
      let [open, peak] = [0, 0];
      let full: () => void = () => undefined;
      const crowded = Promise.race([new Promise<void>((done) => (full = done)), sleep(2000)]);
      slow.ca.knobs.validators = {
        'http-01': async () => {
          open += 1;
          peak = Math.max(peak, open);
          if (open >= limit) full();
          await crowded;
          await sleep(100);
          open -= 1;
        },
      };
      slow.ca.knobs.alwaysValid = false;
      succeeds(await store.renew(['--force-renewal', ...flags]));
      return peak;
    };
    assert.equal(await most(1, '--concurrency', '1'), 1);
    assert.equal(await most(3, '--concurrency', '3'), 3);
    assert.equal(await most(8), 8);
  });

  test('nothing to do: exit 0, no word under -q, the CA not asked', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    const requests = bench.ca.requests.length;
    const result = succeeds(await store.renew(['-q']));
    assert.equal(result.stdout + result.stderr, '');
    assert.equal(bench.ca.requests.length, requests);
  });

  test('-q says nothing when all was renewed', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    const result = succeeds(await store.renew(['-q', '--force-renewal', '--deploy-hook', 'echo deployed']));
    assert.equal(result.stdout + result.stderr, '');
  });
});

describe('settings changed by hand', { concurrency: 4 }, () => {
  const changes: readonly (readonly [string, Record<string, unknown>, RegExp])[] = [
    ['names', { names: ['a.example.org', 'b.example.org'] }, /renewing: its names in the settings changed/],
    ['key type', { key: { type: 'rsa', bits: 2048 } }, /renewing: its key type in the settings changed/],
    ['curve', { key: { type: 'ecdsa', curve: 'P-384' } }, /renewing: its key type in the settings changed/],
  ];
  for (const [what, change, expected] of changes) {
    test(`${what}: renewed with that reason, once`, async () => {
      const store = await bench.seeded('a.example.org');
      const { challenge } = store.settings('a.example.org') as {
        challenge: { roots: Record<string, string> };
      };
      const root = challenge.roots['a.example.org'] ?? '';
      const roots = { 'a.example.org': root, 'b.example.org': root };
      store.edit('a.example.org', { ...change, challenge: { type: 'webroot', roots } });
      assert.match(succeeds(await store.renew()).stdout, expected);
      assert.match(succeeds(await store.renew()).stdout, /not due/);
      assert.deepEqual(store.versions('a.example.org'), ['0001', '0002']);
    });
  }

  const spellings: readonly (readonly [string, readonly string[]])[] = [
    ['capitals', ['A.Example.ORG']],
    ['a name twice', ['a.example.org', 'a.example.org']],
    ['a final dot', ['a.example.org.']],
    ['another order', ['b.example.org', 'a.example.org']],
  ];
  for (const [what, names] of spellings) {
    test(`${what} in names are no reason for an order an hour`, async () => {
      const other = new Set(names).has('b.example.org');
      const store = bench.store();
      succeeds(await store.certonly(other ? 'a.example.org,b.example.org' : 'a.example.org'));
      store.edit('a.example.org', { names });
      await store.renew();
      const orders = bench.ca.count('newOrder');
      const again = await store.renew();
      assert.doesNotMatch(again.stdout, /renewing|resuming/);
      assert.equal(store.live('a.example.org'), '0001');
      assert.ok(bench.ca.count('newOrder') >= orders);
    });
  }

  test('a name that cannot be: that lineage is broken or failed, and nothing is said to be interrupted', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    store.edit('a.example.org', { names: ['a b'] });
    for (let run = 1; run <= 2; run += 1) {
      const result = fails(await store.renew(), 1, /a\.example\.org: .*a b/);
      assert.doesNotMatch(result.stdout, /interrupted/);
      assert.match(result.stdout, /b\.example\.org: not due/);
    }
  });

  test('a webroot that lacks a name: told which flag adds it', async () => {
    const store = await bench.seeded('a.example.org');
    store.edit('a.example.org', { names: ['a.example.org', 'b.example.org'] });
    fails(
      await store.renew(),
      3,
      /deferred, next attempt from [^\n]*: no webroot is set for b\.example\.org\n {4}hint: .*-w DIRECTORY -d b\.example\.org/,
    );
  });
});

describe('deploy hooks that fail', { concurrency: 4 }, () => {
  test('exit 1, live all the same, run again after a while without an order, then no more', async () => {
    const store = await bench.seeded('a.example.org');
    const ok = join(store.scratch, 'ok');
    const hook = `echo run $EVERCERT_VERSION_DIR; test -e ${ok}`;
    const first = await store.renew(['--force-renewal', '--deploy-hook', hook]);
    fails(first, 1, /a\.example\.org: failed: deploy hook[^\n]*\n {4}hint: .*next renew/);
    assert.equal(store.live('a.example.org'), '0002');
    const requests = bench.ca.requests.filter(({ path }) => path.includes('new-order')).length;
    assert.match(fails(await store.certificates(), 0, /not deployed/).stdout, /89 days/);
    assert.doesNotMatch(fails(await store.renew(), 1, /waiting to deploy again/).stdout, /\| run/);
    const later = { env: daysAhead(0.01) };
    fails(await store.renew([], later), 1, /deploying again: a hook has not succeeded yet/);
    writeFileSync(ok, '');
    const third = succeeds(await store.renew([], { env: daysAhead(0.1) }));
    assert.match(third.stdout, /run .*\/0002/);
    assert.match(third.stdout, /1 deployed again/);
    assert.ok(bench.ca.requests.filter(({ path }) => path.includes('new-order')).length >= requests);
    assert.deepEqual(store.versions('a.example.org'), ['0001', '0002']);
    assert.doesNotMatch(succeeds(await store.renew()).stdout, /run /);
  });

  test('hooks given to renew are saved with what was renewed', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    succeeds(await store.renew(['--cert-name', 'a.example.org', '--force-renewal', '--deploy-hook', 'true']));
    assert.deepEqual(store.settings('a.example.org').hooks, { deploy: 'true' });
    assert.equal(store.settings('b.example.org').hooks, undefined);
  });
});

describe('live moved by hand', { concurrency: 4 }, () => {
  const rolledBack = async () => {
    const store = await bench.seeded('a.example.org');
    succeeds(await store.renew(['--force-renewal']));
    moveLive(store, 'a.example.org', '0001');
    return store;
  };

  test('left alone with a warning, however often; under -q without, since nothing is due', async () => {
    const store = await rolledBack();
    for (let run = 1; run <= 2; run += 1) {
      assert.match(
        succeeds(await store.renew()).stdout,
        /live was moved by hand to version 0001: left alone/,
      );
    }
    const quiet = succeeds(await store.renew(['-q']));
    assert.equal(quiet.stdout + quiet.stderr, '');
    assert.equal(store.live('a.example.org'), '0001');
    assert.match((await store.certificates()).stdout, /pinned/);
  });

  test('due: still left alone, but exit 1', async () => {
    const store = await rolledBack();
    const result = await store.renew([], { env: daysAhead(70) });
    fails(result, 1, /a\.example\.org is due, but live.*moved to 0001 by hand[\s\S]*hint: .*--force-renewal/);
  });

  test('moved back: as if nothing had been', async () => {
    const store = await rolledBack();
    moveLive(store, 'a.example.org', '0002');
    assert.match(succeeds(await store.renew()).stdout, /not due/);
  });

  test('--force-renewal ends it', async () => {
    const store = await rolledBack();
    succeeds(await store.renew(['--force-renewal']));
    assert.equal(store.live('a.example.org'), '0003');
    assert.match(succeeds(await store.renew()).stdout, /not due/);
  });

  test('certonly for the same names leaves it alone too', async () => {
    const store = await rolledBack();
    assert.match((await store.certonly('a.example.org')).stdout, /moved by hand/);
    assert.equal(store.live('a.example.org'), '0001');
  });
});

describe('--dry-run', { concurrency: 4 }, () => {
  test('orders for all, keeps nothing, runs pre and post but no deploy hook', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    const before = contents(store.configDir);
    const hooks = ['--pre-hook', 'echo pre', '--post-hook', 'echo post', '--deploy-hook', 'echo deployed'];
    const { stdout } = succeeds(await store.renew(['--dry-run', ...hooks]));
    assert.match(stdout, /2 certificates: 2 passed \(dry run: nothing was kept\)/);
    assert.match(stdout, /\| pre\n[\s\S]*\| post\n/);
    assert.doesNotMatch(stdout, /deployed/);
    assert.deepEqual(contents(store.configDir), before);
  });

  test('a failure is exit 1', async (t) => {
    const refusing = await createBench();
    t.after(() => refusing.close());
    const store = await refusing.seeded('a.example.org');
    refusing.ca.knobs.rejectedIdentifiers = ['a.example.org'];
    fails(await store.renew(['--dry-run']), 1, /1 failed \(dry run: nothing was kept\)/);
  });
});

describe('the pipe', { concurrency: 4 }, () => {
  const shell = promisify(execFile);
  for (const [what, command] of [
    ['closed before the first word', '{ sleep 0.05; "$@"; } | true'],
    ['closed after the first line', '"$@" | head -1'],
    ['stdout and stderr closed', '"$@" >&- 2>&-'],
    ['/dev/full', '"$@" >/dev/full 2>/dev/full || true'],
  ] as const) {
    test(`${what}: the run goes on to its end`, async () => {
      const store = await bench.seeded('a.example.org', 'b.example.org');
      const hook = `echo x; touch ${join(store.scratch, 'deployed')}-$EVERCERT_LINEAGE`;
      const flags = ['--config-dir', store.configDir, '--force-renewal', '-v', '--deploy-hook', hook];
      const argv = [
        process.execPath,
        resolve('bin/evercert.js'),
        'renew',
        '--no-random-sleep-on-renew',
        ...flags,
      ];
      await shell('/bin/sh', ['-c', command, 'sh', ...argv]);
      for (const name of ['a.example.org', 'b.example.org']) {
        assert.equal(store.live(name), '0002');
        assert.ok(existsSync(join(store.scratch, `deployed-${name}`)));
      }
    });
  }
});

describe('the lock', { concurrency: 4 }, () => {
  test('held: certonly leaves at once with exit 4 and says who holds it; renew --lock-wait waits', async () => {
    const store = await bench.seeded('a.example.org');
    const going = join(store.scratch, 'going');
    const slow = store.renew(['--force-renewal', '--deploy-hook', `touch ${going}; sleep 1.5`]);
    await until('the run is under way', () => existsSync(going), 60_000);
    const [locked, impatient, waited] = await Promise.all([
      store.certonly('a.example.org'),
      store.renew(['--lock-wait', '0']),
      store.renew(['--lock-wait', '30']),
    ]);
    fails(
      locked,
      4,
      /another run holds the lock: process \d+, started \d{4}-[^\n]*\n {4}hint: .*--lock-wait/,
    );
    fails(impatient, 4, /another run holds the lock/);
    assert.match(succeeds(waited).stdout, /waiting for another run: process \d+[\s\S]*not due/);
    succeeds(await slow);
    assert.match(readFileSync(store.path('.lock'), 'utf8'), /^process \d+/);
  });

  test('--plan and certificates need none', async () => {
    const store = await bench.seeded('a.example.org');
    const going = join(store.scratch, 'going');
    const slow = store.renew(['--force-renewal', '--deploy-hook', `touch ${going}; sleep 1`]);
    await until('the run is under way', () => existsSync(going), 60_000);
    succeeds(await store.renew(['--plan']));
    succeeds(await store.certificates());
    succeeds(await slow);
  });
});

test('the random sleep: only without a terminal, told, interruptible', async () => {
  const store = await bench.seeded('a.example.org');
  store.edit('a.example.org', { key: { type: 'ecdsa', curve: 'P-384' } });
  rmSync(store.path('.lock'));
  let kill: ((signal: NodeJS.Signals) => void) | undefined;
  const running = run(['renew', '--config-dir', store.configDir], {
    onStart: (stop) => {
      kill = stop;
    },
  });
  await until('the run is under way', () => existsSync(store.path('.lock')), 60_000);
  await sleep(1500);
  kill?.('SIGTERM');
  const result = await running;
  assert.match(result.stdout, /waiting \d+ minutes? before the first order/);
  // Once in 300 times the sleep is shorter than ours.
  if (result.status === 0 && result.stdout.includes('waiting 1 minute ')) return;
  assert.equal(result.status, 143, result.stdout + result.stderr);
  assert.equal(store.live('a.example.org'), '0001');
});
