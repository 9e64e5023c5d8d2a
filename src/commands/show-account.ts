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
  const { paths, accounts } = findAccounts(options, edges);
  for (const account of accounts) tellAccount(edges, paths, account);
  return 0;
}

/** Tells the thumbprint of one account, and nothing else: for the configuration of a web server. @returns the exit status */
export function tellThumbprint(options: ShowAccountOptions, edges: Edges): number {
  const { paths, account } = findAccount(options, edges);
  const { server } = account;
  edges.emit({ type: 'thumbprint', server, thumbprint: thumbprintAt(edges, paths, server) });
  return 0;
}

/** The one account that is meant. @throws EvercertError account-missing, usage */
export function findAccount(
  options: ShowAccountOptions,
  edges: Edges,
): { paths: StorePaths; account: Account } {
  const { paths, accounts } = findAccounts(options, edges);
  const [account, ...others] = accounts;
  if (account === undefined || others.length > 0) throw several(accounts);
  return { paths, account };
}

/** @throws EvercertError account-missing */
function findAccounts(options: ShowAccountOptions, edges: Edges) {
  const paths = findStore(options, edges);
  const server = options.server === undefined ? undefined : serverUrl(options.server);
  const accounts = paths === undefined ? [] : accountsOf(edges, paths, server);
  if (paths === undefined || accounts.length === 0) throw missing(server);
  return { paths, accounts };
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
  if (account === undefined) throw missing(undefined);
  const { server, url, email } = account;
  emit({ type: 'account', server, url, email, thumbprint: thumbprintAt({ disk }, paths, server) });
}

/** RFC 7638. @throws EvercertError account-missing, account-damaged */
export function thumbprintAt({ disk }: Pick<Edges, 'disk'>, paths: StorePaths, server: string): string {
  const key = readAccountKey(disk, paths, server);
  if (key === undefined) throw missing(server);
  return thumbprintOf(key);
}

function several(accounts: readonly Account[]): EvercertError {
  const hosts = accounts.map(({ server }) => new URL(server).host);
  return new EvercertError(
    'usage',
    `there are accounts at several CAs: ${hosts.join(', ')}`,
    'Each CA knows you by another one: say which by --server.',
  );
}

function missing(server: string | undefined): EvercertError {
  return new EvercertError(
    'account-missing',
    server === undefined ? 'there is no account yet' : `there is no account at ${new URL(server).host} yet`,
    'evercert register makes one; so does certonly, when it orders.',
  );
}
