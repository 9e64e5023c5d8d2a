import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { promisify } from 'node:util';
import { metricsText } from '../../src/health/metrics.ts';
import { letterOf, payloadOf } from '../../src/notify/letter.ts';
import { parseTarget } from '../../src/notify/target.ts';
import { executable } from '../support/rig/executables.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { NOW } from '../unit-kit/clock.ts';
import { FAILED } from '../unit-kit/notices.ts';
import { paragraph } from './documented.ts';

const PAGE = 'monitoring.md';
const page = readFileSync(`docs/${PAGE}`, 'utf8');

const promtool = (...words: string[]) => promisify(execFile)(executable('promtool'), words);

/** What Prometheus makes of values an hour apart, by the rules of the page. */
const RULE_TESTS = `
rule_files: [rules.yml]
evaluation_interval: 1h
tests:
  - interval: 1h
    input_series:
      - { series: evercert_run_timestamp_seconds, values: '0+0x20' }
      - { series: 'evercert_certificate_not_after_timestamp_seconds{lineage="a"}', values: '36000+0x20' }
      - { series: 'evercert_renewal_due_timestamp_seconds{lineage="a"}', values: '7200+0x20' }
      - { series: 'evercert_certificate_not_after_timestamp_seconds{lineage="b"}', values: '720000+0x20' }
      - { series: 'evercert_renewal_due_timestamp_seconds{lineage="b"}', values: '360000+0x20' }
      - { series: 'evercert_deploy_pending{lineage="a"}', values: '0 1 1 1 1 0 0 0' }
      - { series: 'evercert_served_mismatch{lineage="b"}', values: '0 0 1 1 1 1 0 0' }
    alert_rule_test:
      - { eval_time: 6h, alertname: EvercertDoesNotRun, exp_alerts: [] }
      - eval_time: 7h
        alertname: EvercertDoesNotRun
        exp_alerts:
          - exp_labels: { severity: warning }
            exp_annotations: { summary: 'evercert renew has not run on  for six hours' }
      - { eval_time: 6h, alertname: CertificateOverdue, exp_alerts: [] }
      - eval_time: 9h
        alertname: CertificateOverdue
        exp_alerts:
          - exp_labels: { severity: warning, lineage: a }
            exp_annotations: { summary: 'a should have been renewed long ago' }
      - { eval_time: 10h, alertname: CertificateExpired, exp_alerts: [] }
      - eval_time: 11h
        alertname: CertificateExpired
        exp_alerts:
          - exp_labels: { severity: critical, lineage: a }
            exp_annotations: { summary: 'a has expired' }
      - { eval_time: 2h, alertname: CertificateNotDeployed, exp_alerts: [] }
      - eval_time: 4h
        alertname: CertificateNotDeployed
        exp_alerts:
          - exp_labels: { severity: warning, lineage: a }
            exp_annotations: { summary: 'a is renewed, but its server does not have it' }
          - exp_labels: { severity: warning, lineage: b }
            exp_annotations: { summary: 'b is renewed, but its server does not have it' }
`;

describe(`docs/${PAGE}`, () => {
  test('its rules pass promtool, and alert when they should', {
    skip: skipWithout(['promtool']),
  }, async () => {
    const { directory } = scratchDirectory('rules');
    writeFileSync(join(directory, 'rules.yml'), `${paragraph(PAGE, /^groups:/)}\n`);
    writeFileSync(join(directory, 'tests.yml'), RULE_TESTS);
    const { stdout } = await promtool('check', 'rules', join(directory, 'rules.yml'));
    assert.match(stdout, /SUCCESS: 4 rules found/);
    await promtool('test', 'rules', join(directory, 'tests.yml'));
  });

  test('it has all metrics, and no others', () => {
    const health = {
      lineage: 'a',
      names: [],
      notAfter: 1,
      dueAt: 1,
      lastSuccessAt: 1,
      failures: 0,
      deployPending: [],
      served: true,
    };
    const real = new Set(metricsText([health], NOW).match(/^evercert_\w+/gm));
    assert.deepEqual(new Set(page.match(/evercert_[a-z_]+/g)), real);
  });

  test('all of its targets can be given', () => {
    const targets = page.match(/(?<=^\| `|--notify '?)(?:[a-z+]+:[^`' ]+(?: [^`']*)?)/gm) ?? [];
    assert.ok(targets.length >= 9, targets.join('\n'));
    for (const target of targets) parseTarget(target.split(' --notify')[0] ?? '');
  });

  test('the JSON has the fields that are sent', () => {
    const shown = JSON.parse(/```json\n(.*?)```/s.exec(page)?.[1] ?? '');
    const sent = payloadOf([FAILED], 'web1');
    assert.deepEqual(Object.keys(shown), Object.keys(sent));
    assert.deepEqual(Object.keys(shown.notices[0]), Object.keys(sent.notices[0] ?? {}));
    assert.equal(letterOf([FAILED], 'web1').urgent, true);
  });
});
