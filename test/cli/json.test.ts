import assert from 'node:assert/strict';
import { rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { type Bench, createBench, objects, run, type Store, succeeds } from './kit.ts';

// --json: one object a line on stdout, nothing on stderr; times in ISO 8601; the exit status as without it.

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

/** Runs with --json and checks what holds for each line. */
async function told(running: Promise<Awaited<ReturnType<typeof run>>>, status = 0) {
  const result = await running;
  assert.equal(result.status, status, result.stdout + result.stderr);
  assert.equal(result.stderr, '');
  assert.match(result.stdout, /\n$/);
  const lines = objects(result);
  assert.ok(lines.length > 0);
  for (const line of lines) {
    assert.equal(typeof line.event, 'string');
    assert.equal(Object.keys(line)[0], 'event');
    for (const time of ['notBefore', 'notAfter', 'dueAt']) {
      if (time in line) assert.match(String(line[time]), ISO);
    }
    if ('error' in line) {
      const error = line.error as Record<string, unknown>;
      assert.deepEqual(Object.keys(error), ['code', 'message', 'hint', 'details']);
      assert.match(String(error.code), /^[a-z]+(-[a-z]+)+$|^usage$/);
    }
  }
  return lines;
}

const events = (lines: readonly Record<string, unknown>[]) => lines.map(({ event }) => event);

describe('renew', { concurrency: 4 }, () => {
  test('nothing due: a plan for each lineage, a summary', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    const lines = await told(store.renew(['--json']));
    assert.deepEqual(events(lines), ['plan', 'plan', 'summary']);
    const [plan, , summary] = lines;
    const { notBefore, notAfter, dueAt, ...rest } = plan ?? {};
    assert.deepEqual(rest, {
      event: 'plan',
      lineage: 'a.example.org',
      names: ['a.example.org'],
      version: '0001',
      action: 'skip',
      reason: 'not-due',
    });
    assert.ok(String(notBefore) < String(dueAt) && String(dueAt) < String(notAfter));
    assert.deepEqual(summary, {
      event: 'summary',
      dryRun: false,
      lineages: 2,
      renewed: 0,
      redeployed: 0,
      toDo: 0,
      failed: 0,
      deferred: 0,
      broken: 0,
      skipped: 2,
    });
  });

  test('renewed: plan, progress, live, hook, summary', async () => {
    const store = await bench.seeded('a.example.org');
    const lines = await told(store.renew(['--json', '--force-renewal', '--deploy-hook', 'echo hello']));
    const kinds = events(lines).filter((event) => event !== 'progress');
    assert.deepEqual(kinds, ['plan', 'live', 'hook', 'summary']);
    const live = lines.find(({ event }) => event === 'live');
    assert.equal(live?.version, '0002');
    assert.equal(live?.path, store.path('live', 'a.example.org'));
    const steps = lines.filter(({ event }) => event === 'progress').map(({ step }) => step);
    assert.deepEqual(steps, ['order', 'challenges', 'finalize', 'download', 'publish']);
  });

  test('all that can go wrong at once: failed, broken, pinned, not deployed, renewed', async (t) => {
    const alone = await createBench();
    t.after(() => alone.close());
    const store = await alone.seeded(
      'broken.example',
      'failed.example',
      'fine.example',
      'hook.example',
      'pinned.example',
    );
    succeeds(await store.renew(['--cert-name', 'pinned.example', '--force-renewal']));
    rmSync(store.path('live', 'pinned.example'));
    symlinkSync('../archive/pinned.example/0001', store.path('live', 'pinned.example'));
    store.edit('hook.example', { hooks: { deploy: 'false' }, key: { type: 'ecdsa', curve: 'P-384' } });
    store.edit('failed.example', { key: { type: 'ecdsa', curve: 'P-384' } });
    store.edit('fine.example', { key: { type: 'ecdsa', curve: 'P-384' } });
    writeFileSync(store.path('renewal', 'broken.example.json'), '{');
    alone.ca.knobs.rejectedIdentifiers = ['failed.example'];
    const lines = await told(store.renew(['--json']), 1);
    const plans = lines.filter(({ event }) => event === 'plan');
    assert.deepEqual(
      plans.map(({ lineage, action, reason }) => [lineage, action, reason]),
      [
        ['broken.example', 'broken', 'damaged'],
        ['failed.example', 'renew', 'key-changed'],
        ['fine.example', 'renew', 'key-changed'],
        ['hook.example', 'renew', 'key-changed'],
        ['pinned.example', 'skip', 'pinned'],
      ],
    );
    const failures = lines.filter(({ event }) => event === 'failed');
    assert.deepEqual(
      failures.map(({ lineage, error }) => [lineage, (error as { code: string }).code]).sort(),
      [
        ['failed.example', 'acme-problem'],
        ['hook.example', 'hook-failed'],
      ],
    );
    const { event, dryRun, ...counts } = lines.at(-1) ?? {};
    assert.equal(event, 'summary');
    assert.equal(dryRun, false);
    assert.deepEqual(counts, {
      lineages: 5,
      renewed: 1,
      redeployed: 0,
      toDo: 0,
      failed: 1,
      deferred: 1,
      broken: 1,
      skipped: 1,
    });

    const listed = await told(store.certificates(['--json']), 1);
    assert.deepEqual(
      listed.map(({ lineage, state }) => [lineage, state]),
      [
        ['broken.example', 'broken'],
        ['failed.example', 'failing'],
        ['fine.example', 'valid'],
        ['hook.example', 'not-deployed'],
        ['pinned.example', 'pinned'],
      ],
    );
  });

  test('-q: only what needs a person; nothing at all when all is well', async () => {
    const store = await bench.seeded('a.example.org', 'b.example.org');
    assert.equal(succeeds(await store.renew(['--json', '-q'])).stdout, '');
    writeFileSync(store.path('renewal', 'b.example.org.json'), '{');
    const lines = await told(store.renew(['--json', '-q']), 1);
    assert.deepEqual(
      lines.map(({ lineage }) => lineage),
      ['b.example.org'],
    );
  });

  test('no certificates yet: a warning', async () => {
    const store = await bench.seeded('a.example.org');
    rmSync(store.path('renewal', 'a.example.org.json'));
    rmSync(store.path('archive', 'a.example.org'), { recursive: true });
    const [line] = await told(store.renew(['--json']));
    assert.deepEqual([line?.event, line?.code], ['warning', 'no-lineages']);
  });

  test('a dry run says so', async () => {
    const store = await bench.seeded('a.example.org');
    const lines = await told(store.renew(['--json', '--dry-run']));
    assert.ok(events(lines).includes('dry-run-passed'));
    assert.equal(lines.at(-1)?.dryRun, true);
  });
});

