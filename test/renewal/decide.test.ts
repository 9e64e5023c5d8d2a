import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EvercertError } from '../../src/errors.ts';
import type { PendingOrder } from '../../src/lineage/pending.ts';
import type { BrokenLineage, Lineage, Live } from '../../src/lineage/scan.ts';
import type { LiveFacts } from '../../src/lineage/state.ts';
import { decide } from '../../src/renewal/decide.ts';
import { dueAt } from '../../src/renewal/due.ts';
import { NOW } from '../unit-kit/clock.ts';
import { DAY, FACTS, LINEAGE, SETTINGS } from '../unit-kit/examples.ts';

const ORDER: PendingOrder = {
  version: 1,
  server: SETTINGS.server,
  names: SETTINGS.names,
  key: SETTINGS.key,
  createdAt: NOW,
  target: '0003',
};
const error = new EvercertError('lineage-damaged', 'broken', 'mend it');
const broken: BrokenLineage = { kind: 'broken', name: 'a.example', error };
const damaged: Live = { kind: 'damaged', error, version: '0002' };
const absent: Live = { kind: 'absent' };
const whole = (facts: Partial<LiveFacts>): Live => ({ kind: 'whole', facts: { ...FACTS, ...facts } });
const due = { notBefore: NOW - 60 * DAY, notAfter: NOW + 30 * DAY };
const expired = { notBefore: NOW - 90 * DAY, notAfter: NOW };
const ordered = { kind: 'ordered', order: ORDER } as const;
const published = { kind: 'published', order: ORDER } as const;
const swapped = { kind: 'swapped', order: ORDER } as const;

interface Rule {
  readonly rule: string;
  readonly lineage: Partial<Lineage> | BrokenLineage;
  readonly forced?: boolean;
  readonly plan: string;
}

const { key: _, ...keyless } = FACTS;

const RULES: readonly Rule[] = [
  { rule: 'settings that cannot be read are broken', lineage: broken, plan: 'broken damaged' },
  {
    rule: 'settings that cannot be read are broken, also when forced',
    lineage: broken,
    forced: true,
    plan: 'broken damaged',
  },
  { rule: 'a damaged live version is broken', lineage: { live: damaged }, plan: 'broken damaged' },
  {
    rule: 'a damaged live version is broken, whatever is pending',
    lineage: { live: damaged, pending: published },
    plan: 'broken damaged',
  },
  {
    rule: 'a damaged live version is renewed when forced',
    lineage: { live: damaged },
    forced: true,
    plan: 'renew forced',
  },
  {
    rule: 'a live that is no link is broken, also when forced',
    lineage: { live: { ...damaged, blocked: true } },
    forced: true,
    plan: 'broken damaged',
  },
  {
    rule: 'a published version is promoted',
    lineage: { pending: published },
    plan: 'promote published-not-live',
  },
  {
    rule: 'a published version is promoted, the first one too',
    lineage: { live: absent, pending: published },
    plan: 'promote published-not-live',
  },
  {
    rule: 'a published version is promoted also when forced',
    lineage: { pending: published },
    forced: true,
    plan: 'promote published-not-live',
  },
  {
    rule: 'a swap without the rest is deployed again',
    lineage: { pending: swapped },
    plan: 'redeploy interrupted',
  },
  { rule: 'an order under way is resumed', lineage: { pending: ordered }, plan: 'resume interrupted' },
  {
    rule: 'an order under way is resumed before anything was live',
    lineage: { live: absent, pending: ordered },
    plan: 'resume interrupted',
  },
  {
    rule: 'a rollback counts before an order under way',
    lineage: { pinned: true, pending: ordered },
    plan: 'skip pinned',
  },
  {
    rule: 'what never was live is issued',
    lineage: { live: absent, deployed: undefined },
    plan: 'issue never-issued',
  },
  { rule: 'junk is as nothing', lineage: { pending: { kind: 'junk' } }, plan: 'skip not-due' },
  { rule: 'forced renews what is not due', lineage: {}, forced: true, plan: 'renew forced' },
  { rule: 'forced ends a rollback', lineage: { pinned: true }, forced: true, plan: 'renew forced' },
  { rule: 'a rollback is left alone', lineage: { pinned: true }, plan: 'skip pinned' },
  {
    rule: 'a rollback is left alone, whatever the settings say',
    lineage: { pinned: true, settings: { ...SETTINGS, names: ['c.example'] } },
    plan: 'skip pinned',
  },
  {
    rule: 'a rollback that is due is told',
    lineage: { pinned: true, live: whole(due) },
    plan: 'broken pinned',
  },
  {
    rule: 'a rollback that expired is told',
    lineage: { pinned: true, live: whole(expired) },
    plan: 'broken pinned',
  },
  {
    rule: 'other names in the settings renew',
    lineage: { settings: { ...SETTINGS, names: ['a.example'] } },
    plan: 'renew names-changed',
  },
  {
    rule: 'other names in the settings renew: one more',
    lineage: { live: whole({ names: ['a.example'] }) },
    plan: 'renew names-changed',
  },
  {
    rule: 'the order of names is no difference',
    lineage: { settings: { ...SETTINGS, names: [...SETTINGS.names].reverse() } },
    plan: 'skip not-due',
  },
  {
    rule: 'the same name twice is no difference',
    lineage: { settings: { ...SETTINGS, names: ['a.example', 'b.example', 'a.example'] } },
    plan: 'skip not-due',
  },
  {
    rule: 'the same name twice does not stand for another',
    lineage: { settings: { ...SETTINGS, names: ['a.example', 'a.example'] } },
    plan: 'renew names-changed',
  },
  {
    rule: 'another key type in the settings renews',
    lineage: { settings: { ...SETTINGS, key: { type: 'rsa', bits: 2048 } } },
    plan: 'renew key-changed',
  },
  {
    rule: 'another curve in the settings renews',
    lineage: { settings: { ...SETTINGS, key: { type: 'ecdsa', curve: 'P-384' } } },
    plan: 'renew key-changed',
  },
  {
    rule: 'another RSA size renews',
    lineage: {
      settings: { ...SETTINGS, key: { type: 'rsa', bits: 4096 } },
      live: whole({ key: { type: 'rsa', bits: 2048 } }),
    },
    plan: 'renew key-changed',
  },
  {
    rule: 'the same RSA size does not',
    lineage: {
      settings: { ...SETTINGS, key: { type: 'rsa', bits: 4096 } },
      live: whole({ key: { type: 'rsa', bits: 4096 } }),
    },
    plan: 'skip not-due',
  },
  {
    rule: 'a key of no known kind renews',
    lineage: { live: { kind: 'whole', facts: keyless } },
    plan: 'renew key-changed',
  },
  {
    rule: 'names are told before key and age',
    lineage: {
      settings: { ...SETTINGS, names: ['c.example'], key: { type: 'rsa', bits: 2048 } },
      live: whole(expired),
    },
    plan: 'renew names-changed',
  },
  { rule: 'due renews', lineage: { live: whole(due) }, plan: 'renew due' },
  {
    rule: 'due renews, not much before',
    // By the jitter up to 43 hours earlier.
    lineage: { live: whole({ notBefore: due.notBefore + 2 * DAY, notAfter: due.notAfter + 2 * DAY }) },
    plan: 'skip not-due',
  },
  { rule: 'expired renews', lineage: { live: whole(expired) }, plan: 'renew expired' },
  {
    rule: 'due renews before deploying again',
    lineage: { live: whole(due), deployed: '0001' },
    plan: 'renew due',
  },
  {
    rule: 'what was not deployed is deployed again',
    lineage: { deployed: '0001' },
    plan: 'redeploy not-deployed',
  },
  {
    rule: 'what was never deployed is deployed again',
    lineage: { deployed: undefined },
    plan: 'redeploy not-deployed',
  },
  { rule: 'all else is not due', lineage: {}, plan: 'skip not-due' },
];

