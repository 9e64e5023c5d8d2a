import type { Connection } from '../acme/connection.ts';
import { type Order, OrderSchema } from '../acme/resources.ts';
import { EvercertError } from '../errors.ts';

/** Long enough for a CA that validates at once, so that one question is enough. */
const FIRST_DELAY_MS = 40;
const MAX_DELAY_MS = 5000;
const MAX_RETRY_AFTER_MS = 30_000;

/**
 * Asks for an order until its status is none of `while`. Waits as long as the CA says (RFC 8555 section 7.5.1), else
 * a little longer each time.
 *
 * @param deadline milliseconds since 1970
 * @throws EvercertError order-timeout
 */
export async function pollOrder(
  connection: Connection,
  url: string,
  whileStatus: readonly Order['status'][],
  deadline: number,
): Promise<Order> {
  await connection.sleep(FIRST_DELAY_MS);
  for (let delay = FIRST_DELAY_MS; ; delay = Math.min(delay * 2, MAX_DELAY_MS)) {
    const { body, retryAfterMs } = await connection.get(url, 'order', OrderSchema);
    if (!whileStatus.includes(body.status)) return body;
    const wait = Math.min(Math.max(retryAfterMs ?? 0, delay), MAX_RETRY_AFTER_MS);
    if (connection.now() + wait > deadline) throw timeout(connection.host, body.status);
    await connection.sleep(wait);
  }
}

function timeout(host: string, status: string): EvercertError {
  return new EvercertError(
    'order-timeout',
    `the order at ${host} was still ${status} when time was up`,
    'The next run takes the same order up again.',
  );
}