describe('certonly', { concurrency: 4 }, () => {
  test('a new one', async () => {
    const store = bench.store();
    const lines = await told(store.certonly('a.example.org', ['--json']));
    assert.equal(lines[0]?.event, 'plan');
    assert.equal(lines.find(({ event }) => event === 'live')?.lineage, 'a.example.org');
  });

  test('kept', async () => {
    const store = await bench.seeded('a.example.org');
    const lines = await told(store.certonly('a.example.org', ['--json']));
    assert.deepEqual(
      lines.map(({ event, code }) => code ?? event),
      ['plan', 'kept'],
    );
  });

  test('refused: one object, exit 2', async () => {
    const store = await bench.seeded('a.example.org');
    const lines = await told(store.certonly('a.example.org,b.example.org', ['--json']), 2);
    assert.deepEqual(events(lines), ['failed']);
  });

  test('a problem of the CA: its parts are details', async (t) => {
    const alone = await createBench();
    t.after(() => alone.close());
    alone.ca.knobs.rejectedIdentifiers = ['a.example.org', 'b.example.org'];
    const lines = await told(alone.store().certonly('a.example.org,b.example.org', ['--json']), 1);
    const { error } = lines.find(({ event }) => event === 'failed') as { error: { details: string[] } };
    assert.equal(error.details.length, 2);
    assert.match(error.details[1] ?? '', /^b\.example\.org: rejectedIdentifier: /);
  });
});

describe('errors of the command line', { concurrency: 4 }, () => {
  const cases: readonly (readonly string[])[] = [
    ['renew', '--json', '--frobnicate'],
    ['certificates', '--cert-name', 'x', '--json', '--config-dir', '/nonexistent/evercert'],
    ['certonly', '--json'],
    ['frobnicate', '--json'],
    ['--json', 'renew'],
  ];
  for (const argv of cases) {
    test(argv.join(' '), async () => {
      const [line, ...more] = await told(run(argv), 2);
      assert.equal(line?.event, 'failed');
      assert.deepEqual(more, []);
    });
  }
});

test('ten lineages, eight at a time: no line is torn', async () => {
  const names = Array.from({ length: 10 }, (_, index) => `n${index}.example.org`);
  const store: Store = await bench.seeded(...names);
  const lines = await told(store.renew(['--json', '--force-renewal', '--deploy-hook', 'seq 1 500']));
  assert.equal(events(lines).filter((event) => event === 'live').length, 10);
});
