import { EvercertError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { linkTargets } from './links.ts';
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

/**
 * The URL of the account that the connection's key has already (RFC 8555 section 7.3.1); undefined if it has none.
 *
 * @throws EvercertError account-deactivated, acme-problem, bad-answer
 */
export async function findAccount(connection: Connection): Promise<string | undefined> {
  const { newAccount } = await connection.directory();
  try {
    const payload = { onlyReturnExisting: true };
    const { location, body } = await connection.postWithKey(newAccount, payload, 'newAccount', AccountSchema);
    checkOpen(connection.host, body.status);
    return location;
  } catch (error) {
    const problem = problemOf(error);
    if (problem?.status === 400 && problem.type !== 'badNonce') return undefined;
    if (problem?.type === 'unauthorized') throw deactivated(connection.host, problem.detail, error);
    throw error;
  }
}

/**
 * Asks the CA for the account that we hold to be ours.
 *
 * @throws EvercertError account-deactivated, acme-problem, bad-answer
 */
export async function checkAccount(connection: Connection): Promise<void> {
  const account = await readOwn(connection);
  if (account !== undefined) checkOpen(connection.host, account.status);
}

/** The account itself: at its new URL, if it was made again because of this very question. */
async function readOwn(connection: Connection) {
  const url = connection.accountUrl();
  if (url === undefined) return undefined;
  try {
    return (await connection.get(url, 'account', AccountSchema)).body;
  } catch (error) {
    const now = connection.accountUrl();
    if (now === undefined || now === url) throw error;
    return (await connection.get(now, 'account', AccountSchema)).body;
  }
}

/** Replaces the e-mail address of the account (RFC 8555 section 7.3.2). */
export async function updateEmail(connection: Connection, url: string, email: string): Promise<void> {
  await connection.post(url, { contact: [`mailto:${email}`] }, 'account', AccountSchema);
}

function checkOpen(host: string, status: string): void {
  if (status !== 'valid') throw deactivated(host, `its status is ${status}`);
}

function deactivated(host: string, why: string, cause?: unknown): EvercertError {
  return new EvercertError(
    'account-deactivated',
    `the account at ${host} was closed: ${why}`,
    'Its owner or the CA closed it, so no other is made unasked. If a new one is wanted, move its folder in accounts/ away and run evercert register.',
    cause,
  );
}

const MAX_PAGES = 20;

/**
 * The URLs of the account's orders (RFC 8555 section 7.1.2.1), of up to 20 pages, the newest last as CAs list them;
 * none where the CA keeps no list.
 */
export async function listOrders(connection: Connection): Promise<string[]> {
  const account = await readOwn(connection);
  const seen = new Set<string>();
  const orders: string[] = [];
  for (let page = account?.orders; page !== undefined && !seen.has(page) && seen.size < MAX_PAGES; ) {
    seen.add(page);
    const reply = await readPage(connection, page);
    orders.push(...(reply?.body.orders ?? []));
    [page] = linkTargets(reply?.link, page, 'next');
  }
  return orders;
}

/** A page that the CA refuses is none. */
async function readPage(connection: Connection, url: string) {
  try {
    return await connection.get(url, 'orders', OrdersListSchema);
  } catch (error) {
    if (problemOf(error) === undefined) throw error;
    return undefined;
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
