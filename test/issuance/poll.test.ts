import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pollOrder } from '../../src/issuance/poll.ts';
import { NOW } from '../unit-kit/clock.ts';
import { rejection } from '../unit-kit/expect.ts';
import { anOrder, scripted, urlOf } from '../unit-kit/scripted.ts';

const MINUTE = 60_000;
const poll = (connection: Parameters<typeof pollOrder>[0], ms = 10 * MINUTE) =>
  pollOrder(connection, urlOf('order'), ['pending', 'processing'], NOW + ms);

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
  ['at most half a minute', 3_600_000, 30_000],
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
  assert.equal(message, 'the order at ca.example was still processing when time was up');
  assert.ok(clock.now() <= NOW + MINUTE);
});
