import type { RawReply } from 'acme-client/src/client.js';
import { EvercertError } from '../errors.ts';
import type { Connection } from './connection.ts';
import { readProblem } from './problem.ts';

/**
 * Finds out by the key what became of an account, and makes it again if the CA has lost it; afterwards `accountUrl()`
 * is where it is now. What it throws ends the request.
 */
export type Recover = (connection: Connection) => Promise<void>;

/**
 * Sends requests that an account signs. If the CA does not know that account, `recover` is called, once for all
 * requests, and a request whose account moved is sent once more.
 */
export function accountKeeper(connection: Connection, recover: Recover) {
  let recovery: Promise<void> | undefined;
  return async (send: () => Promise<RawReply>): Promise<RawReply> => {
    const signedBy = connection.accountUrl();
    const reply = await send();
    if (!blamesAccount(reply)) return reply;
    recovery ??= recover(connection).catch((error) => {
      // Nothing was learnt: the next request may find out.
      if (error instanceof EvercertError && error.code === 'connection-failed') recovery = undefined;
      throw error;
    });
    await recovery;
    return connection.accountUrl() === signedBy ? reply : send();
  };
}

/** RFC 8555 sections 6.7 and 7.3.6; some CAs say 403 of accounts that they closed or do not know. */
function blamesAccount({ status, data }: RawReply): boolean {
  if (status < 400) return false;
  const { type } = readProblem(status, data);
  return type === 'accountDoesNotExist' || (type === 'unauthorized' && (status === 401 || status === 403));
}
