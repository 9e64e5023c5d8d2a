import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { Disk, DiskReader } from '../system/disk.ts';
import { isSigningKey } from '../x509/keys.ts';
import { encodeJson } from './decode.ts';
import { accountPath, type StorePaths } from './paths.ts';

const AccountSchema = v.strictObject({
  version: v.literal(1),
  server: v.string(),
  url: v.pipe(v.string(), v.url()),
  email: v.optional(v.string()),
  /** When the operator agreed to the CA's terms, if it has any. Milliseconds since 1970. */
  termsAgreedAt: v.optional(v.number()),
});

/** accounts/CA/account.json */
export type Account = v.InferOutput<typeof AccountSchema>;

const KEY = 'key.pem';
const RECORD = 'account.json';

/**
 * Undefined when there is none, or it is torn: the account is found again by its key.
 *
 * @throws EvercertError bad-settings: it is the account at another CA
 */
export function readAccount(disk: DiskReader, paths: StorePaths, directoryUrl: string): Account | undefined {
  const path = `${accountPath(paths, directoryUrl)}/${RECORD}`;
  const text = disk.readText(path);
  const account = text === undefined ? undefined : decodeAccount(text);
  if (account === undefined || account.server === directoryUrl) return account;
  throw new EvercertError(
    'bad-settings',
    `${path} is the account at ${account.server}, not at ${directoryUrl}`,
    'Two CAs of nearly the same URL share this folder: use one of them, or another --config-dir.',
  );
}

/** All accounts of a store, in the order of their folders; those without a whole record are left out. */
export function listAccounts(disk: DiskReader, paths: StorePaths): Account[] {
  return (disk.list(paths.accounts) ?? []).sort().flatMap((folder) => {
    const text = disk.readText(`${paths.accounts}/${folder}/${RECORD}`);
    return (text === undefined ? undefined : decodeAccount(text)) ?? [];
  });
}

/**
 * The private key of an account, PEM; undefined when there is none.
 *
 * @throws EvercertError account-damaged
 */
export function readAccountKey(
  disk: DiskReader,
  paths: StorePaths,
  directoryUrl: string,
): string | undefined {
  const pem = disk.readText(`${accountPath(paths, directoryUrl)}/${KEY}`);
  if (pem !== undefined && !isSigningKey(pem)) throw keyDamaged(directoryUrl);
  return pem;
}

function keyDamaged(server: string): EvercertError {
  return new EvercertError(
    'account-damaged',
    `key.pem of the account at ${new URL(server).host} is no private key that can sign`,
    'Restore it from a backup; or move its folder in accounts/ away and run evercert register, which makes a new account.',
  );
}

/** Comes before the account is asked for: whatever happens then, the account can be found again by its key. */
export function writeAccountKey(
  disk: Disk,
  paths: StorePaths,
  directoryUrl: string,
  pem: string,
): Promise<void> {
  const directory = accountPath(paths, directoryUrl);
  disk.makeDirectory(directory, 0o700);
  return disk.replaceFile(`${directory}/${KEY}`, pem, 0o600);
}

export function writeAccount(disk: Disk, paths: StorePaths, account: Account): Promise<void> {
  return disk.replaceFile(`${accountPath(paths, account.server)}/${RECORD}`, encodeJson(account), 0o600);
}

function decodeAccount(text: string): Account | undefined {
  try {
    return v.parse(AccountSchema, JSON.parse(text));
  } catch {
    return undefined;
  }
}
