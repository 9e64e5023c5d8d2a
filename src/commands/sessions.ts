import { registerAccount } from '../acme/account.ts';
import { type Connection, connect } from '../acme/connection.ts';
import type { ExternalAccount } from '../acme/signed-client.ts';
import { EvercertError } from '../errors.ts';
import {
  type Account,
  readAccount,
  readAccountKey,
  writeAccount,
  writeAccountKey,
} from '../lineage/accounts.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { generateKey } from '../x509/keys.ts';
import type { Edges } from './edges.ts';

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

type SessionEdges = Pick<Edges, 'disk' | 'clock' | 'signal' | 'http' | 'ask' | 'userAgent'>;

export function createSessions(edges: SessionEdges, paths: StorePaths, options: AccountOptions): Sessions {
  const open = new Map<string, Promise<Connection>>();
  const closers: (() => void)[] = [];
  const start = async (server: string, caBundle: string | undefined, like: string) => {
    const { send, close } = await edges.http(readBundle(edges, caBundle));
    closers.push(close);
    const account = readAccount(edges.disk, paths, server);
    const connectWith = (accountKey: string) =>
      connect(
        {
          directoryUrl: server,
          accountKey,
          accountUrl: account?.url,
          externalAccount: options.externalAccount,
        },
        { ...edges, send },
      );
    const key = readAccountKey(edges.disk, paths, server);
    if (account !== undefined && key !== undefined) return connectWith(key);
    const known = readAccount(edges.disk, paths, like);
    return enrol(
      edges,
      paths,
      server,
      known === undefined ? options : sameAs(known, options),
      key,
      connectWith,
    );
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

function sameAs({ email, termsAgreedAt }: Account, options: AccountOptions): AccountOptions {
  const termsAgreed = options.termsAgreed || termsAgreedAt !== undefined;
  return { ...options, email, withoutEmail: true, termsAgreed };
}

function readBundle({ disk }: SessionEdges, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const pem = disk.readText(path);
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new EvercertError(
    'bad-settings',
    `${path} ${pem === undefined ? 'is missing' : 'holds no certificate'}`,
    'Give a file of PEM certificates: --ca-bundle FILE.',
  );
}

/** The key is on the disk before the CA hears of it, so that an account is never lost. */
async function enrol(
  edges: SessionEdges,
  paths: StorePaths,
  server: string,
  options: AccountOptions,
  knownKey: string | undefined,
  connectWith: (accountKey: string) => Connection,
): Promise<Connection> {
  const key = knownKey ?? (await generateKey({ type: 'ecdsa', curve: 'P-256' }));
  const connection = connectWith(key);
  const { meta } = await connection.directory();
  const email = await emailFor(edges, options);
  const termsAgreed =
    options.termsAgreed ||
    (meta?.termsOfService !== undefined && (await agrees(edges, connection.host, meta.termsOfService)));
  if (knownKey === undefined) await writeAccountKey(edges.disk, paths, server, key);
  const url = await registerAccount(connection, { email, termsAgreed });
  await writeAccount(
    edges.disk,
    paths,
    accountRecord(server, url, email, termsAgreed ? edges.clock.now() : undefined),
  );
  return connection;
}

function accountRecord(
  server: string,
  url: string,
  email: string | undefined,
  termsAgreedAt: number | undefined,
): Account {
  return {
    version: 1,
    server,
    url,
    ...(email === undefined ? {} : { email }),
    ...(termsAgreedAt === undefined ? {} : { termsAgreedAt }),
  };
}

async function emailFor({ ask }: SessionEdges, options: AccountOptions): Promise<string | undefined> {
  if (options.withoutEmail || options.email !== undefined) return options.email;
  const answer = (await ask?.('E-mail address for the account at the CA (leave empty for none): '))?.trim();
  if (answer !== undefined) return answer === '' ? undefined : answer;
  throw new EvercertError(
    'email-missing',
    'no account at this CA yet, and no e-mail address for one',
    'Give one with --email ADDRESS, or do without: --register-unsafely-without-email.',
  );
}

async function agrees({ ask }: SessionEdges, host: string, url: string): Promise<boolean> {
  const answer = await ask?.(`Do you agree to the terms of service of ${host} (${url})? yes/no: `);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}
