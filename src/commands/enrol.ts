import { findAccount, registerAccount } from '../acme/account.ts';
import type { Connection } from '../acme/connection.ts';
import { EvercertError } from '../errors.ts';
import { type Account, writeAccount, writeAccountKey } from '../lineage/accounts.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { generateKey } from '../x509/keys.ts';
import type { AccountOptions, SessionEdges } from './sessions.ts';

/**
 * An account at a CA where we know of none: found again by its key, or made. A new key is on the disk before the CA
 * hears of it, so that an account is never lost.
 *
 * @param knownKey of an account whose record was lost, or whose making was interrupted
 */
export async function enrol(
  edges: SessionEdges,
  paths: StorePaths,
  server: string,
  options: AccountOptions,
  knownKey: string | undefined,
  connectWith: (accountKey: string) => Connection,
): Promise<Connection> {
  const key = knownKey ?? (await generateKey({ type: 'ecdsa', curve: 'P-256' }));
  const connection = connectWith(key);
  const found = knownKey === undefined ? undefined : await findAccount(connection);
  if (found !== undefined) {
    await writeAccount(edges.disk, paths, { version: 1, server, url: found });
    return connection;
  }
  const registration = await agreement(edges, options, connection);
  if (knownKey === undefined) await writeAccountKey(edges.disk, paths, server, key);
  const url = await registerAccount(connection, registration);
  const { email, termsAgreed } = registration;
  const record: Account = { version: 1, server, url, ...(email === undefined ? {} : { email }) };
  const agreed = termsAgreed ? { termsAgreedAt: edges.clock.now() } : {};
  await writeAccount(edges.disk, paths, { ...record, ...agreed });
  return connection;
}

/** @throws EvercertError email-missing, terms-not-agreed: before anything is written */
async function agreement(edges: SessionEdges, options: AccountOptions, connection: Connection) {
  const { meta } = await connection.directory();
  const email = await emailFor(edges, options);
  const terms = meta?.termsOfService;
  if (terms === undefined) return { email, termsAgreed: options.termsAgreed };
  const termsAgreed = options.termsAgreed || (await agrees(edges, connection.host, terms));
  if (termsAgreed) return { email, termsAgreed };
  throw new EvercertError(
    'terms-not-agreed',
    `${connection.host} wants you to agree to its terms of service: ${terms}`,
    'Read them, then run certonly again with --agree-tos.',
  );
}

async function emailFor({ ask }: SessionEdges, options: AccountOptions): Promise<string | undefined> {
  if (options.withoutEmail || options.email !== undefined) return options.email;
  if (ask !== undefined) return askForEmail(ask);
  throw new EvercertError(
    'email-missing',
    'no account at this CA yet, and no e-mail address for one',
    'Give one with --email ADDRESS, or do without: --register-unsafely-without-email.',
  );
}

async function askForEmail(ask: (question: string) => Promise<string>): Promise<string | undefined> {
  for (;;) {
    const answer = (await ask('E-mail address for the account at the CA (leave empty for none): ')).trim();
    if (answer === '') return undefined;
    if (/^[^\s@,]+@[^\s@,]+$/.test(answer)) return answer;
  }
}

async function agrees({ ask }: SessionEdges, host: string, url: string): Promise<boolean> {
  const answer = await ask?.(`Do you agree to the terms of service of ${host} (${url})? yes/no: `);
  return /^y(es)?$/i.test(answer?.trim() ?? '');
}
