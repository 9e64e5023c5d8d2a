import { findOrder, listOrders } from '../acme/account.ts';
import type { Connection } from '../acme/connection.ts';
import { sameNames } from '../x509/identifier.ts';
import type { OrderListener, OrderRequest } from './order.ts';
import { type Placed, placeOrder } from './place.ts';

const MAX_LISTED = 20;

/** The order that an earlier run left, if it is of use; else a new one. */
export async function takeUp(
  connection: Connection,
  request: OrderRequest,
  listener: OrderListener,
): Promise<Placed> {
  const { earlier } = request;
  if (earlier !== undefined) listener.step('resume-order');
  const found =
    earlier === 'unknown' ? await searchOrder(connection, request) : await usableOrder(connection, earlier);
  if (found !== undefined && found.url === earlier) return found;
  if (found === undefined) listener.step('order');
  const placed = found ?? (await placeOrder(connection, request, listener));
  await listener.placed(placed.url);
  return placed;
}

async function usableOrder(connection: Connection, url: string | undefined): Promise<Placed | undefined> {
  const order = url === undefined ? undefined : await findOrder(connection, url);
  return url === undefined || order === undefined || order.status === 'invalid' ? undefined : { url, order };
}

/** The order whose answer never reached us: one for these names that nobody has finalized. */
async function searchOrder(
  connection: Connection,
  { identifiers }: OrderRequest,
): Promise<Placed | undefined> {
  const names = identifiers.map(({ value }) => value);
  for (const url of (await listOrders(connection)).slice(-MAX_LISTED).reverse()) {
    const found = await usableOrder(connection, url);
    const open = found?.order.status === 'pending' || found?.order.status === 'ready';
    if (
      found &&
      open &&
      sameNames(
        found.order.identifiers.map(({ value }) => value),
        names,
      )
    )
      return found;
  }
  return undefined;
}
