import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { test } from 'node:test';
import type { LineageHealth } from '../../src/health/health.ts';
import { checkMetricsFile, metricsText, writeMetrics } from '../../src/health/metrics.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { executable } from '../support/rig/executables.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NOW } from '../unit-kit/clock.ts';
import { failure } from '../unit-kit/expect.ts';

const FULL: LineageHealth = {
  lineage: 'a.example',
  names: ['a.example'],
  notAfter: NOW + 1500,
  dueAt: NOW,
  lastSuccessAt: NOW - 1000,
  failures: 2,
  deployPending: ['one', 'two'],
  served: false,
};
const BARE: LineageHealth = { lineage: 'b"\\\n', names: [], failures: 0, deployPending: [] };

const EXPECTED = `# HELP evercert_run_timestamp_seconds When evercert renew ran last.
# TYPE evercert_run_timestamp_seconds gauge
evercert_run_timestamp_seconds 1780315200
# HELP evercert_lineages Certificates that evercert keeps.
# TYPE evercert_lineages gauge
evercert_lineages 2
# HELP evercert_certificate_not_after_timestamp_seconds End of the live certificate.
# TYPE evercert_certificate_not_after_timestamp_seconds gauge
evercert_certificate_not_after_timestamp_seconds{lineage="a.example"} 1780315201.5
# HELP evercert_renewal_due_timestamp_seconds When the renewal is due.
# TYPE evercert_renewal_due_timestamp_seconds gauge
evercert_renewal_due_timestamp_seconds{lineage="a.example"} 1780315200
# HELP evercert_last_success_timestamp_seconds When the last renewal succeeded.
# TYPE evercert_last_success_timestamp_seconds gauge
evercert_last_success_timestamp_seconds{lineage="a.example"} 1780315199
# HELP evercert_renewal_failures Attempts that failed since the last success.
# TYPE evercert_renewal_failures gauge
evercert_renewal_failures{lineage="a.example"} 2
evercert_renewal_failures{lineage="b\\"\\\\\\n"} 0
# HELP evercert_deploy_pending Hooks and checks of the live certificate that have not succeeded yet.
# TYPE evercert_deploy_pending gauge
evercert_deploy_pending{lineage="a.example"} 2
evercert_deploy_pending{lineage="b\\"\\\\\\n"} 0
# HELP evercert_served_mismatch 1 when the server was seen to serve another certificate than the live one.
# TYPE evercert_served_mismatch gauge
evercert_served_mismatch{lineage="a.example"} 1
`;

test('the text, each family together, without families that have no sample', () => {
  assert.equal(metricsText([FULL, BARE], NOW), EXPECTED);
  assert.match(metricsText([{ ...FULL, served: true }], NOW), /^evercert_served_mismatch\{.*\} 0$/m);
  assert.doesNotMatch(metricsText([], NOW), /lineage=/);
});

const tens = (count: number) =>
  Array.from({ length: count }, (_, index) => ({ ...FULL, lineage: `n${index}.example` }));

test('10,000 lineages, and 100,000, are quick', () => {
  const started = performance.now();
  assert.equal(metricsText(tens(10_000), NOW).split('\n').length, 60_000 + 16 + 3);
  assert.equal(metricsText(tens(100_000), NOW).split('\n').length, 600_000 + 16 + 3);
  assert.ok(performance.now() - started < 5000);
});

test("promtool, Prometheus' own checker, has nothing to say", {
  skip: skipWithout(['promtool']),
}, async () => {
  const { directory } = scratchDirectory('metrics');
  const path = `${directory}/evercert.prom`;
  for (const health of [[FULL, BARE], [], tens(1000)]) {
    writeMetrics(systemDisk, path, health, NOW);
    const input = readFileSync(path);
    const { status, stdout, stderr } = spawnSync(executable('promtool'), ['check', 'metrics'], {
      input,
      encoding: 'utf8',
    });
    assert.deepEqual([status, stdout, stderr], [0, '', '']);
  }
});

test('the file is replaced as a whole, and all can read it', () => {
  const { directory } = scratchDirectory('metrics');
  const path = `${directory}/evercert.prom`;
  for (const health of [[FULL], [FULL, BARE]]) writeMetrics(systemDisk, path, health, NOW);
  assert.equal(readFileSync(path, 'utf8'), EXPECTED);
  assert.equal(statSync(path).mode & 0o777, 0o644);
  assert.deepEqual(readdirSync(directory), ['evercert.prom']);
});

test('a directory that is not there is an error, not a bug', () => {
  failure(() => writeMetrics(systemDisk, '/nonexistent/evercert.prom', [], NOW), 'disk-failed');
});

test('only names that node_exporter reads', () => {
  for (const path of ['/a/evercert.prom', '/a/b.c.prom', 'x.prom'])
    assert.equal(checkMetricsFile(path), path);
  for (const path of [
    '/a/evercert.txt',
    '/a/.prom',
    '/a/.x.prom',
    '/a/x.prom/',
    '/a/x.prom\0',
    '',
    '/a/x.PROM',
  ])
    assert.match(failure(() => checkMetricsFile(path), 'usage').hint, /evercert\.prom/);
});
