import type { Connection } from '../acme/connection.ts';
import { type Order, OrderSchema } from '../acme/resources.ts';
import { EvercertError } from '../errors.ts';

/** Long enough for a CA that validates at once, so that one question is enough. */
const FIRST_DELAY_MS = 40;
const MAX_DELAY_MS = 5000;

/**
 * Asks for an order until its status is none of `while`. Waits as long as the CA says (RFC 8555 section 7.5.1), else
 * a little longer each time; not at all, if the time would be up by then.
 *
 * @param deadline of the connection's monotonic clock
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
    const wait = Math.max(retryAfterMs ?? 0, delay);
    if (connection.monotonic() + wait > deadline) throw timeout(connection.host, body.status, retryAfterMs);
    await connection.sleep(wait);
  }
}

function timeout(host: string, status: string, retryAfterMs: number | undefined): EvercertError {
  const asked = retryAfterMs === undefined ? '' : ` (Retry-After: ${Math.ceil(retryAfterMs / 1000)} s)`;
  return new EvercertError(
    'order-timeout',
    `the order at ${host} was still ${status} when time was up${asked}`,
    'The next run takes the same order up again.',
  );
}
