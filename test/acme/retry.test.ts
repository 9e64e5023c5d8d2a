import assert from 'node:assert/strict';
import { test } from 'node:test';
import { retrying } from '../../src/acme/retry.ts';
import { EvercertError } from '../../src/errors.ts';
import { fakeClock } from '../unit-kit/clock.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';

type Answer = number | readonly [number, string] | Error;

/** Answers one after the other, the last one for ever. */
function rig(...answers: readonly Answer[]) {
  const clock = fakeClock();
  let count = 0;
  const send = async () => {
    const answer = answers[Math.min(count, answers.length - 1)] ?? 200;
    count += 1;
    if (answer instanceof Error) throw answer;
    const [status, retryAfter] = typeof answer === 'number' ? [answer] : answer;
    return { status, headers: retryAfter === undefined ? {} : { 'retry-after': retryAfter }, data: '' };
  };
  const ask = async (signal = NEVER) => (await retrying(send, { clock, signal })).status;
  return { ask, clock, count: () => count };
}

const outage = new EvercertError('connection-failed', 'down', 'wait');

const ENDS: readonly (readonly [string, readonly Answer[], number, readonly number[]])[] = [
  ['a good answer is the answer', [200], 200, []],
  ['a refusal is the answer', [404], 404, []],
  ['after an outage once more', [outage, 200], 200, [500]],
  ['after two outages once more', [outage, outage, 200], 200, [500, 2000]],
  ['an error of the CA is waited out', [503, 200], 200, [500]],
  ['a rate limit of a moment is waited out', [[429, '3'], 200], 200, [3000]],
  ['Retry-After counts, as a date too', [[503, 'Mon, 01 Jun 2026 12:00:07 GMT'], 200], 200, [7000]],
  ['a long Retry-After is not waited for', [[429, '11'], 200], 429, []],
  ['the third error is the answer', [500, 502, 503, 200], 503, [500, 2000]],
];

for (const [name, answers, status, slept] of ENDS) {
  test(name, async () => {
    const { ask, clock } = rig(...answers);
    assert.equal(await ask(), status);
    assert.deepEqual(clock.slept, slept);
  });
}

test('the third outage is told', async () => {
  const { ask, count } = rig(outage);
  await rejection(ask(), 'connection-failed');
  assert.equal(count(), 3);
});

test('what is no outage is told at once', async () => {
  for (const error of [new EvercertError('tls-failed', '', 'x'), new TypeError('bug')]) {
    const { ask, count } = rig(error);
    await assert.rejects(ask(), error);
    assert.equal(count(), 1);
  }
});

test('an interruption ends the waiting', async () => {
  const reason = new TypeError('stop');
  await assert.rejects(rig(503).ask(AbortSignal.abort(reason)), reason);
});
