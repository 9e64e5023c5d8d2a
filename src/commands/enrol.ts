import { findAccount, type Registration, registerAccount } from '../acme/account.ts';
import type { Connection } from '../acme/connection.ts';
import { EvercertError } from '../errors.ts';
import { readAccount, writeAccount, writeAccountKey } from '../lineage/accounts.ts';
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
  if (knownKey !== undefined && (await findAgain(edges, paths, server, connection))) return connection;
  const registration = await agreement(edges, options, connection);
  if (knownKey === undefined) await writeAccountKey(edges.disk, paths, server, key);
  await register(edges, paths, server, registration, connection);
  return connection;
}

/**
 * An account that its CA does not know any more, or not by this URL: found again by its key, or made again with the
 * same key, and with what the operator said when it was made.
 *
 * @throws EvercertError account-deactivated, terms-not-agreed, eab-missing, acme-problem
 */
export async function recoverAccount(
  edges: SessionEdges,
  paths: StorePaths,
  server: string,
  options: AccountOptions,
  connection: Connection,
): Promise<void> {
  if (await findAgain(edges, paths, server, connection)) return;
  await register(edges, paths, server, await agreement(edges, options, connection), connection);
  edges.emit({ type: 'warning', code: 'account-remade', detail: connection.host });
}

/** Whether the CA has an account of the connection's key; its URL is then on record. */
async function findAgain(
  { disk }: SessionEdges,
  paths: StorePaths,
  server: string,
  connection: Connection,
): Promise<boolean> {
  const url = await findAccount(connection);
  if (url === undefined) return false;
  const known = readAccount(disk, paths, server);
  if (known?.url !== url) await writeAccount(disk, paths, { version: 1, server, ...known, url });
  return true;
}

async function register(
  { disk, clock }: SessionEdges,
  paths: StorePaths,
  server: string,
  registration: Registration,
  connection: Connection,
): Promise<void> {
  const { email, termsAgreed } = registration;
  const known = readAccount(disk, paths, server);
  const url = await registerAccount(connection, registration);
  await writeAccount(disk, paths, {
    version: 1,
    server,
    url,
    ...(email === undefined ? {} : { email }),
    ...(termsAgreed ? { termsAgreedAt: known?.termsAgreedAt ?? clock.now() } : {}),
  });
}

/** @throws EvercertError eab-missing, email-missing, terms-not-agreed: before anything is written */
async function agreement(
  edges: SessionEdges,
  options: AccountOptions,
  connection: Connection,
): Promise<Registration> {
  const { meta } = await connection.directory();
  if (meta?.externalAccountRequired === true && options.externalAccount === undefined)
    throw bindingMissing(connection.host);
  const email = await emailFor(edges, options);
  const terms = meta?.termsOfService;
  if (terms === undefined) return { email, termsAgreed: options.termsAgreed };
  const termsAgreed = options.termsAgreed || (await agrees(edges, connection.host, terms));
  if (termsAgreed) return { email, termsAgreed };
  throw new EvercertError(
    'terms-not-agreed',
    `${connection.host} wants you to agree to its terms of service: ${terms}`,
    'Read them, then run the same again with --agree-tos.',
  );
}

function bindingMissing(host: string): EvercertError {
  return new EvercertError(
    'eab-missing',
    `${host} makes accounts only for those who have one with it already (external account binding)`,
    'Get a key there, and give --eab-kid and --eab-hmac-key (or $EVERCERT_EAB_HMAC_KEY) once: to evercert register or certonly.',
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
