import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { until } from '../support/rig/processes.ts';
import { type Bench, createBench, fails, objects, type Store, succeeds } from './kit.ts';

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

const NAME = 'a.example.org';
const THREE = ['a.example.org', 'b.example.org', 'c.example.org'];

interface Entry {
  readonly kind: string;
  readonly name: string;
  readonly done?: boolean;
  readonly failures: number;
  readonly nextAt?: number;
}

interface State {
  readonly deployed?: string;
  readonly queue?: { readonly version: string; readonly entries: readonly Entry[] };
}

const stateOf = (store: Store, name = NAME): State => JSON.parse(store.read('state', `${name}.json`));

/** A file that hooks append to, and what they wrote. */
function notes(store: Store) {
  const path = join(store.scratch, 'notes');
  return {
    path,
    lines: () => (existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : []),
    forget: () => rmSync(path, { force: true }),
  };
}

/** What renew waits for has come. */
function letTimePass(store: Store, name = NAME): void {
  const path = store.path('state', `${name}.json`);
  writeFileSync(`${path}.new`, readFileSync(path, 'utf8').replace(/"nextAt":\d+/g, '"nextAt":0'));
  renameSync(`${path}.new`, path);
}

test('a hook that fails five times, then works: waits longer each time, no order, done in the end', async () => {
  const alone = await createBench();
  try {
    const store = await alone.seeded(NAME);
    const { path, lines } = notes(store);
    const hook = `echo "$EVERCERT_VERSION_DIR" >> ${path}; test $(wc -l < ${path}) -gt 5`;
    const waits: number[] = [];
    fails(await store.renew(['--force-renewal', '--deploy-hook', hook]), 1, /deploy hook/);
    const asked = alone.ca.requests.length;
    for (let failures = 1; failures <= 5; failures += 1) {
      const [entry] = stateOf(store).queue?.entries ?? [];
      assert.equal(entry?.failures, failures);
      waits.push(Math.round(((entry?.nextAt ?? 0) - Date.now()) / 60_000));
      fails(await store.renew(), 1, /waiting to deploy again/);
      assert.equal(lines().length, failures, 'it did not wait');
      letTimePass(store);
      const again = await store.renew();
      assert.equal(again.status, failures === 5 ? 0 : 1, again.stderr);
    }
    assert.deepEqual(waits, [1, 10, 60, 360, 360]);
    assert.deepEqual(new Set(lines()), new Set([store.path('archive', NAME, '0002')]));
    assert.deepEqual([stateOf(store).deployed, stateOf(store).queue], ['0002', undefined]);
    assert.equal(alone.ca.requests.length, asked);
    assert.equal(succeeds(await store.renew()).stdout.includes('1 unchanged'), true);
    assert.equal(lines().length, 6);
  } finally {
    await alone.close();
  }
});

describe('reload', { concurrency: 4 }, () => {
  const show = (path: string) =>
    `echo "$RENEWED_LINEAGE|$RENEWED_DOMAINS|$EVERCERT_LINEAGES|$(ls ${path}.* | wc -l)" >> ${path}`;

  test('once for three lineages, after all deploy hooks, and before post', async () => {
    const store = await bench.seeded(...THREE);
    const { path, lines } = notes(store);
    const hooks = ['--deploy-hook', `touch ${path}.$EVERCERT_LINEAGE`, '--reload-hook', show(path)];
    succeeds(await store.renew(['--force-renewal', ...hooks, '--post-hook', `echo post >> ${path}`]));
    assert.deepEqual(lines(), [`|${THREE.join(' ')}|${THREE.join(' ')}|3`, 'post']);
    for (const name of THREE) assert.equal(stateOf(store, name).deployed, '0002');
  });

  test('hooks/reload: executables before the configured one; of a single lineage its path is told', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines } = notes(store);
    const script = store.path('hooks', 'reload', '10-nginx');
    writeFileSync(script, `#!/bin/sh\necho "$RENEWED_LINEAGE" >> ${path}\n`);
    chmodSync(script, 0o755);
    succeeds(await store.renew(['--force-renewal', '--reload-hook', `echo second >> ${path}`]));
    assert.deepEqual(lines(), [store.path('live', NAME), 'second']);
  });

  test('one that failed is run again for its lineages alone', async () => {
    const store = await bench.seeded(...THREE);
    const { path, lines, forget } = notes(store);
    const good = join(store.scratch, 'good');
    const reload = `echo "$EVERCERT_LINEAGES" >> ${path}; test -e ${good}`;
    for (const name of THREE.slice(1)) store.edit(name, { hooks: { reload } });
    const first = fails(await store.renew(['--force-renewal']), 1, /2 failed/);
    assert.match(
      first.stderr,
      /b\.example\.org: failed: reload hook: echo [^\n]*\n {4}hint: .*deploy --cert-name b/,
    );
    assert.deepEqual(lines(), ['b.example.org c.example.org']);
    assert.match((await store.certificates()).stdout, /c\.example\.org .* not deployed/);
    writeFileSync(good, '');
    forget();
    succeeds(await store.deploy(['--cert-name', 'c.example.org']));
    succeeds(await store.deploy());
    assert.deepEqual(lines(), ['c.example.org', 'b.example.org']);
  });
});

