import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Voice } from '../../src/cli/command.ts';
import { createReport, jsonOf } from '../../src/cli/report.ts';
import { EvercertError } from '../../src/errors.ts';
import type { Event } from '../../src/events.ts';
import { NOW } from '../unit-kit/clock.ts';
import { DAY } from '../unit-kit/examples.ts';

const error = new EvercertError('order-failed', 'it failed', 'try again', new TypeError('inside'), ['why']);
const summary = {
  lineage: 'a',
  names: ['a'],
  version: '0001',
  notBefore: NOW,
  notAfter: NOW + 60 * DAY,
  dueAt: NOW + 30 * DAY,
};
const skip: Event = { type: 'plan', ...summary, action: 'skip', reason: 'not-due' };
const hook = {
  type: 'hook',
  kind: 'post',
  name: 'x',
  ok: true,
  outcome: 'exit 0',
  output: '',
  ms: 1,
} as const;
const served = { type: 'served', lineage: 'a', target: 'a:443', ok: true, outcome: '' } as const;
const finding = { code: 'no-address', names: ['a.example'] } as const;
const counts = {
  lineages: 1,
  renewed: 0,
  redeployed: 0,
  toDo: 0,
  failed: 0,
  deferred: 0,
  broken: 0,
  skipped: 1,
};

/** Each event, where it goes, where when verbose, and whether --quiet tells it. */
const EVENTS: Record<string, readonly [Event, string, string, boolean]> = {
  plan: [skip, 'out', 'out', false],
  'a pinned plan': [{ ...skip, reason: 'pinned' }, 'out', 'out', false],
  'a broken plan': [{ ...skip, action: 'broken', reason: 'damaged', error }, 'err', 'err', true],
  'a valid certificate': [
    { type: 'certificate', ...summary, state: 'valid', path: '/x' },
    'out',
    'out',
    false,
  ],
  'a due certificate': [{ type: 'certificate', ...summary, state: 'due', path: '/x' }, 'out', 'out', false],
  'an expired certificate': [
    { type: 'certificate', ...summary, state: 'expired', path: '/x' },
    'out',
    'out',
    true,
  ],
  progress: [{ type: 'progress', lineage: 'a', step: 'order' }, 'status', 'out', false],
  live: [
    { type: 'live', lineage: 'a', version: '0001', path: '/x', notAfter: NOW, dueAt: NOW },
    'out',
    'out',
    false,
  ],
  'a dry run': [{ type: 'dry-run-passed', lineage: 'a', server: 's' }, 'out', 'out', false],
  'settings that changed': [
    { type: 'reconfigured', lineage: 'a', changed: ['key'], reason: 'key-changed' },
    'out',
    'out',
    false,
  ],
  saved: [{ type: 'saved', files: ['/x', '/y'] }, 'out', 'out', false],
  'a hook without words': [hook, 'out', 'out', false],
  'a hook with words': [{ ...hook, output: 'hello' }, 'out', 'out', false],
  'a place that serves it': [served, 'out', 'out', false],
  'a place that does not': [{ ...served, ok: false, outcome: 'closed' }, 'err', 'err', true],
  'nothing to deploy': [{ type: 'warning', code: 'all-deployed', detail: '' }, 'out', 'out', false],
  'a hook that failed': [{ ...hook, ok: false }, 'err', 'err', true],
  failed: [{ type: 'failed', error }, 'err', 'err', true],
  'a lineage that failed': [{ type: 'failed', lineage: 'a', error }, 'err', 'err', true],
  'no lineages': [{ type: 'warning', code: 'no-lineages', detail: '/x' }, 'out', 'out', false],
  kept: [{ type: 'warning', lineage: 'a', code: 'kept', detail: '' }, 'out', 'out', false],
  'a chain not found': [
    { type: 'warning', lineage: 'a', code: 'chain-not-found', detail: 'X1' },
    'err',
    'err',
    true,
  ],
  'state unreadable': [
    { type: 'warning', lineage: 'a', code: 'state-unreadable', detail: '' },
    'err',
    'err',
    true,
  ],
  'settings of a bad name': [{ type: 'warning', code: 'misnamed-settings', detail: 'A' }, 'err', 'err', true],
  'state not written': [
    { type: 'warning', lineage: 'a', code: 'state-not-written', detail: 'full' },
    'err',
    'err',
    true,
  ],
  'a profile not found': [
    { type: 'warning', lineage: 'a', code: 'profile-missing', detail: 'classic' },
    'err',
    'err',
    true,
  ],
  'replaces refused': [
    { type: 'warning', lineage: 'a', code: 'replaces-refused', detail: 'malformed' },
    'out',
    'out',
    false,
  ],
  'an account made again': [
    { type: 'warning', code: 'account-remade', detail: 'ca.example' },
    'err',
    'err',
    true,
  ],
  'an account': [
    { type: 'account', server: 'https://ca/', url: 'https://ca/1', email: undefined, thumbprint: 't' },
    'out',
    'out',
    false,
  ],
  'a finding': [{ type: 'self-check', lineage: 'a', finding }, 'err', 'err', false],
  'what is presented': [{ type: 'presented', lineage: 'a', shown: [] }, 'out', 'out', false],
  sleeping: [{ type: 'sleeping', ms: 60_000 }, 'out', 'out', false],
  waiting: [{ type: 'waiting-for-lock', holder: '' }, 'out', 'out', false],
  'waiting for somebody': [{ type: 'waiting-for-lock', holder: 'process 7' }, 'out', 'out', false],
  summary: [{ type: 'summary', dryRun: false, ...counts }, 'out', 'out', false],
};

