import { asEvercertError } from '../errors.ts';
import { readAccount } from '../lineage/accounts.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Settings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';
import { type AccountOptions, createSessions } from './sessions.ts';

/** The accounts that an outage will need are made while there is none, and the operator is here. */
export async function enrolAtFallbacks(
  edges: Edges,
  paths: StorePaths,
  account: AccountOptions,
  { fallbackServers = [], caBundle }: Settings,
): Promise<void> {
  const missing = fallbackServers.filter((server) => readAccount(edges.disk, paths, server) === undefined);
  // An external account binding is for one CA: for the others evercert register makes the account.
  const unbound = { ...account, externalAccount: undefined };
  for (const server of missing) {
    try {
      await ensureAccount(edges, paths, unbound, { server, caBundle });
    } catch (thrown) {
      const error = asEvercertError(thrown);
      if (error.code !== 'connection-failed') throw error;
      const detail = `${error.message}; when it is there again: evercert register --server ${server}`;
      edges.emit({ type: 'warning', code: 'fallback-unready', detail });
    }
  }
}

/** An account that is missing is made now, while its operator is here. */
export async function ensureAccount(
  edges: Edges,
  paths: StorePaths,
  account: AccountOptions,
  { server, caBundle }: Pick<Settings, 'server' | 'caBundle'>,
): Promise<void> {
  const sessions = createSessions(edges, paths, account);
  try {
    await sessions.of(server, caBundle);
  } finally {
    sessions.close();
  }
}