describe('by hand', { concurrency: 4 }, () => {
  test('nothing to do is said, and is no failure', async () => {
    const store = await bench.seeded(NAME);
    assert.match(succeeds(await store.deploy()).stdout, /^nothing to deploy: /);
    assert.equal(succeeds(await store.deploy(['-q'])).stdout, '');
    const [told] = objects(succeeds(await store.deploy(['--json'])));
    assert.deepEqual([told?.event, told?.code], ['warning', 'all-deployed']);
    fails(await store.deploy(['--cert-name', 'other.example']), 2, /there is no lineage other\.example/);
    fails(await bench.store().deploy(), 2, /does not exist/);
  });

  test('runs what is open however long it would have to wait; exit 1 while it fails', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines } = notes(store);
    const good = join(store.scratch, 'good');
    const hook = `echo x >> ${path}; test -e ${good}`;
    fails(await store.renew(['--force-renewal', '--deploy-hook', hook]), 1, /failed/);
    fails(await store.deploy(), 1, /deploying again: a hook has not succeeded yet[\s\S]*1 failed/);
    writeFileSync(good, '');
    assert.match(succeeds(await store.deploy()).stdout, /1 certificate: 1 deployed again/);
    assert.equal(lines().length, 3);
    assert.deepEqual(store.versions(NAME), ['0001', '0002']);
    assert.match(succeeds(await store.deploy()).stdout, /nothing to deploy/);
  });

  test('--force runs all hooks of what is live, also of a version that live was moved to by hand', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines, forget } = notes(store);
    const flags = [
      '--deploy-hook',
      `echo "$EVERCERT_VERSION_DIR" >> ${path}`,
      '--reload-hook',
      `echo r >> ${path}`,
    ];
    succeeds(await store.renew(['--force-renewal', ...flags]));
    forget();
    succeeds(await store.deploy(['--force']));
    assert.deepEqual(lines(), [store.path('archive', NAME, '0002'), 'r']);
    rmSync(store.path('live', NAME));
    symlinkSync(`../archive/${NAME}/0001`, store.path('live', NAME));
    forget();
    succeeds(await store.deploy(['--force', '--cert-name', NAME]));
    assert.deepEqual(lines(), [store.path('archive', NAME, '0001'), 'r']);
    assert.match((await store.certificates()).stdout, /pinned/);
  });

  test('--force that fails leaves it open', async () => {
    const store = await bench.seeded(NAME);
    store.edit(NAME, { hooks: { deploy: 'false' } });
    fails(await store.deploy(['--force']), 1, /deploy hook: false/);
    assert.match((await store.certificates()).stdout, /not deployed/);
  });
});

