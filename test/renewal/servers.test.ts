import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Failure } from '../../src/lineage/state.ts';
import { movesOn, serversToAsk } from '../../src/renewal/servers.ts';
import { NOW } from '../unit-kit/clock.ts';
import { rule } from '../unit-kit/rule.ts';

const HOUR = 3_600_000;
const SERVERS = ['A', 'B', 'C'];

/** A failure as 'A network 2 3': at A, the second in a row, nothing for three hours. */
function failureOf(text: string): Failure {
  const [server = '', kind, count, hours] = text.split(' ');
  return {
    server: server === 'here' ? '' : server,
    kind: kind as Failure['kind'],
    code: 'x',
    message: 'x',
    count: Number(count),
    firstAt: NOW,
    lastAt: NOW,
    nextAt: NOW + Number(hours) * HOUR,
  };
}

/** Failures, and who is asked, or the hours to wait and because of whom. */
const RULES: readonly (readonly [string, readonly string[], string])[] = [
  ['without failures all are asked in turn, the CA first', [], 'A B C'],
  ['a CA that is down is passed over', ['A network 1 3'], 'B C'],
  ['a CA that limits us is passed over', ['A rate-limit 1 3'], 'B C'],
  ['the first fault of a CA waits', ['A ca 1 3'], 'wait 3 A'],
  ['the second fault of a CA in a row is passed over', ['A ca 2 3'], 'B C'],
  ['no other CA is asked for an error of our input', ['A input 1 3'], 'wait 3 A'],
  ['no other CA is asked for names that are not validated', ['A validation 3 3'], 'wait 3 A'],
  ['a CA whose wait is over is asked again, first', ['A network 4 0', 'B network 1 3'], 'A C'],
  ['our error at a fallback stops there: those before it', ['B validation 1 3'], 'A'],
  ['our error at a fallback stops there: none after it', ['A network 1 5', 'B input 1 3'], 'wait 3 B'],
  ['a CA without an account is passed over', ['A network 1 5', 'B account 1 24'], 'C'],
  ['all wait: the soonest', ['A network 1 3', 'B network 1 2', 'C ca 2 4'], 'wait 2 B'],
  ['a failure on this machine blocks all', ['here local 1 1'], 'wait 1 '],
  ['a hook that failed blocks all', ['here hook 1 1', 'A network 1 3'], 'wait 1 '],
  ['a failure on this machine that is over blocks none', ['here local 1 0'], 'A B C'],
  ['a failure at a CA that is not in the list is nothing', ['D input 1 3'], 'A B C'],
];

for (const [text, failures, expected] of RULES) {
  rule(text, () => {
    const ask = serversToAsk(SERVERS, failures.map(failureOf), undefined, NOW);
    const told =
      'servers' in ask ? ask.servers.join(' ') : `wait ${(ask.until - NOW) / HOUR} ${ask.failure.server}`;
    assert.equal(told, expected);
  });
}

test('who moves on', () => {
  const kinds = ['network', 'ca', 'rate-limit', 'account', 'input', 'validation', 'hook', 'local'] as const;
  const told = [1, 2].map((count) => kinds.filter((kind) => movesOn({ kind, count })).join(' '));
  assert.deepEqual(told, ['network rate-limit account', 'network ca rate-limit account']);
});

test('no CA at all is a bug', () => assert.throws(() => serversToAsk([], [], undefined, NOW), TypeError));

test('property: somebody is asked, or there is a wait that is not over', () => {
  const failure = fc
    .tuple(
      fc.constantFrom('A', 'B', 'C', 'D', 'here'),
      fc.constantFrom('network', 'ca', 'rate-limit', 'input', 'validation', 'hook', 'local'),
      fc.nat(9),
      fc.integer({ min: -9, max: 9 }),
    )
    .map((parts) => failureOf(parts.join(' ')));
  fc.assert(
    fc.property(fc.array(failure, { maxLength: 6 }), (failures) => {
      const ask = serversToAsk(SERVERS, failures, undefined, NOW);
      if ('servers' in ask) assert.ok(ask.servers.every((server) => SERVERS.includes(server)));
      else assert.ok(ask.until > NOW);
    }),
  );
});
