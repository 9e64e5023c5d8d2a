import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PendingOrder } from '../../src/lineage/pending.ts';
import type { Lineage } from '../../src/lineage/scan.ts';
import type { Settings } from '../../src/lineage/settings.ts';
import type { Failure, LiveFacts, State } from '../../src/lineage/state.ts';
import { decide, needsPerson, type Word } from '../../src/renewal/decide.ts';
import { NOW } from '../unit-kit/clock.ts';
import { DAY, FACTS, LINEAGE, SETTINGS } from '../unit-kit/examples.ts';
import { rule } from '../unit-kit/rule.ts';

const HOUR = DAY / 24;
const A = SETTINGS.server;
const B = 'https://other.example/directory';
const VERSION = FACTS.version;

/** A lineage with what it is to remember, what it is to be, and what it has. */
interface Case {
  readonly state?: Partial<State>;
  readonly settings?: Partial<Settings>;
  readonly facts?: Partial<LiveFacts>;
  readonly lineage?: Partial<Lineage>;
}

const DUE = { notBefore: NOW - 70 * DAY, notAfter: NOW + 20 * DAY };
const NEAR = { notBefore: NOW - 81 * DAY, notAfter: NOW + 9 * DAY };
const BOTH = { fallbackServers: [B] };
const REVOKED = { revocation: { version: VERSION, status: 'revoked', nextCheckAt: NOW } } as const;
const COMPROMISED = { revocation: { ...REVOKED.revocation, reason: 'keyCompromise' } };
const LEFT_OUT = { leftOut: { version: VERSION, names: ['b.example'] } };
const ORDER: PendingOrder = {
  version: 1,
  server: A,
  names: [],
  key: SETTINGS.key,
  createdAt: NOW,
  target: '0003',
};
const chosen = (chosenAt: number, version = VERSION) => ({
  renewalInfo: { version, start: chosenAt, end: chosenAt + HOUR, chosenAt, nextPollAt: NOW },
});
const failure = (server: string, kind: Failure['kind'], hours = 3): Failure => ({
  server,
  kind,
  code: 'connection-failed',
  message: 'no answer',
  count: 2,
  firstAt: NOW,
  lastAt: NOW,
  nextAt: NOW + hours * HOUR,
});
const failed = (...failures: Failure[]) => ({ failures });
const queue = (version: string, nextAt: number): Partial<State> => ({
  queue: { version, entries: [{ kind: 'deploy', name: 'x', failures: 1, outcome: 'exit 1', nextAt }] },
});
const ordered = (server = A) => ({ pending: { kind: 'ordered', order: { ...ORDER, server } } }) as const;
const swapped = { pending: { kind: 'swapped', order: ORDER } } as const;
const UNDEPLOYED = { deployed: '0001' };
const ABSENT = { live: { kind: 'absent' }, deployed: undefined } as const;

function lineageOf({ state, settings, facts, lineage }: Case): Lineage {
  return {
    ...LINEAGE,
    settings: { ...SETTINGS, ...settings },
    live: { kind: 'whole', facts: { ...FACTS, ...facts } },
    state: { version: 1, ...state },
    ...lineage,
  };
}

/** Action and reason; the CAs (A, B); a new key; hours to wait, urgent with '!'. */
function told(given: Case, word?: Word): string {
  const { action, reason, servers = [], newKey, waiting } = decide(lineageOf(given), NOW, word);
  const asked = servers.map((server) => (server === A ? 'A' : server === B ? 'B' : server)).join('');
  const hours = waiting && `${(waiting.until - NOW) / HOUR}h${waiting.urgent ? '!' : ''}`;
  return [action, reason, asked, newKey && 'new-key', hours].filter(Boolean).join(' ');
}

