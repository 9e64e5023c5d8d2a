import { DEFAULT_SERVER, serverUrl } from '../acme/servers.ts';
import { formatVerifyTarget, parseVerifyTarget } from '../deploy/verify.ts';
import { type Settings, withHooks } from '../lineage/settings.ts';
import { type ProofOptions, wantedChallenges } from './wanted-challenge.ts';

/** What flags say of a lineage. What they leave out stays as it was, or is the default; what is empty is taken away. */
export interface LineageOptions extends ProofOptions {
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
    ...withoutOtherProfile(withoutWays(old), options),
    version: 1,
    names: [...names],
    server:
      options.server === undefined ? (old?.server ?? serverUrl(DEFAULT_SERVER)) : serverUrl(options.server),
    ...wantedChallenges(names, options, old),
    key: wantedKey(options, old?.key),
    ...definedOnly(given),
  };
  return withHooks(withoutEmpty(wanted), wantedHooks(options));
}

/** dehydrated's script hears of new certificates, whether or not it proves names. */
function wantedHooks({ hooks, dehydratedHook }: LineageOptions): Settings['hooks'] {
  return dehydratedHook === undefined ? hooks : { ...hooks, dehydrated: dehydratedHook };
}

/** Names that are gone leave no way behind. */
function withoutWays(old: Settings | undefined): Settings | undefined {
  if (old?.challengeByName === undefined) return old;
  const { challengeByName: _, ...rest } = old;
  return rest;
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
