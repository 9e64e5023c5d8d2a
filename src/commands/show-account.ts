import { serverUrl } from '../acme/servers.ts';
import { EvercertError } from '../errors.ts';
import { type Account, listAccounts, readAccount, readAccountKey } from '../lineage/accounts.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { thumbprintOf } from '../x509/keys.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { findStore } from './open-store.ts';

export interface ShowAccountOptions extends StoreOptions {
  /** A CA's name or directory URL; undefined for all CAs. */
  readonly server: string | undefined;
}

/** Tells what the store knows of its accounts, without asking anybody. @returns the exit status */
export function showAccount(options: ShowAccountOptions, edges: Edges): number {
  const paths = findStore(options, edges);
  const server = options.server === undefined ? undefined : serverUrl(options.server);
  const accounts = paths === undefined ? [] : accountsOf(edges, paths, server);
  if (paths === undefined || accounts.length === 0) throw missing(server);
  for (const account of accounts) tellAccount(edges, paths, account);
  return 0;
}

function accountsOf({ disk }: Edges, paths: StorePaths, server: string | undefined): Account[] {
  if (server === undefined) return listAccounts(disk, paths);
  return [readAccount(disk, paths, server) ?? []].flat();
}

/** @throws EvercertError account-missing, account-damaged */
export function tellAccount(
  { disk, emit }: Pick<Edges, 'disk' | 'emit'>,
  paths: StorePaths,
  account: Account | undefined,
): void {
  const key = account && readAccountKey(disk, paths, account.server);
  if (account === undefined || key === undefined) throw missing(account?.server);
  const { server, url, email } = account;
  emit({ type: 'account', server, url, email, thumbprint: thumbprintOf(key) });
}

function missing(server: string | undefined): EvercertError {
  return new EvercertError(
    'account-missing',
    server === undefined ? 'there is no account yet' : `there is no account at ${new URL(server).host} yet`,
    'evercert register makes one; so does certonly, when it orders.',
  );
}