const RULES: readonly (readonly [string, Case, string, Word?])[] = [
  ['the time drawn from the window has come', { state: chosen(NOW) }, 'renew suggested A'],
  ['the time drawn from the window has not come', { state: chosen(NOW + 1) }, 'skip not-due'],
  ['a later window puts off what would be due', { facts: DUE, state: chosen(NOW + DAY) }, 'skip not-due'],
  ['a window of another version is nothing', { state: chosen(NOW, '0001') }, 'skip not-due'],
  [
    'in the last twentieth no window puts off',
    { facts: { notBefore: NOW - 86 * DAY, notAfter: NOW + 4 * DAY }, state: chosen(NOW + DAY) },
    'renew due A',
  ],
  ['renewBefore is obeyed', { settings: { renewBefore: '58d' } }, 'skip not-due'],
  ['renewBefore is obeyed: earlier than the rule', { settings: { renewBefore: '60d' } }, 'renew due A'],
  ['what is revoked is renewed', { state: REVOKED }, 'renew revoked A'],
  [
    'what is revoked is renewed with another key if others have it',
    { state: COMPROMISED },
    'renew revoked A new-key',
  ],
  [
    'an order under way for a key that others have is not resumed',
    { state: COMPROMISED, settings: { reuseKey: true }, lineage: ordered() },
    'renew revoked A new-key',
  ],
  [
    'an order under way for the key that took its place is resumed',
    {
      state: COMPROMISED,
      settings: { reuseKey: true },
      lineage: { pending: { kind: 'ordered', order: { ...ORDER, newKey: true } } },
    },
    'resume interrupted A',
  ],
  [
    'an order under way for a key of its own is resumed',
    { state: COMPROMISED, lineage: ordered() },
    'resume interrupted A',
  ],
  [
    'a revocation of another version is nothing',
    { state: { revocation: { ...REVOKED.revocation, version: '0001' } } },
    'skip not-due',
  ],
  [
    'a good answer is nothing',
    { state: { revocation: { ...REVOKED.revocation, status: 'good' } } },
    'skip not-due',
  ],
  ['a rollback that is revoked is told', { state: REVOKED, lineage: { pinned: true } }, 'broken pinned'],
  [
    'names left out are asked for again',
    { state: LEFT_OUT, facts: { names: ['a.example'] } },
    'renew names-left-out A',
  ],
  [
    'names left out wait for as long as their failure does',
    { state: { ...LEFT_OUT, ...failed(failure(A, 'validation')) }, facts: { names: ['a.example'] } },
    'skip waiting 3h',
  ],
  [
    'names left out that are wanted no more are no drift',
    { state: LEFT_OUT, facts: { names: ['a.example'] }, settings: { names: ['a.example'] } },
    'skip not-due',
  ],
  [
    'a name added beside one left out is drift',
    {
      state: LEFT_OUT,
      facts: { names: ['a.example'] },
      settings: { names: ['a.example', 'b.example', 'c.example'] },
    },
    'renew names-changed A',
  ],
  [
    'the CA of the settings or a fallback issued it',
    { facts: { server: B }, settings: BOTH },
    'skip not-due',
  ],
  ['a CA that is not in the settings any more issued it', { facts: { server: B } }, 'renew server-changed A'],
  [
    'another profile is wanted',
    { facts: { server: A }, settings: { preferredProfile: 'tlsserver' } },
    'renew profile-changed A',
  ],
  [
    'no profile is wanted any more',
    { facts: { server: A, profile: 'tlsserver' } },
    'renew profile-changed A',
  ],
  [
    'the profile is the one that is wanted',
    { facts: { server: A, profile: 'shortlived' }, settings: { requiredProfile: 'shortlived' } },
    'skip not-due',
  ],
  [
    'of a version without origin no CA or profile is drift',
    { settings: { preferredProfile: 'x' } },
    'skip not-due',
  ],
  [
    'a failed CA is waited for, far from the end',
    { facts: DUE, state: failed(failure(A, 'network')) },
    'skip waiting 3h',
  ],
  [
    'a failed CA is waited for, near the end',
    { facts: NEAR, state: failed(failure(A, 'network')) },
    'skip waiting 3h!',
  ],
  [
    'a failed CA of what never was live',
    { lineage: ABSENT, state: failed(failure(A, 'network')) },
    'skip waiting 3h!',
  ],
  [
    'a failed CA of what is revoked',
    { state: { ...REVOKED, ...failed(failure(A, 'network')) } },
    'skip waiting 3h!',
  ],
  ['a wait that is over is none', { facts: DUE, state: failed(failure(A, 'network', 0)) }, 'renew due A'],
  [
    'a fallback is asked instead',
    { facts: DUE, settings: BOTH, state: failed(failure(A, 'network')) },
    'renew due B',
  ],
  [
    'no fallback is asked for our error',
    { facts: DUE, settings: BOTH, state: failed(failure(A, 'input')) },
    'skip waiting 3h',
  ],
  [
    'our error does not wait once the settings were changed',
    { facts: DUE, state: failed(failure(A, 'input')), lineage: { settingsStamp: [1, 1, NOW + 1] } },
    'renew due A',
  ],
  [
    'an outage waits also when the settings were changed',
    { facts: DUE, state: failed(failure(A, 'network')), lineage: { settingsStamp: [1, 1, NOW + 1] } },
    'skip waiting 3h',
  ],
  [
    'settings that are older than our error change nothing',
    { facts: DUE, state: failed(failure(A, 'input')), lineage: { settingsStamp: [1, 1, NOW - 1] } },
    'skip waiting 3h',
  ],
  ['the CA is asked before its fallback', { facts: DUE, settings: BOTH }, 'renew due AB'],
  ['failures make wait only what is due', { state: failed(failure(A, 'network')) }, 'skip not-due'],
  [
    'an order under way is resumed at its CA',
    { settings: BOTH, lineage: ordered(B) },
    'resume interrupted BA',
  ],
  [
    'an order under way at a CA that is down moves on',
    { settings: BOTH, lineage: ordered(B), state: failed(failure(B, 'network')) },
    'resume interrupted A',
  ],
  [
    'an order under way waits too',
    { lineage: ordered(), state: failed(failure(A, 'ca')) },
    'skip waiting 3h',
  ],
  ['force does not wait', { state: failed(failure(A, 'input')) }, 'renew forced A', 'force'],
  ['retry does not wait', { facts: DUE, state: failed(failure(A, 'input')) }, 'renew due A', 'retry'],
  ['retry renews nothing that is not due', {}, 'skip not-due', 'retry'],
  [
    'a hook that failed waits',
    { lineage: UNDEPLOYED, state: queue(VERSION, NOW + HOUR) },
    'skip deploy-waiting 1h!',
  ],
  [
    'a hook that failed is tried again',
    { lineage: UNDEPLOYED, state: queue(VERSION, NOW) },
    'redeploy not-deployed',
  ],
  [
    'hooks of an older version make nobody wait',
    { lineage: UNDEPLOYED, state: queue('0001', NOW + HOUR) },
    'redeploy not-deployed',
  ],
  [
    'retry does not wait for hooks',
    { lineage: UNDEPLOYED, state: queue(VERSION, NOW + HOUR) },
    'redeploy not-deployed',
    'retry',
  ],
  [
    'a swap without the rest does not wait for hooks',
    { lineage: swapped, state: queue(VERSION, NOW + HOUR) },
    'redeploy interrupted',
  ],
  [
    'a wait for the CA holds up no deploy hook',
    { facts: DUE, lineage: UNDEPLOYED, state: failed(failure(A, 'network')) },
    'redeploy not-deployed 3h',
  ],
  [
    'a wait for the CA and one for a hook: urgent',
    {
      facts: DUE,
      lineage: UNDEPLOYED,
      state: { ...failed(failure(A, 'network')), ...queue(VERSION, NOW + HOUR) },
    },
    'skip waiting 3h!',
  ],
];

