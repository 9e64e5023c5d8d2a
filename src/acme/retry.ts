import type { RawReply } from 'acme-client/src/client.js';
import { EvercertError } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import { parseRetryAfter } from './retry-after.ts';

/** What has no effect may be asked again: waits between the attempts, milliseconds. */
const RETRY_DELAYS_MS = [500, 2000];
/** A CA that wants a longer wait is left alone until the next run. */
const MAX_RETRY_AFTER_MS = 10_000;

/** For requests without effect: once more after an outage of a moment. */
export async function retrying(
  send: () => Promise<RawReply>,
  { clock, signal }: { clock: Clock; signal: AbortSignal },
): Promise<RawReply> {
  for (const delay of RETRY_DELAYS_MS) {
    const wait = await attempt(send, delay, clock.now());
    if (typeof wait !== 'number') return wait;
    await clock.sleep(wait, signal);
  }
  return send();
}

async function attempt(
  send: () => Promise<RawReply>,
  delay: number,
  now: number,
): Promise<RawReply | number> {
  try {
    const reply = await send();
    if (reply.status < 500 && reply.status !== 429) return reply;
    const wait = parseRetryAfter(reply.headers['retry-after'], now) ?? delay;
    return wait > MAX_RETRY_AFTER_MS ? reply : wait;
  } catch (error) {
    if (error instanceof EvercertError && error.code === 'connection-failed') return delay;
    throw error;
  }
}
