import { EvercertError } from '../../errors.ts';
import type { OwnedText, ReadOwned } from '../../system/owned-file.ts';
import { parseCredentials } from './credential-file.ts';
import type { Credential, ProviderDefinition } from './provider.ts';

export interface CredentialSources {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly readOwned: ReadOwned;
  /** Ours. */
  readonly uid: number;
}

export type Credentials = Readonly<Record<string, string>>;

/**
 * What a provider must be told, from the first of these that is there: the file of the settings, the systemd credential
 * evercert-dns-NAME, environment variables. Sources are not mixed; but a file of JSON has no place for anything else, which
 * variables may hold then.
 *
 * @param path the file of the settings
 * @throws EvercertError credentials-missing, credentials-exposed, bad-settings
 */
export function readCredentials(
  definition: ProviderDefinition,
  path: string | undefined,
  sources: CredentialSources,
): Credentials {
  const given = fromSettings(definition, path, sources) ?? fromSystemd(definition, sources);
  const found =
    given === undefined || isWholeFile(definition, given)
      ? { ...fromEnvironment(definition, sources), ...given }
      : withFiles(definition, given, sources);
  const { credentials } = definition;
  const missing =
    credentials === 'any'
      ? []
      : credentials.filter(({ name, optional }) => !optional && !Object.hasOwn(found, name));
  if (missing.length > 0) throw missingCredentials(definition, missing);
  return found;
}

/** @param needed what is missing; of `definition` */
export function missingCredentials(
  { name }: Pick<ProviderDefinition, 'name'>,
  needed: readonly Credential[],
): EvercertError {
  const variables = needed.map((each) => each.variables.join(' or ')).filter((text) => text !== '');
  return new EvercertError(
    'credentials-missing',
    `the DNS provider ${name} needs ${needed.map((each) => `${each.name} (${each.help})`).join(', ')}`,
    [
      `Write ${needed.map((each) => `"${each.name} = …"`).join(', ')} into a file that only its owner can read (chmod 600), and name it by --dns-credentials FILE`,
      `or give that file as the systemd credential ${systemdName(name)}`,
      ...(variables.length > 0
        ? [`or set ${variables.join(' and ')} (or the same with _FILE: the path of a file)`]
        : []),
    ].join('; '),
  );
}

function isWholeFile({ credentials }: ProviderDefinition, given: Credentials): boolean {
  return (
    credentials !== 'any' &&
    credentials.some(({ name, wholeFile }) => wholeFile === true && given[name]?.trimStart().startsWith('{'))
  );
}

/** A line that stands for a whole file says its path. */
function withFiles(
  { credentials }: ProviderDefinition,
  given: Credentials,
  sources: CredentialSources,
): Credentials {
  if (credentials === 'any') return given;
  const whole = new Set(credentials.flatMap(({ name, wholeFile }) => (wholeFile === true ? [name] : [])));
  return Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      whole.has(name) && value.startsWith('/') ? fileOf(name, value, sources) : value,
    ]),
  );
}

function fromSettings(definition: ProviderDefinition, path: string | undefined, sources: CredentialSources) {
  if (path === undefined) return undefined;
  const text = readPrivate(path, sources);
  if (text === undefined)
    throw new EvercertError(
      'credentials-missing',
      `there is no file ${path}, which is to hold the credentials of ${definition.name}`,
      'Write it (docs/dns.md says what it holds), or name another by --dns-credentials FILE.',
    );
  return parseCredentials(definition, text, path);
}

/** systemd.exec(5): only the service can look into the directory. An ACL shows there as rights of the group. */
function fromSystemd(definition: ProviderDefinition, { environment, readOwned }: CredentialSources) {
  const { CREDENTIALS_DIRECTORY: directory } = environment;
  if (!directory?.startsWith('/')) return undefined;
  const path = `${directory}/${systemdName(definition.name)}`;
  const file = readable(path, readOwned);
  return file === undefined ? undefined : parseCredentials(definition, file.text, path);
}

function systemdName(provider: string): string {
  return `evercert-dns-${provider.replace(':', '-')}`;
}

function fromEnvironment({ credentials }: ProviderDefinition, sources: CredentialSources): Credentials {
  if (credentials === 'any') return {};
  return Object.fromEntries(
    credentials.flatMap((credential) => {
      const value = fromVariables(credential, sources);
      return value === undefined ? [] : [[credential.name, value]];
    }),
  );
}

function fromVariables({ variables, wholeFile }: Credential, sources: CredentialSources): string | undefined {
  for (const variable of variables) {
    const value = sources.environment[variable];
    if (value && wholeFile === true && value.startsWith('/')) return fileOf(variable, value, sources);
    if (value && wholeFile === true) return value;
    if (value) return oneLine(variable, value);
    const path = sources.environment[`${variable}_FILE`];
    if (path) {
      const text = fileOf(`${variable}_FILE`, path, sources);
      return wholeFile === true ? text : oneLine(`${variable}_FILE`, text);
    }
  }
  return undefined;
}

function fileOf(variable: string, path: string, sources: CredentialSources): string {
  const text = readPrivate(path, sources);
  if (text !== undefined) return text;
  throw new EvercertError(
    'credentials-missing',
    `there is no file ${path}, which ${variable} names`,
    'Correct the variable, or write the file.',
  );
}

function oneLine(variable: string, text: string): string {
  const value = text.trim();
  if (value !== '' && !/\p{Cc}/u.test(value)) return value;
  throw new EvercertError(
    'bad-settings',
    `${variable} must be one line of text`,
    'Correct the variable or the file that it names: it holds the bare value.',
  );
}

const RIGHTS_OF_OTHERS = 0o077;

/** @throws EvercertError credentials-exposed, credentials-missing: it cannot be read */
function readPrivate(path: string, { readOwned, uid }: CredentialSources): string | undefined {
  const file = readable(path, readOwned);
  if (file === undefined) return undefined;
  if (file.uid !== uid && file.uid !== 0)
    throw exposed(path, `belongs to user ${file.uid}`, `chown ${uid} ${path}`);
  if ((file.mode & RIGHTS_OF_OTHERS) !== 0)
    throw exposed(path, 'is open to other users than its owner', `chmod 600 ${path}`);
  return file.text;
}

function readable(path: string, readOwned: ReadOwned): OwnedText | undefined {
  try {
    return readOwned(path);
  } catch (error) {
    if (!(error instanceof EvercertError) || error.code !== 'store-access') throw error;
    throw new EvercertError('credentials-missing', error.message, error.hint, error);
  }
}

function exposed(path: string, what: string, remedy: string): EvercertError {
  return new EvercertError(
    'credentials-exposed',
    `the credentials in ${path} are not safe: the file ${what}`,
    `Take the rights away: ${remedy}; and if others could have read them, make new ones.`,
  );
}