const planOf = (lineage: Rule['lineage'], forced = false) =>
  decide('error' in lineage ? lineage : { ...LINEAGE, ...lineage }, NOW, forced ? 'force' : undefined);

for (const { rule, lineage, forced, plan } of RULES) {
  test(`rule: ${rule}${forced === true ? ' (forced)' : ''} → ${plan}`, () => {
    const { name, action, reason } = planOf(lineage, forced);
    assert.deepEqual([name, `${action} ${reason}`], ['a.example', plan]);
  });
}

test('a plan tells when it is due where a whole version is live', () => {
  const { notBefore, notAfter } = FACTS;
  assert.equal(planOf({}).dueAt, dueAt({ lineage: 'a.example', notBefore, notAfter }));
  assert.equal(planOf({ live: absent }).dueAt, undefined);
});

test('what is broken has its error', () => {
  assert.equal(planOf(broken).error, error);
  assert.equal(planOf({ live: damaged }).error, error);
  const told = planOf({ pinned: true, live: whole(due) }).error;
  assert.equal(told?.code, 'lineage-pinned');
  assert.match(told?.message ?? '', /moved to 0002 by hand/);
  assert.equal(planOf({ pinned: true }).error, undefined);
});

test('property: every state has a plan, and only a broken one an error', () => {
  const live = fc.constantFrom<Live>(
    absent,
    damaged,
    whole({}),
    whole(due),
    whole(expired),
    whole({ names: [] }),
  );
  const state = fc.record({
    live,
    pending: fc.constantFrom(undefined, ordered, published, swapped),
    pinned: fc.boolean(),
    deployed: fc.constantFrom(undefined, '0001', '0002'),
  });
  fc.assert(
    fc.property(state, fc.boolean(), (lineage, forced) => {
      const plan = planOf(lineage, forced);
      assert.equal(plan.error !== undefined, plan.action === 'broken');
      if (forced) assert.notEqual(plan.action, 'skip');
      if (forced) assert.notEqual(plan.action, 'broken');
    }),
  );
});
