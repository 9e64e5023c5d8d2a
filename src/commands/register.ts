import { checkAccount, updateEmail } from '../acme/account.ts';
import type { Connection } from '../acme/connection.ts';
import { DEFAULT_SERVER, serverUrl } from '../acme/servers.ts';
import { readAccount, writeAccount } from '../lineage/accounts.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { openStore } from './open-store.ts';
import { type AccountOptions, createSessions } from './sessions.ts';
import { tellAccount } from './show-account.ts';

export interface RegisterOptions extends StoreOptions {
  /** A CA's name or directory URL; undefined for the default CA. */
  readonly server: string | undefined;
  readonly caBundle: string | undefined;
  readonly account: AccountOptions;
}

/** Makes an account at a CA, or sees that the one that we have is there. @returns the exit status */
export async function register(options: RegisterOptions, edges: Edges): Promise<number> {
  const server = serverUrl(options.server ?? DEFAULT_SERVER);
  const paths = await openStore(options, edges);
  const sessions = createSessions(edges, paths, options.account);
  try {
    const connection = await sessions.of(server, options.caBundle);
    await checkAccount(connection);
    await changeEmail(edges, paths, server, options.account.email, connection);
  } finally {
    sessions.close();
  }
  tellAccount(edges, paths, readAccount(edges.disk, paths, server));
  return 0;
}

async function changeEmail(
  { disk }: Edges,
  paths: StorePaths,
  server: string,
  email: string | undefined,
  connection: Connection,
): Promise<void> {
  const known = readAccount(disk, paths, server);
  if (email === undefined || known === undefined || known.email === email) return;
  await updateEmail(connection, known.url, email);
  await writeAccount(disk, paths, { ...known, email });
}
