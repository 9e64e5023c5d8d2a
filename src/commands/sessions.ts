import { type Connection, connect } from '../acme/connection.ts';
import type { ExternalAccount } from '../acme/signed-client.ts';
import { readAccount, readAccountKey } from '../lineage/accounts.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { readBundle } from './check-local.ts';
import type { Edges } from './edges.ts';
import { enrol, recoverAccount } from './enrol.ts';

/** What an account is made with, should one be needed. */
export interface AccountOptions {
  readonly email: string | undefined;
  /** The operator wants no e-mail address in the account. */
  readonly withoutEmail: boolean;
  readonly termsAgreed: boolean;
  readonly externalAccount: ExternalAccount | undefined;
}

/** One conversation for each CA, shared by all lineages of a run. */
export interface Sessions {
  /**
   * @param like the CA whose account says what the operator agreed to and with which address: for a dry run, which
   * makes an account at its staging service
   */
  of(server: string, caBundle: string | undefined, like?: string): Promise<Connection>;
  close(): void;
}

export type SessionEdges = Pick<Edges, 'disk' | 'clock' | 'signal' | 'http' | 'ask' | 'userAgent' | 'emit'>;

export function createSessions(edges: SessionEdges, paths: StorePaths, options: AccountOptions): Sessions {
  const open = new Map<string, Promise<Connection>>();
  const closers: (() => void)[] = [];
  const start = async (server: string, caBundle: string | undefined, like: string) => {
    const { send, close } = await edges.http('acme', readBundle(edges, caBundle));
    closers.push(close);
    const { externalAccount } = options;
    const recover = (connection: Connection) =>
      recoverAccount(edges, paths, server, optionsLike(edges, paths, server, options), connection);
    const connectWith = (accountKey: string, accountUrl?: string) =>
      connect({ directoryUrl: server, accountKey, accountUrl, externalAccount }, { ...edges, send }, recover);
    const key = readAccountKey(edges.disk, paths, server);
    const account = readAccount(edges.disk, paths, server);
    if (account !== undefined && key !== undefined) return connectWith(key, account.url);
    return enrol(edges, paths, server, optionsLike(edges, paths, like, options), key, connectWith);
  };
  return {
    of: (server, caBundle, like = server) => {
      const id = `${server}\n${caBundle ?? ''}`;
      const session = open.get(id) ?? start(server, caBundle, like);
      open.set(id, session);
      return session;
    },
    close: () => {
      for (const close of closers) close();
    },
  };
}

/** What the operator said for another account counts for this one too. */
function optionsLike(
  { disk }: SessionEdges,
  paths: StorePaths,
  like: string,
  options: AccountOptions,
): AccountOptions {
  const known = readAccount(disk, paths, like);
  if (known === undefined) return options;
  const termsAgreed = options.termsAgreed || known.termsAgreedAt !== undefined;
  return { ...options, email: known.email, withoutEmail: true, termsAgreed };
}
