import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type LineageOptions, wantedSettings } from '../../src/commands/wanted-settings.ts';
import type { Settings } from '../../src/lineage/settings.ts';

const PLAIN: Settings = {
  version: 1,
  names: ['a.example'],
  server: 'https://ca.example/directory',
  challenge: { type: 'standalone', port: 80 },
  key: { type: 'ecdsa', curve: 'P-256' },
};
const FULL: Settings = {
  ...PLAIN,
  fallbackServers: ['https://other.example/directory'],
  preferredProfile: 'p',
  renewBefore: '30d',
  keyGroup: 'ssl-cert',
  preferredChain: 'X',
  caBundle: '/ca.pem',
  hooks: { deploy: 'x' },
  verify: ['a.example:443'],
};
const NOTHING = { webroots: [], ways: [], preferredChallenges: [], typed: [] } as unknown as LineageOptions;
const change = (options: Partial<LineageOptions>, old = FULL) =>
  wantedSettings(old.names, { ...NOTHING, ...options }, old);

test('what nothing is said of stays', () => assert.deepEqual(change({}), FULL));

const TAKEN_AWAY: readonly (readonly [keyof Settings, Partial<LineageOptions>])[] = [
  ['fallbackServers', { fallbackServers: [] }],
  ['preferredProfile', { preferredProfile: '' }],
  ['renewBefore', { renewBefore: '' }],
  ['keyGroup', { keyGroup: '' }],
  ['preferredChain', { preferredChain: '' }],
  ['caBundle', { caBundle: '' }],
  ['verify', { verify: [] }],
  ['hooks', { hooks: { deploy: '' } }],
];

for (const [key, options] of TAKEN_AWAY) {
  test(`${key} is taken away, and nothing else`, () => {
    assert.deepEqual(
      change(options),
      Object.fromEntries(Object.entries(FULL).filter(([name]) => name !== key)),
    );
    assert.deepEqual(change(options, PLAIN), PLAIN);
  });
}

test("dehydrated's script joins the hooks, and leaves them again", () => {
  const told = change({ dehydratedHook: '/hook.sh' });
  assert.deepEqual(told.hooks, { deploy: 'x', dehydrated: '/hook.sh' });
  assert.deepEqual(change({}, told), told);
  assert.deepEqual(change({ dehydratedHook: '' }, told), FULL);
});

test('one profile takes the place of the other; an empty one leaves the other', () => {
  const profiles = (options: Partial<LineageOptions>) => {
    const { preferredProfile, requiredProfile } = change(options);
    return [preferredProfile, requiredProfile];
  };
  assert.deepEqual(profiles({ requiredProfile: 'q' }), [undefined, 'q']);
  assert.deepEqual(profiles({ requiredProfile: '' }), ['p', undefined]);
  assert.deepEqual(profiles({ preferredProfile: '', requiredProfile: 'q' }), [undefined, 'q']);
});
