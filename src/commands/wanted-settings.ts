import { DEFAULT_SERVER, serverUrl } from '../acme/servers.ts';
import { formatVerifyTarget, parseVerifyTarget } from '../deploy/verify.ts';
import { EvercertError } from '../errors.ts';
import { type ChallengeSettings, type Settings, withHooks } from '../lineage/settings.ts';
import { parseIdentifier } from '../x509/identifier.ts';

/** What flags say of a lineage. What they leave out stays as it was, or is the default; what is empty is taken away. */
export interface LineageOptions {
  readonly webroots: readonly WebrootOption[];
  readonly standalone: boolean;
  readonly httpPort: number | undefined;
  readonly httpAddress: string | undefined;
  readonly server: string | undefined;
  readonly keyType: 'ecdsa' | 'rsa' | undefined;
  readonly curve: 'P-256' | 'P-384' | 'P-521' | undefined;
  readonly rsaBits: 2048 | 3072 | 4096 | undefined;
  readonly reuseKey: boolean | undefined;
  readonly keyMode: string | undefined;
  readonly keyGroup: string | undefined;
  readonly preferredChain: string | undefined;
  readonly caBundle: string | undefined;
  readonly keepVersions: number | undefined;
  /** URLs, or short names of CAs. */
  readonly fallbackServers: readonly string[] | undefined;
  readonly preferredProfile: string | undefined;
  readonly requiredProfile: string | undefined;
  readonly renewBefore: string | undefined;
  readonly allowSubsetOfNames: boolean | undefined;
  readonly verify: readonly string[] | undefined;
  readonly hooks: Settings['hooks'];
}

/** A directory and the names that it serves; without names it serves all that have none. */
export interface WebrootOption {
  readonly root: string;
  readonly names: readonly string[];
}

const HTTP_PORT = 80;

/** @param names in their one form (parseIdentifier) */
export function wantedSettings(
  names: readonly string[],
  options: LineageOptions,
  old: Settings | undefined,
): Settings {
  const given = {
    reuseKey: options.reuseKey,
    keyMode: options.keyMode,
    keyGroup: options.keyGroup,
    preferredChain: options.preferredChain,
    caBundle: options.caBundle,
    keepVersions: options.keepVersions,
    fallbackServers: options.fallbackServers?.map(serverUrl),
    preferredProfile: options.preferredProfile,
    requiredProfile: options.requiredProfile,
    renewBefore: options.renewBefore,
    allowSubsetOfNames: options.allowSubsetOfNames,
    verify: options.verify?.map((target) => formatVerifyTarget(parseVerifyTarget(target))),
  };
  const wanted: Settings = {
    ...withoutOtherProfile(old, options),
    version: 1,
    names: [...names],
    server:
      options.server === undefined ? (old?.server ?? serverUrl(DEFAULT_SERVER)) : serverUrl(options.server),
    challenge: wantedChallenge(names, options, old?.challenge),
    key: wantedKey(options, old?.key),
    ...definedOnly(given),
  };
  return withHooks(withoutEmpty(wanted), options.hooks);
}

function withoutEmpty(settings: Settings): Settings {
  const isEmpty = (value: unknown) => value === '' || (Array.isArray(value) && value.length === 0);
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => !isEmpty(value))) as Settings;
}

/** One profile takes the place of another, preferred or required. */
function withoutOtherProfile(
  old: Settings | undefined,
  { preferredProfile, requiredProfile }: LineageOptions,
): Partial<Settings> {
  if (old === undefined || !(preferredProfile || requiredProfile)) return { ...old };
  const { preferredProfile: _, requiredProfile: __, ...rest } = old;
  return rest;
}

type Defined<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

function definedOnly<T extends object>(values: T): Defined<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Defined<T>;
}

function wantedKey(
  { keyType, curve, rsaBits }: LineageOptions,
  old: Settings['key'] | undefined,
): Settings['key'] {
  const type = keyType ?? old?.type ?? 'ecdsa';
  if (type === 'rsa') return { type, bits: rsaBits ?? (old?.type === 'rsa' ? old.bits : 2048) };
  return { type, curve: curve ?? (old?.type === 'ecdsa' ? old.curve : 'P-256') };
}

function wantedChallenge(
  names: readonly string[],
  options: LineageOptions,
  old: ChallengeSettings | undefined,
): ChallengeSettings {
  refuseWildcards(names);
  if (options.webroots.length > 0) return { type: 'webroot', roots: webrootMap(names, options.webroots) };
  const { httpPort, httpAddress } = options;
  if (options.standalone || (old?.type === 'standalone' && (httpPort ?? httpAddress) !== undefined)) {
    const previous = old?.type === 'standalone' ? old : undefined;
    const address = httpAddress ?? previous?.address;
    return {
      type: 'standalone',
      port: httpPort ?? previous?.port ?? HTTP_PORT,
      ...(address === undefined ? {} : { address }),
    };
  }
  if (old === undefined) throw noChallenge();
  return old.type === 'webroot' ? { type: 'webroot', roots: webrootMap(names, oldWebroots(old.roots)) } : old;
}

/** Names that come to a lineage of one webroot are served there too. */
function oldWebroots(roots: Readonly<Record<string, string>>): WebrootOption[] {
  const distinct = new Set(Object.values(roots));
  const [only] = distinct;
  const mapped = Object.entries(roots).map(([name, root]) => ({ root, names: [name] }));
  return distinct.size === 1 && only !== undefined ? [...mapped, { root: only, names: [] }] : mapped;
}

function webrootMap(names: readonly string[], webroots: readonly WebrootOption[]): Record<string, string> {
  const fallback = webroots.find((webroot) => webroot.names.length === 0)?.root;
  const rootOf = (name: string) =>
    webroots.find((webroot) => webroot.names.some((given) => parseIdentifier(given).value === name))?.root ??
    fallback;
  return Object.fromEntries(names.map((name) => [name, rootOf(name) ?? noWebroot(name)]));
}

function refuseWildcards(names: readonly string[]): void {
  const wildcard = names.find((name) => name.startsWith('*.'));
  if (wildcard === undefined) return;
  throw new EvercertError(
    'usage',
    `${wildcard} cannot be proven over HTTP: wildcard names need dns-01, which this version does not have yet`,
    'Name each host instead: -d www.example.com,mail.example.com.',
  );
}

function noWebroot(name: string): never {
  throw new EvercertError(
    'usage',
    `no webroot is given for ${name}`,
    'Each -w applies to the -d after it: -w /var/www/a -d a.example -w /var/www/b -d b.example.',
  );
}

function noChallenge(): EvercertError {
  return new EvercertError(
    'usage',
    'nothing says how to prove the names',
    'Give --webroot -w DIRECTORY if a web server runs, or --standalone if port 80 is free.',
  );
}
