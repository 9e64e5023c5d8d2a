import assert from 'node:assert/strict';
import type { Lineage } from '../../src/lineage/scan.ts';
import { wantsLook } from '../../src/renewal/idle.ts';
import { NOW } from '../unit-kit/clock.ts';
import { FACTS, LINEAGE, SETTINGS } from '../unit-kit/examples.ts';
import { rule } from '../unit-kit/rule.ts';

const facts = { ...FACTS, server: SETTINGS.server, renewalId: 'a.b' };
const order = {
  version: 1 as const,
  server: SETTINGS.server,
  names: SETTINGS.names,
  key: SETTINGS.key,
  createdAt: NOW,
  target: '0003',
};
const asked = (nextPollAt: number): Partial<Lineage> => ({
  state: { version: 1, renewalInfo: { version: facts.version, nextPollAt } },
});
const whole = (more: Partial<typeof facts>): Partial<Lineage> => ({
  live: { kind: 'whole', facts: { ...facts, ...more } },
});

const LOOKS: readonly (readonly [string, Partial<Lineage>, boolean])[] = [
  ['the CA is asked about what it was never asked', {}, true],
  ['the CA is asked again when its time has come', asked(NOW), true],
  ['the CA is not asked before', asked(NOW + 1), false],
  ['nobody is asked about what has ended', whole({ notAfter: NOW }), false],
  ['nobody is asked about what names nobody', whole({ renewalId: '' }), false],
  ['nobody is asked where nothing is live', { live: { kind: 'absent' } }, false],
  ['an order under way keeps nobody from asking', { pending: { kind: 'ordered', order } }, true],
  ['what is about to go live comes before questions', { pending: { kind: 'published', order } }, false],
  ['an unfinished swap comes before questions', { pending: { kind: 'swapped', order } }, false],
];

for (const [text, lineage, looks] of LOOKS) {
  rule(text, () => assert.equal(wantsLook({ ...LINEAGE, ...whole({}), ...lineage }, NOW), looks));
}