describe('the queue', { concurrency: 4 }, () => {
  test('only what failed is run again', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines, forget } = notes(store);
    for (const [name, command] of [
      ['1', 'true'],
      ['2', `test -e ${path}.good`],
      ['3', 'true'],
    ] as const) {
      const script = `#!/bin/sh\necho ${name} >> ${path}\n${command}\n`;
      writeFileSync(store.path('hooks', 'deploy', name), script, { mode: 0o755 });
    }
    fails(await store.renew(['--force-renewal']), 1, /deploy hook: .*\/2\n/);
    assert.deepEqual(lines(), ['1', '2', '3']);
    forget();
    writeFileSync(`${path}.good`, '');
    succeeds(await store.deploy());
    assert.deepEqual(lines(), ['2']);
  });

  test('a hook that the operator corrected is run by the next renew, without waiting; the old one is forgotten', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines } = notes(store);
    fails(await store.renew(['--force-renewal', '--deploy-hook', `echo old >> ${path}; false`]), 1, /failed/);
    fails(await store.renew(), 1, /waiting to deploy again/);
    store.edit(NAME, { hooks: { deploy: `echo new >> ${path}` } });
    succeeds(await store.renew());
    assert.deepEqual([lines(), store.live(NAME)], [['old', 'new'], '0002']);
    assert.equal(stateOf(store).deployed, '0002');
  });

  test('a hook that the operator took away is waited for no more', async () => {
    const store = await bench.seeded(NAME);
    fails(await store.renew(['--force-renewal', '--deploy-hook', 'false']), 1, /failed/);
    store.edit(NAME, { hooks: {} });
    succeeds(await store.deploy());
    assert.equal(stateOf(store).deployed, '0002');
  });

  test('a newer version replaces it', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines } = notes(store);
    const hook = `echo "$EVERCERT_VERSION_DIR" >> ${path}; case $EVERCERT_VERSION_DIR in *0002) false;; esac`;
    fails(await store.renew(['--force-renewal', '--deploy-hook', hook]), 1, /failed/);
    assert.equal(stateOf(store).queue?.version, '0002');
    succeeds(await store.renew(['--force-renewal']));
    assert.deepEqual([stateOf(store).deployed, stateOf(store).queue], ['0003', undefined]);
    assert.match(succeeds(await store.deploy()).stdout, /nothing to deploy/);
    assert.deepEqual(
      lines().map((line) => line.slice(-4)),
      ['0002', '0003'],
    );
  });

  test('kill -9 in a reload hook: the next renew runs it, and only it', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines } = notes(store);
    const going = join(store.scratch, 'going');
    const reload = `echo reload >> ${path}; if [ ! -e ${going} ]; then touch ${going}; sleep 2; fi`;
    let kill: ((signal: NodeJS.Signals) => void) | undefined;
    const flags = ['--deploy-hook', `echo deploy >> ${path}`, '--reload-hook', reload];
    const running = store.renew(['--force-renewal', ...flags], {
      onStart: (stop) => {
        kill = stop;
      },
    });
    await until('the hook runs', () => existsSync(going), 60_000);
    kill?.('SIGKILL');
    assert.equal((await running).signal, 'SIGKILL');
    assert.equal(existsSync(store.path('archive', NAME, '.pending')), false);
    const open = stateOf(store).queue?.entries.filter(({ done }) => done !== true);
    assert.deepEqual(
      open?.map(({ kind, failures }) => [kind, failures]),
      [['reload', 0]],
    );
    succeeds(await store.renew());
    assert.deepEqual(lines(), ['deploy', 'reload', 'reload']);
    assert.equal(stateOf(store).deployed, '0002');
  });

  test('a signal: what it kept from being run is open and does not wait', async () => {
    const store = await bench.seeded(NAME);
    const { path, lines } = notes(store);
    const flag = join(store.scratch, 'flag');
    const deploy = `echo deploy >> ${path}; [ -e ${flag} ] || { touch ${flag}; exec sleep 30; }`;
    let kill: ((signal: NodeJS.Signals) => void) | undefined;
    const flags = ['--deploy-hook', deploy, '--reload-hook', `echo reload >> ${path}`];
    const running = store.renew(['--force-renewal', ...flags], {
      onStart: (stop) => {
        kill = stop;
      },
    });
    await until('the hook runs', () => existsSync(flag), 60_000);
    kill?.('SIGTERM');
    fails(await running, 143, /interrupted/);
    assert.deepEqual(
      stateOf(store).queue?.entries.map(({ failures, nextAt }) => [failures, nextAt]),
      [
        [0, undefined],
        [0, undefined],
      ],
    );
    succeeds(await store.renew());
    assert.deepEqual(lines(), ['deploy', 'deploy', 'reload']);
  });
});
