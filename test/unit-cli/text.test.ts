import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  certificateText,
  failureText,
  hookText,
  liveText,
  planText,
  reconfiguredText,
  span,
  stepText,
  summaryText,
} from '../../src/cli/text.ts';
import { warningText } from '../../src/cli/warning-text.ts';
import { EvercertError } from '../../src/errors.ts';
import type { Event, LineageSummary } from '../../src/events.ts';
import { NOW } from '../unit-kit/clock.ts';
import { DAY } from '../unit-kit/examples.ts';
import { hostileText } from '../unit-kit/hostile.ts';

const HOUR = DAY / 24;
const SPANS: readonly (readonly [number, string])[] = [
  [0, '0 minutes'],
  [1, '1 minute'],
  [61_000, '2 minutes'],
  [2 * HOUR - 1, '120 minutes'],
  [2 * HOUR, '2 hours'],
  [2 * DAY - 1, '47 hours'],
  [2 * DAY, '2 days'],
  [89.9 * DAY, '89 days'],
  [-3 * DAY, '3 days'],
];

for (const [ms, text] of SPANS) test(`${ms} ms are ${text}`, () => assert.equal(span(ms), text));

const error = new EvercertError('hook-failed', 'it failed', 'mend it', undefined, ['line 1', 'line 2']);

test('a failure: message, details, hint', () => {
  assert.equal(failureText(error), 'it failed\n    line 1\n    line 2\n    hint: mend it');
});

const summary: LineageSummary = {
  lineage: 'a.example',
  names: ['a.example', 'b.example'],
  version: '0002',
  notBefore: NOW - 30 * DAY,
  notAfter: NOW + 60 * DAY,
  dueAt: NOW + 30 * DAY,
};
const unknown = {
  ...summary,
  version: undefined,
  notBefore: undefined,
  notAfter: undefined,
  dueAt: undefined,
};

const PLANS: readonly (readonly [Parameters<typeof planText>[0], string])[] = [
  [
    { ...summary, action: 'skip', reason: 'not-due' },
    'a.example: not due: valid until 2026-07-31 (60 days), renewal from 2026-07-01',
  ],
  [
    { ...summary, action: 'skip', reason: 'pinned' },
    'a.example: live was moved by hand to version 0002: left alone until renew --cert-name a.example --force-renewal',
  ],
  [{ ...unknown, action: 'skip', reason: 'not-due' }, 'a.example: not due'],
  [{ ...summary, action: 'renew', reason: 'due' }, 'a.example: renewing: due, ends 2026-07-31 12:00 UTC'],
  [{ ...unknown, action: 'issue', reason: 'never-issued' }, 'a.example: ordering: not issued yet'],
  [
    { ...summary, action: 'redeploy', reason: 'not-deployed' },
    'a.example: deploying again: a hook has not succeeded yet',
  ],
  [{ ...summary, action: 'broken', reason: 'damaged', error }, `a.example: ${failureText(error)}`],
];

for (const [event, text] of PLANS)
  test(`plan: ${text.split('\n')[0]}`, () => assert.equal(planText(event, NOW), text));

const CERTIFICATES: readonly (readonly [Parameters<typeof certificateText>[0], string])[] = [
  [{ ...summary, state: 'valid' }, 'a.example  a.example,b.example  60 days  valid'],
  [
    { ...summary, notAfter: NOW - 3 * DAY, state: 'expired' },
    'a.example  a.example,b.example  ended 3 days ago  EXPIRED',
  ],
  [{ ...unknown, names: [], state: 'never-issued' }, 'a.example  -  -  never issued'],
  [
    { ...unknown, state: 'broken', error },
    `a.example  a.example,b.example  -  BROKEN: ${failureText(error)}`,
  ],
];

for (const [event, text] of CERTIFICATES) {
  test(`certificate: ${text.split('\n')[0]}`, () => assert.equal(certificateText(event, NOW), text));
}