for (const [text, given, expected, word] of RULES) {
  rule(`${text}${word === undefined ? '' : ` (${word})`} → ${expected}`, () => {
    assert.equal(told(given, word), expected);
  });
}

test('a wait tells why', () => {
  const { waiting } = decide(lineageOf({ facts: DUE, state: failed(failure(A, 'network')) }), NOW, undefined);
  assert.deepEqual([waiting?.failure.code, waiting?.failure.count], ['connection-failed', 2]);
});

test('who needs a person', () => {
  const needs = [{}, { facts: NEAR }, { state: REVOKED }, { lineage: ABSENT }].map((given: Case) =>
    needsPerson(lineageOf(given), NOW),
  );
  assert.deepEqual(needs, [false, true, true, true]);
});

const time = fc.integer({ min: NOW - 300 * DAY, max: NOW + 300 * DAY });
const anyFailure = fc.record({
  server: fc.constantFrom(A, B, '', 'https://gone.example/'),
  kind: fc.constantFrom('network', 'ca', 'rate-limit', 'input', 'validation', 'hook', 'local'),
  code: fc.string(),
  message: fc.string(),
  count: fc.nat(),
  firstAt: time,
  lastAt: time,
  nextAt: time,
  retryAfter: fc.boolean(),
});
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined });
const anyState = fc.record({
  version: fc.constant(1 as const),
  failures: maybe(fc.array(anyFailure, { maxLength: 5 })),
  renewalInfo: maybe(
    fc.record({ version: fc.constantFrom(VERSION, '0001'), chosenAt: maybe(time), nextPollAt: time }),
  ),
  revocation: fc.constantFrom(undefined, REVOKED.revocation, COMPROMISED.revocation),
  leftOut: fc.constantFrom(undefined, LEFT_OUT.leftOut),
  queue: fc.constantFrom(undefined, queue(VERSION, NOW + HOUR).queue, queue('0001', NOW).queue),
});
const anyCase = fc.record({
  state: maybe(anyState),
  settings: fc.constantFrom(BOTH, {}, { reuseKey: true }, { renewBefore: '90%' }, { names: ['a.example'] }),
  facts: fc.record({ notBefore: time, notAfter: time }),
  lineage: fc.constantFrom<Partial<Lineage>>({}, ABSENT, UNDEPLOYED, ordered(), ordered(B), swapped, {
    pinned: true,
  }),
});

test('property: whatever is remembered, there is a plan; who is asked is in the settings; a wait is not over', () => {
  fc.assert(
    fc.property(anyCase, fc.constantFrom<Word>(undefined, 'force', 'retry'), (given, word) => {
      const { action, servers, waiting } = decide(lineageOf(given as Case), NOW, word);
      const orders = ['issue', 'renew', 'resume'].includes(action);
      assert.equal(servers !== undefined && servers.length > 0, orders);
      assert.ok(servers?.every((server) => server === A || server === B) ?? true);
      assert.ok(waiting === undefined || (waiting.until > NOW && word === undefined));
      if (action === 'broken') assert.equal(given.lineage.pinned, true);
    }),
  );
});

test('property: what is due near its end waits no longer than the backstops', () => {
  const left = fc.integer({ min: 0, max: 90 * DAY * 0.02 - 1 });
  fc.assert(
    fc.property(left, fc.array(anyFailure, { maxLength: 5 }), (rest, failures) => {
      const facts = { notBefore: NOW + rest - 90 * DAY, notAfter: NOW + rest };
      const { waiting } = decide(lineageOf({ facts, settings: BOTH, state: { failures } }), NOW, undefined);
      assert.ok(waiting === undefined || (waiting.until <= NOW + (90 * DAY) / 1000 && waiting.urgent));
    }),
  );
});
