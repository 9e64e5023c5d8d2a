import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pollOrder } from '../../src/issuance/poll.ts';
import { rejection } from '../unit-kit/expect.ts';
import { anOrder, scripted, urlOf } from '../unit-kit/scripted.ts';

const MINUTE = 60_000;
const poll = (connection: Parameters<typeof pollOrder>[0], ms = 10 * MINUTE) =>
  pollOrder(connection, urlOf('order'), ['pending', 'processing'], ms);

test('until the status is another, a little longer each time', async () => {
  const { connection, clock } = scripted({ order: [...Array(4).fill(anOrder('pending')), anOrder('ready')] });
  assert.equal((await poll(connection)).status, 'ready');
  assert.deepEqual(clock.slept.slice(-3), [80, 160, 320]);
});

test('never longer than five seconds of our own accord', async () => {
  const { connection, clock } = scripted({
    order: [...Array(30).fill(anOrder('processing')), anOrder('valid')],
  });
  await poll(connection);
  assert.equal(Math.max(...clock.slept), 5000);
});

const WAITS: readonly (readonly [string, number, number])[] = [
  ['as long as the CA says', 7000, 7000],
  ['not without pause when the CA says at once', 0, 40],
];

for (const [name, retryAfterMs, wait] of WAITS) {
  test(`waits ${name}`, async () => {
    const { connection, clock } = scripted({
      order: [{ ...anOrder('pending'), retryAfterMs }, anOrder('ready')],
    });
    await poll(connection);
    assert.equal(clock.slept.at(-1), wait);
  });
}

test('gives up when the next wait would be too long', async () => {
  const { connection, clock } = scripted({ order: [{ ...anOrder('processing'), retryAfterMs: 20_000 }] });
  const { message } = await rejection(poll(connection, MINUTE), 'order-timeout');
  assert.equal(message, 'the order at ca.example was still processing when time was up (Retry-After: 20 s)');
  assert.ok(clock.monotonic() <= MINUTE);
});

test('gives up at once when the CA asks for more time than there is', async () => {
  const answer = { ...anOrder('processing'), retryAfterMs: 3_600_000 };
  const { connection, log } = scripted({ order: [answer] });
  const { message } = await rejection(poll(connection), 'order-timeout');
  assert.match(message, /still processing when time was up \(Retry-After: 3600 s\)$/);
  assert.deepEqual(log, ['get order']);
});

for (const [name, ms] of Object.entries({ forward: 86_400_000, back: -86_400_000 })) {
  test(`a clock that is set ${name} neither ends nor prolongs the wait`, async () => {
    const { connection, clock } = scripted({ order: [anOrder('processing')] });
    const get = connection.get;
    const stepping: typeof connection = {
      ...connection,
      get: (...request) => {
        clock.step(ms);
        return get(...request);
      },
    };
    await rejection(poll(stepping, MINUTE), 'order-timeout');
    assert.ok(clock.monotonic() > MINUTE - 6000 && clock.monotonic() <= MINUTE, String(clock.monotonic()));
  });
}
