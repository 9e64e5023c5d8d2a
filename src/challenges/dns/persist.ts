import { createHash } from 'node:crypto';
import { EvercertError } from '../../errors.ts';
import type { Solver } from '../solver.ts';

/** A record that the operator made once, and that stays (draft-ietf-acme-dns-persist): nothing is to be done. */
export const persistSolver: Solver = {
  type: 'dns-persist-01',
  leavesTraces: false,
  present: async () => undefined,
  cleanUp: async () => undefined,
};

/** Who may prove names by a record that stays. */
export interface PersistAccount {
  /** The directory of the CA. */
  readonly server: string;
  /** Its URL at the CA. */
  readonly url: string;
  /** Of its key (RFC 7638). */
  readonly thumbprint: string;
  /** One of the names by which the CA is known there. */
  readonly issuer: string;
  /** What CAs of the second draft put before the hash of an account; undefined: its URL stands there as it is. */
  readonly hashPrefix: string | undefined;
}

export interface PersistRecord {
  readonly name: string;
  readonly value: string;
}

const NAME = /^[a-z0-9.-]{1,253}$/i;
/** In it nothing could begin another parameter, or end the record. */
const URI = /^[!#-:<-[\]-~]{1,4096}$/;

/**
 * The record that proves a name and, if asked, all below it: sections 3 and 4 of draft-ietf-acme-dns-persist, both as of
 * its first drafts (Pebble, accounturi is the URL) and since draft 02 (a hash).
 *
 * @param name without "*."
 * @throws EvercertError bad-answer: it would say something else than what was asked for
 */
export function persistRecord(name: string, withWildcard: boolean, account: PersistAccount): PersistRecord {
  const policy = withWildcard ? '; policy=wildcard' : '';
  const uri = accountUri(name, account);
  if (!NAME.test(account.issuer) || !URI.test(uri)) throw untrue(account, 'more than a name and an account');
  return { name: `_validation-persist.${name}`, value: `${account.issuer}; accounturi=${uri}${policy}` };
}

/** An account elsewhere may be anybody's: the CA that it is at would issue to them. */
function accountUri(name: string, account: PersistAccount): string {
  const { server, url, thumbprint, hashPrefix } = account;
  if (hashPrefix === undefined && new URL(url).hostname !== new URL(server).hostname)
    throw untrue(account, 'an account that is not at this CA');
  if (hashPrefix === undefined) return url;
  const hash = createHash('sha256')
    .update(Buffer.from([name.length]))
    .update(name + thumbprint + url);
  return `${hashPrefix}sha-256/${hash.digest('base64url')}`;
}

function untrue({ server }: PersistAccount, what: string): EvercertError {
  return new EvercertError(
    'bad-answer',
    `by what ${new URL(server).host} says of itself, the record would name ${what}`,
    'No record is told, since it would let others have certificates. Tell the CA.',
  );
}
