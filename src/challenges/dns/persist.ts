import { createHash } from 'node:crypto';
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

/**
 * The record that proves a name and, if asked, all below it: sections 3 and 4 of draft-ietf-acme-dns-persist, both as of
 * its first drafts (Pebble, accounturi is the URL) and since draft 02 (a hash).
 *
 * @param name without "*."
 */
export function persistRecord(name: string, withWildcard: boolean, account: PersistAccount): PersistRecord {
  const policy = withWildcard ? '; policy=wildcard' : '';
  return {
    name: `_validation-persist.${name}`,
    value: `${account.issuer}; accounturi=${accountUri(name, account)}${policy}`,
  };
}

function accountUri(name: string, { url, thumbprint, hashPrefix }: PersistAccount): string {
  if (hashPrefix === undefined) return url;
  const hash = createHash('sha256')
    .update(Buffer.from([name.length]))
    .update(name + thumbprint + url);
  return `${hashPrefix}sha-256/${hash.digest('base64url')}`;
}