const COUNTS = {
  lineages: 1,
  renewed: 0,
  redeployed: 0,
  toDo: 0,
  failed: 0,
  deferred: 0,
  broken: 0,
  skipped: 0,
  dryRun: false,
};
const SUMMARIES: readonly (readonly [Partial<typeof COUNTS>, string])[] = [
  [{}, '1 certificate'],
  [
    { lineages: 7, renewed: 2, redeployed: 1, toDo: 0, failed: 1, deferred: 0, broken: 1, skipped: 2 },
    '7 certificates: 2 renewed, 1 deployed again, 1 failed, 1 broken, 2 unchanged',
  ],
  [{ renewed: 1, dryRun: true }, '1 certificate: 1 passed (dry run: nothing was kept)'],
];

for (const [counts, text] of SUMMARIES)
  test(`summary: ${text}`, () => assert.equal(summaryText({ ...COUNTS, ...counts }), text));

const until = Date.UTC(2030, 0, 2, 3, 4);
const waiting = { until, failure: { code: 'x', message: 'no', count: 2 }, urgent: false };
const RECONFIGURED: readonly (readonly [
  Omit<Event & { type: 'reconfigured' }, 'type' | 'lineage'>,
  string,
])[] = [
  [{ changed: [] }, 'a: nothing changed: its settings are so already'],
  [{ changed: ['hooks', 'verify'] }, 'a: saved: hooks, verify'],
  [
    { changed: ['key'], reason: 'key-changed' },
    'a: saved: key; the next renew orders a certificate: its key type in the settings changed',
  ],
  [
    { changed: ['challenge'], reason: 'waiting', waiting },
    'a: saved: challenge; waiting until 2030-01-02 03:04 UTC after 2 failures, the last one: no (renew --cert-name a --retry-now does not wait)',
  ],
];

for (const [event, text] of RECONFIGURED)
  test(text, () => assert.equal(reconfiguredText({ type: 'reconfigured', lineage: 'a', ...event }), text));

test('a version that is live', () => {
  const { notAfter = 0, dueAt = 0 } = summary;
  assert.equal(
    liveText({
      type: 'live',
      lineage: 'a.example',
      version: '0002',
      path: '/live/a.example',
      notAfter,
      dueAt,
    }),
    'a.example: version 0002 is live in /live/a.example: valid until 2026-07-31, renewal from 2026-07-01',
  );
});

const hook: Event & { type: 'hook' } = {
  type: 'hook',
  kind: 'deploy',
  lineage: 'a.example',
  name: 'reload',
  ok: true,
  outcome: 'exit 0',
  output: '',
  ms: 1234,
};

test('a hook: its words indented, line by line', () => {
  assert.equal(hookText(hook), 'a.example: deploy hook reload: done (1.2 s)');
  assert.equal(
    hookText({ ...hook, ok: false, outcome: 'exit 1', output: 'a\r\nb\rc\n\n' }),
    'a.example: deploy hook reload: exit 1 (1.2 s)\n    | a\n    | b\n    | c',
  );
  assert.match(hookText({ ...hook, name: 'set -e\nreload' }), /deploy hook set -e …: done/);
  const { lineage: _, ...post } = hook;
  assert.match(hookText({ ...post, kind: 'post' }), /^post hook reload/);
});

test('property: a hook cannot drive the terminal', () => {
  fc.assert(
    fc.property(hostileText(40), (output) => {
      assert.doesNotMatch(hookText({ ...hook, output }), /[^\P{Cc}\n\t]/u);
    }),
  );
});

test('every step and every warning has its words', () => {
  for (const step of ['order', 'resume-order', 'challenges', 'finalize', 'download', 'publish'] as const)
    assert.match(stepText(step), /^[a-z ]+$/);
  for (const code of [
    'misnamed-settings',
    'no-lineages',
    'kept',
    'not-saved',
    'chain-not-found',
    'state-unreadable',
    'state-not-written',
    'profile-missing',
    'replaces-refused',
    'account-remade',
    'no-timer',
    'foreign-timer',
    'two-timers',
    'certbot-timer',
    'timer-not-enabled',
    'program-in-cache',
    'notice-not-sent',
    'notices-forgotten',
    'metrics-not-written',
    'cleanup-failed',
    'cleanup-given-up',
  ] as const)
    assert.doesNotMatch(warningText({ type: 'warning', code, lineage: 'a', detail: 'x' }), /undefined|\.$/);
  assert.match(
    warningText({ type: 'warning', code: 'no-lineages', detail: '/store' }),
    /^no certificates in \/store/,
  );
});
