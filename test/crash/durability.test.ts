import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type Bench, createBench, NAME } from './bench.ts';
import { unsyncedSteps } from './durable.ts';
import type { LoggedStep } from './fault-plan.ts';
import { scenarios } from './scenarios.ts';

/** What has to come after what, whatever else is between. */
const ORDER: readonly RegExp[] = [
  /^open .*\.pending\/privkey\.pem$/,
  /^fsync .*\.pending\/privkey\.pem$/,
  /^rename .*\.pending\/order\.json$/,
  /^request .*\/acme\/new-order$/,
  /^rename .*\.pending\/order\.json$/,
  /^request .*\/finalize$/,
  /^mkdir .*\/\.\d{4}\.tmp$/,
  /^fsync .*\/\.\d{4}\.tmp$/,
  /^rename .*\/archive\/[^/]+\/\d{4}$/,
  /^fsync store\/archive\/[^/]+$/,
  /^rename store\/live\/[^.][^/]*$/,
  /^fsync store\/live$/,
  /^rename store\/state\/[^/]+$/,
  /^fsync store\/state$/,
  /^(rm|unlink) .*\.pending\/order\.json$/,
  /^rmdir .*\.pending$/,
  /^spawn .*EVERCERT_VERSION_DIR/,
  /^rename store\/state\/[^/]+$/,
  /^fsync store\/state$/,
];

/** A link to a version, a hook for what is live, a state that speaks of it. */
const RELIES =
  /archive\/[^/]+\/\d{4} is not synced before \d+ rename store\/live|live\/[^/]+ is not synced before \d+ (spawn -c|rename store\/state)/;
const RENEWAL = 'renew --force-renewal, then renew';

describe('what a step relies on is on the disk before it', () => {
  const logs = new Map<string, readonly LoggedStep[]>();
  let bench: Bench;

  before(async () => {
    bench = await createBench();
    for (const title of ['certonly on an empty directory', RENEWAL]) {
      const scenario = scenarios.find((known) => known.title === title);
      assert.ok(scenario);
      const { result, log } = await bench.faulty(scenario.run);
      assert.equal(result.status, 0, result.stderr);
      logs.set(title, log);
    }
  });
  after(() => bench.close());

  test('every content and every name is synced before the next change, request or program', () => {
    for (const [title, log] of logs) assert.deepEqual(unsyncedSteps(log), [], title);
  });

  test('the check notices each sync that is left out', () => {
    for (const log of logs.values()) {
      const syncs = log.filter(({ op, path }) => op === 'fsync' && path !== 'store/.lock');
      assert.ok(syncs.length > 15, `${syncs.length} syncs`);
      for (const sync of syncs) {
        const rest = log.filter((step) => step !== sync);
        assert.notDeepEqual(unsyncedSteps(rest), [], `${sync.number} ${sync.path}`);
      }
    }
  });

  test('the check notices a rename before its content is synced', () => {
    for (const log of logs.values()) {
      const at = log.findIndex(({ op, to }) => op === 'rename' && to?.endsWith('order.json'));
      const rename = log[at] as LoggedStep;
      const early = [...log.slice(0, at - 2), rename, ...log.slice(at - 2, at), ...log.slice(at + 1)];
      assert.notDeepEqual(unsyncedSteps(early), []);
    }
  });

  test('a run that takes up where a killed one left syncs what that one had not', async () => {
    bench.keep();
    const complaints: string[] = [];
    const opened = (logs.get(RENEWAL) ?? []).filter(({ op }) => op === 'open-dir');
    for (const step of opened.filter((_, i) => i % 2 === 0)) {
      bench.reset();
      const killed = await bench.faulty((on, options) => on.site.renew(['--force-renewal'], options), {
        at: step.number,
        action: 'kill-before',
      });
      assert.equal(killed.result.signal, 'SIGKILL');
      const resumed = await bench.faulty((on, options) => on.site.renew([], options));
      assert.equal(resumed.result.status, 0, resumed.result.stderr);
      const found = unsyncedSteps([...killed.log, ...resumed.log]).filter((what) => RELIES.test(what));
      complaints.push(...found.map((what) => `killed before ${step.number} (${step.path}): ${what}`));
    }
    assert.deepEqual(complaints, []);
  });

  test('the steps come in the order of docs/store.md', () => {
    for (const [title, log] of logs) {
      const lines = log.map(({ op, path, to }) => `${op} ${op === 'rename' ? to : path}`);
      let from = 0;
      for (const pattern of ORDER) {
        const at = lines.findIndex((line, i) => i >= from && pattern.test(line));
        assert.ok(at >= 0, `${title}: no ${pattern} after ${lines[from - 1] ?? 'the start'}`);
        from = at + 1;
      }
      assert.ok(lines.some((line) => line.includes(NAME)));
    }
  });
});
