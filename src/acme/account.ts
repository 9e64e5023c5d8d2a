import { EvercertError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { problemOf } from './problem.ts';
import { AccountSchema, OrderSchema, OrdersListSchema } from './resources.ts';

export interface Registration {
  readonly email: string | undefined;
  readonly termsAgreed: boolean;
}

/**
 * Creates the account of the connection's key, or finds it again (RFC 8555 section 7.3).
 *
 * @returns the account URL
 * @throws EvercertError acme-problem, bad-answer
 */
export async function registerAccount(
  connection: Connection,
  { email, termsAgreed }: Registration,
): Promise<string> {
  const { newAccount } = await connection.directory();
  const payload = {
    ...(termsAgreed ? { termsOfServiceAgreed: true } : {}),
    ...(email === undefined ? {} : { contact: [`mailto:${email}`] }),
  };
  const { location } = await connection.postWithKey(newAccount, payload, 'newAccount', AccountSchema);
  if (location !== undefined) return location;
  throw new EvercertError(
    'bad-answer',
    `${connection.host} created an account without a URL`,
    'Try again later; if this repeats, tell the CA.',
  );
}

/** The URL of the account that the connection's key has already (RFC 8555 section 7.3.1); undefined if it has none. */
export async function findAccount(connection: Connection): Promise<string | undefined> {
  const { newAccount } = await connection.directory();
  try {
    const payload = { onlyReturnExisting: true };
    const { location } = await connection.postWithKey(newAccount, payload, 'newAccount', AccountSchema);
    return location;
  } catch (error) {
    if (problemOf(error)?.status === 400) return undefined;
    throw error;
  }
}

/**
 * The URLs of the account's orders (RFC 8555 section 7.1.2.1), the newest last as CAs list them; none where the CA
 * keeps no list.
 */
export async function listOrders(connection: Connection): Promise<string[]> {
  const accountUrl = connection.accountUrl();
  if (accountUrl === undefined) return [];
  const { body } = await connection.get(accountUrl, 'account', AccountSchema);
  if (body.orders === undefined) return [];
  try {
    return (await connection.get(body.orders, 'orders', OrdersListSchema)).body.orders;
  } catch (error) {
    if (problemOf(error) !== undefined) return [];
    throw error;
  }
}

/** Reads an order; undefined when the CA does not have it (any more). */
export async function findOrder(connection: Connection, url: string) {
  try {
    return (await connection.get(url, 'order', OrderSchema)).body;
  } catch (error) {
    const status = problemOf(error)?.status;
    if (status === 404 || status === 403 || status === 410) return undefined;
    throw error;
  }
}
