import { EvercertError } from '../../errors.ts';
import type { ProviderDefinition } from './provider.ts';

const ASSIGNMENT = /^(?:export\s+)?([A-Za-z_][\w.:-]*)\s*=\s*(.*)$/;
const QUOTED = /^(?:'([^']*)'|"((?:[^"\\]|\\.)*)")\s*(?:#.*)?$/;
const SAVED = 'SAVED_';

/**
 * Reads a file of credentials: `key = value` as certbot's plugins have it, `VARIABLE=value` as lego and acme.sh have it, or
 * JSON as a whole.
 *
 * @returns by the names of the definition
 * @throws EvercertError bad-settings. No text of the file is told: a stray line may be a secret.
 */
export function parseCredentials(
  { name, credentials }: ProviderDefinition,
  text: string,
  path: string,
): Record<string, string> {
  if (text.trimStart().startsWith('{')) return wholeFile(name, credentials, text, path);
  const found = new Map<string, string>();
  // acme.sh keeps what all its providers were told in one file.
  const isShared = new RegExp(`^${SAVED}`, 'm').test(text);
  for (const [index, line] of text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .entries()) {
    if (/^\s*(?:[#;[].*)?$/.test(line)) continue;
    const where = `${path}, line ${index + 1}`;
    const [key, value] = assignment(line.trim(), where);
    const credential = nameOf(withoutSaved(key), name, credentials);
    if (credential === undefined && isShared) continue;
    if (credential === undefined) throw unknownKey(where, name, credentials);
    const before = found.get(credential);
    if (before !== undefined && before !== value)
      throw bad(where, `says ${credential} once more, and another one`);
    found.set(credential, value);
  }
  return Object.fromEntries(found);
}

function wholeFile(
  provider: string,
  credentials: ProviderDefinition['credentials'],
  text: string,
  path: string,
): Record<string, string> {
  const whole = credentials === 'any' ? undefined : credentials.find((credential) => credential.wholeFile);
  if (whole === undefined)
    throw bad(path, `is JSON, which ${provider} has no use for: write key = value lines`);
  return { [whole.name]: text };
}

function assignment(line: string, where: string): [string, string] {
  const [, key, rest] = ASSIGNMENT.exec(line) ?? [];
  if (key === undefined || rest === undefined) throw bad(where, 'is no key = value');
  const value = unquoted(rest, where);
  if (/\p{Cc}/u.test(value)) throw bad(where, 'has a control character in its value');
  if (value === '') throw bad(where, 'has no value');
  return [key, value];
}

function unquoted(text: string, where: string): string {
  const [, single, double] = QUOTED.exec(text) ?? [];
  if (single !== undefined) return single;
  if (double !== undefined) return double.replace(/\\(["\\$`])/g, '$1');
  if (/^["']/.test(text)) throw bad(where, 'has a quote that is not closed');
  return text.replace(/\s+#.*$/, '').trimEnd();
}

function withoutSaved(key: string): string {
  return key.startsWith(SAVED) ? key.slice(SAVED.length) : key;
}

/** `-` and `_` are alike, and certbot's prefix dns_PROVIDER_ may be there. */
function nameOf(
  key: string,
  provider: string,
  credentials: ProviderDefinition['credentials'],
): string | undefined {
  if (credentials === 'any') return key;
  const ofVariable = credentials.find(({ variables }) => variables.includes(key));
  if (ofVariable !== undefined) return ofVariable.name;
  const plain = (text: string) => text.toLowerCase().replaceAll('-', '_');
  const prefixes = [`dns_${plain(provider)}_`, `dns_${provider.replaceAll('-', '')}_`];
  const prefix = prefixes.find((each) => plain(key).startsWith(each)) ?? '';
  const short = plain(key).slice(prefix.length);
  return credentials.find(({ name }) => name === short)?.name;
}

function unknownKey(
  where: string,
  provider: string,
  credentials: ProviderDefinition['credentials'],
): EvercertError {
  const known =
    credentials === 'any' ? [] : credentials.flatMap(({ name, variables }) => [name, ...variables]);
  return bad(where, `is nothing that ${provider} knows`, `It knows ${known.join(', ')}.`);
}

function bad(
  where: string,
  what: string,
  hint = 'Correct the file: key = value lines, as docs/dns.md says for each provider.',
): EvercertError {
  return new EvercertError('bad-settings', `${where} ${what}`, hint);
}
