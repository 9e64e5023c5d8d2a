import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Bench, createBench, fails, objects, succeeds } from './kit.ts';

// An address of loopback where nobody listens at port 80: no DNS is needed to see that.
const NAME = '127.83.12.7';
const BAD = '127.83.12.8';
const env = { EVERCERT_SELF_CHECK: '' };
const FOUND = /may be wrong: 127\.83\.12\.\d: 127\.83\.12\.\d:80 refuses connections/;

let bench: Bench;
before(async () => {
  const problem = { type: 'connection', status: 400, detail: 'Connection refused' };
  bench = await createBench({ validationProblems: { [BAD]: problem } });
});
after(() => bench.close());

describe('the self-check', { concurrency: 4 }, () => {
  test('certonly and a dry run warn, and go on; an hourly renew does not look', async () => {
    const store = bench.store();
    const { stderr } = succeeds(await store.certonly(NAME, [], { env }));
    assert.match(stderr, FOUND);
    assert.match(succeeds(await store.renew(['--dry-run'], { env })).stderr, FOUND);
    assert.equal(succeeds(await store.renew(['--force-renewal'], { env })).stderr, '');
  });

  test('what the CA says stands beside it, and it is told once', async () => {
    const result = fails(await bench.store().certonly(BAD, [], { env }), 1, FOUND);
    assert.match(
      result.stderr,
      / {4}127\.83\.12\.8: connection: Connection refused\n {4}what the self-check had found is above\n/,
    );
    assert.equal(result.stderr.split('refuses connections').length, 2);
  });

  test('--quiet tells it with the failure, and JSON in a form for programs', async () => {
    const quiet = fails(await bench.store().certonly(BAD, ['-q'], { env }), 1, /failed/);
    assert.match(quiet.stderr, / {4}127\.83\.12\.8: 127\.83\.12\.8:80 refuses connections.*\n {4}hint: /);
    const events = objects(await bench.store().certonly(BAD, ['--json'], { env }));
    const finding = { code: 'no-answer', how: 'refused', address: BAD, port: 80, names: [BAD] };
    assert.deepEqual(events.find(({ event }) => event === 'self-check')?.finding, finding);
    assert.deepEqual(events.find(({ event }) => event === 'failed')?.findings, [finding]);
  });

  test('a renewal is looked at after a validation that failed', async () => {
    const store = bench.store();
    succeeds(await store.certonly(NAME));
    store.edit(NAME, { names: [BAD], challenge: { type: 'static' } });
    const flags = ['--retry-now'];
    assert.doesNotMatch((await store.renew(flags, { env })).stderr, /refuses/);
    assert.match((await store.renew(flags, { env })).stderr, FOUND);
  });
});