const VOICE: Voice = { json: false, quiet: false, verbose: false, interactive: false };

function told(event: Event, voice: Partial<Voice>): (readonly [string, string])[] {
  const lines: (readonly [string, string])[] = [];
  const to = (name: string) => (text: string) => void lines.push([name, text]);
  createReport(
    { ...VOICE, ...voice },
    { out: to('out'), err: to('err'), status: to('status') },
    () => NOW,
  )(event);
  return lines;
}

for (const [name, [event, place, verbose, isQuiet]] of Object.entries(EVENTS)) {
  test(`told: ${name}`, () => {
    const places = (voice: Partial<Voice>) =>
      told(event, voice)
        .map(([to]) => to)
        .join();
    assert.deepEqual([places({}), places({ verbose: true })], [place, verbose]);
    assert.equal(places({ quiet: true }), isQuiet ? place : '');
    for (const [to, text] of told(event, { verbose: true })) {
      assert.doesNotMatch(text, /undefined|NaN|\[object/);
      assert.equal(text.endsWith('\n'), to !== 'status');
    }
  });

  test(`as JSON: ${name}`, () => {
    const [line] = told(event, { json: true });
    assert.equal(line?.[0], 'out');
    assert.match(line[1], /^\{"event":"[^\n]*\}\n$/);
    assert.deepEqual(JSON.parse(line[1]).event, event.type);
    assert.equal(told(event, { json: true, quiet: true }).length, isQuiet ? 1 : 0);
  });
}

test('in JSON, times are ISO 8601 and errors have no inside', () => {
  const { notAfter, dueAt, error: shown } = jsonOf({ ...skip, error });
  assert.deepEqual([notAfter, dueAt], ['2026-07-31T12:00:00.000Z', '2026-07-01T12:00:00.000Z']);
  assert.deepEqual(shown, {
    code: 'order-failed',
    message: 'it failed',
    hint: 'try again',
    details: ['why'],
  });
});

test('what failed is told with its lineage, or as an error', () => {
  assert.match(told({ type: 'failed', error }, {})[0]?.[1] ?? '', /^error: it failed\n/);
  assert.match(told({ type: 'failed', lineage: 'a', error }, {})[0]?.[1] ?? '', /^a: failed: it failed\n/);
});

test('JSON: until when something waits is a time too', () => {
  const waiting = { until: NOW, failure: { code: 'x', message: 'm', count: 1 }, urgent: false };
  const failed = { type: 'failed', error, deferredUntil: NOW } as const;
  const { waiting: told } = jsonOf({ ...skip, waiting });
  assert.deepEqual(told, { ...waiting, until: new Date(NOW).toISOString() });
  assert.equal(jsonOf(failed).deferredUntil, new Date(NOW).toISOString());
});
