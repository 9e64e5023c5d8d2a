import type { Lineage } from '../../src/lineage/scan.ts';
import type { Settings } from '../../src/lineage/settings.ts';
import type { LiveFacts } from '../../src/lineage/state.ts';
import { NOW } from './clock.ts';

export const DAY = 86_400_000;

export const SETTINGS: Settings = {
  version: 1,
  names: ['a.example', 'b.example'],
  server: 'https://ca.example/directory',
  challenge: { type: 'standalone', port: 80 },
  key: { type: 'ecdsa', curve: 'P-256' },
};

/** Thirty days into a life of ninety: not due. */
export const FACTS: LiveFacts = {
  version: '0002',
  names: ['a.example', 'b.example'],
  notBefore: NOW - 30 * DAY,
  notAfter: NOW + 60 * DAY,
  key: { type: 'ecdsa', curve: 'P-256' },
  stamps: [],
};

/** Live, deployed, nothing to do. */
export const LINEAGE: Lineage = {
  kind: 'lineage',
  name: 'a.example',
  settings: SETTINGS,
  live: { kind: 'whole', facts: FACTS },
  deployed: '0002',
  pinned: false,
  pending: undefined,
  stateUnreadable: false,
  state: undefined,
  settingsStamp: undefined,
};
