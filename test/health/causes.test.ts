import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dueNotices, type Memory } from '../../src/health/causes.ts';
import type { LineageHealth } from '../../src/health/health.ts';
import { NOW } from '../unit-kit/clock.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const NOTHING: Memory = new Map();

function healthy(lineage: string, more: Partial<LineageHealth> = {}): LineageHealth {
  const notAfter = NOW + 60 * DAY;
  return {
    lineage,
    names: [lineage],
    notAfter,
    dueAt: NOW + 30 * DAY,
    failures: 0,
    deployPending: [],
    ...more,
  };
}

function failing(lineage: string, code = 'order-failed', urgent = true): LineageHealth {
  const failure = { code, message: `${code} of ${lineage}`, hint: 'mend it', urgent };
  return healthy(lineage, { failures: 2, failure });
}

/** What is told at each of these hours, as 'KIND CODE: LINEAGES'. */
function over(hours: readonly (readonly [number, readonly LineageHealth[]])[], from = NOTHING): string[][] {
  let memory = from;
  return hours.map(([hour, health]) => {
    const due = dueNotices(health, memory, NOW + hour * HOUR, 7);
    memory = due.memory;
    return due.notices.map(({ kind, code, lineages }) => `${kind} ${code}: ${lineages.join(' ')}`);
  });
}

test('nothing to tell of what is well, or fails and will mend itself', () => {
  assert.deepEqual(over([[0, [healthy('a'), failing('b', 'acme-problem', false)]]]), [[]]);
  assert.equal(dueNotices([healthy('a')], NOTHING, NOW, 7).memory.size, 0);
});

const CAUSES: readonly (readonly [string, LineageHealth, string[]])[] = [
  ['urgent failure', failing('a'), ['failed order-failed: a']],
  ['hook', healthy('a', { deployPending: ['reload'] }), ['not-deployed not-deployed: a']],
  ['server', healthy('a', { deployPending: ['check'], served: false }), ['not-deployed not-served: a']],
  ['server without queue', healthy('a', { served: false }), ['not-deployed not-served: a']],
  ['served', healthy('a', { served: true }), []],
  ['7 days', healthy('a', { notAfter: NOW + 7 * DAY, dueAt: NOW - 23 * DAY }), ['expiry expires: a']],
  ['not yet', healthy('a', { notAfter: NOW + 7 * DAY + 1, dueAt: NOW - 23 * DAY }), []],
  ['expired', healthy('a', { notAfter: NOW, dueAt: NOW - DAY }), ['expiry expired: a']],
  [
    'short life, half',
    healthy('a', { notAfter: NOW + 40 * HOUR, dueAt: NOW - 40 * HOUR }),
    ['expiry expires: a'],
  ],
  ['short life, before', healthy('a', { notAfter: NOW + 41 * HOUR, dueAt: NOW - 39 * HOUR }), []],
  ['due unknown', healthy('a', { notAfter: NOW + DAY, dueAt: undefined }), ['expiry expires: a']],
  ['no certificate yet', healthy('a', { notAfter: undefined, dueAt: undefined }), []],
];

for (const [name, health, told] of CAUSES) {
  test(`cause: ${name}`, () => assert.deepEqual(over([[0, [health]]]), [told]));
}

test('once in 23 hours', () => {
  const health = [failing('a')];
  const told = over([0, 1, 22.99, 23, 24, 46].map((hour) => [hour, health]));
  assert.deepEqual(
    told.map(({ length }) => length),
    [1, 0, 0, 1, 0, 1],
  );
});

test('another code, another lineage, another kind is another cause', () => {
  const both = { ...failing('a'), deployPending: ['reload'] };
  assert.deepEqual(
    over([
      [0, [failing('a')]],
      [1, [failing('a', 'chain-bad')]],
      [2, [failing('a'), failing('b')]],
      [3, [both]],
    ]),
    [
      ['failed order-failed: a'],
      ['failed chain-bad: a'],
      ['failed order-failed: b'],
      ['not-deployed not-deployed: a'],
    ],
  );
});

test('recovery: at once, once, only of what was told; then a failure is news again', () => {
  assert.deepEqual(
    over([
      [0, [failing('a'), failing('b', 'order-failed', false)]],
      [1, [healthy('a'), healthy('b')]],
      [2, [healthy('a'), healthy('b')]],
      [3, [failing('a')]],
    ]),
    [['failed order-failed: a'], ['recovered recovered: a'], [], ['failed order-failed: a']],
  );
});

test('no recovery while anything is left: the attempt that failed, the hook, the end that is near', () => {
  const left = [
    failing('a', 'order-failed', false),
    healthy('a', { failures: 1 }),
    healthy('a', { deployPending: ['reload'] }),
    healthy('a', { notAfter: NOW + DAY, dueAt: NOW - 20 * DAY }),
  ];
  for (const health of left) {
    const [, second = []] = over([
      [0, [failing('a')]],
      [1, [health]],
    ]);
    assert.ok(!second.some((line) => line.startsWith('recovered')), second.join());
  }
});

test('a run for one lineage leaves the others as they are remembered', () => {
  assert.deepEqual(
    over([
      [0, [failing('a'), failing('b')]],
      [1, [failing('b')]],
      [2, [failing('a')]],
      [3, [healthy('a')]],
    ]),
    [['failed order-failed: a b'], [], [], ['recovered recovered: a']],
  );
});

test('10,000 lineages: one notice, 50 names, three reasons, the first end, and quickly', () => {
  const health = Array.from({ length: 10_000 }, (_, index) => ({
    ...failing(`n${index}`),
    notAfter: NOW + 60 * DAY - index,
  }));
  const started = performance.now();
  const { notices, memory } = dueNotices(health, NOTHING, NOW, 7);
  const [notice] = notices;
  assert.deepEqual([notices.length, notice?.lineages.length, notice?.more], [1, 50, 9950]);
  assert.equal(notice?.notAfter, NOW + 60 * DAY - 9999);
  assert.deepEqual(notice?.reasons, ['order-failed of n0', 'order-failed of n1', 'order-failed of n2']);
  const recovered = dueNotices(
    health.map(({ lineage }) => healthy(lineage)),
    memory,
    NOW + HOUR,
    7,
  );
  assert.deepEqual(
    recovered.notices.map(({ kind, more }) => [kind, more]),
    [['recovered', 9950]],
  );
  assert.equal(recovered.memory.size, 0);
  assert.ok(performance.now() - started < 2000);
});

test('a clock that was ahead, lineages named like methods, and what is long gone', () => {
  const ahead: Memory = new Map([['failed order-failed', new Map([['a', NOW + DAY]])]]);
  assert.deepEqual(over([[0, [failing('a')]]], ahead), [['failed order-failed: a']]);
  assert.deepEqual(over([[0, [failing('constructor')]]]), [['failed order-failed: constructor']]);
  const old: Memory = new Map([
    [
      'failed order-failed',
      new Map([
        ['gone', NOW - 30 * DAY],
        ['a', NOW - 29 * DAY],
      ]),
    ],
  ]);
  assert.deepEqual(
    [...(dueNotices([], old, NOW, 7).memory.get('failed order-failed') ?? [])],
    [['a', NOW - 29 * DAY]],
  );
});
