import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { Disk, DiskReader } from '../system/disk.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import { decodeJson, describeIssue, encodeJson } from './decode.ts';
import { type StorePaths, settingsPath } from './paths.ts';

const Text = v.pipe(v.string(), v.minLength(1), v.maxLength(4096));
const Port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65535));

/** By far most names are in their one form already: parsing each at every scan would be felt. A-labels are parsed. */
const PLAIN_NAME =
  /^(?=.{1,253}$)(?!.*xn--)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z](?:[a-z0-9-]{0,61}[a-z0-9])?$/;

/** As an operator may write it; read in its one form (parseIdentifier). */
const Name = v.pipe(
  Text,
  v.rawTransform(({ dataset, addIssue, NEVER }) => {
    if (PLAIN_NAME.test(dataset.value)) return dataset.value;
    try {
      return parseIdentifier(dataset.value).value;
    } catch (error) {
      addIssue({ message: error instanceof Error ? error.message : 'is no name' });
      return NEVER;
    }
  }),
);

const Directory = v.pipe(Text, v.startsWith('/', 'must be an absolute path'));
const Proof = v.picklist(['http-01', 'dns-01']);

/** How a name is proven. */
export const ChallengeSettingsSchema = v.variant('type', [
  v.strictObject({
    type: v.literal('webroot'),
    /** For each name the directory that its web server serves. */
    roots: v.record(v.string(), Directory),
  }),
  v.strictObject({ type: v.literal('standalone'), port: Port, address: v.optional(v.string()) }),
  /** A web server answers by itself with the token and the account's thumbprint. */
  v.strictObject({ type: v.literal('static') }),
  v.strictObject({ type: v.literal('tls-alpn'), port: Port, address: v.optional(v.string()) }),
  v.strictObject({
    type: v.literal('dns'),
    /** cloudflare, rfc2136 …, acmesh:dns_xx, or NAME of a package evercert-dns-NAME. */
    provider: v.pipe(
      v.string(),
      v.regex(/^[a-z0-9][a-z0-9-]{0,60}(?::[a-z0-9_]{1,60})?$/, 'is no DNS provider'),
    ),
    /** The file of its credentials. */
    credentials: v.optional(Directory),
    /** dns-account-01 instead of dns-01: a record of the account's own. */
    accountLabel: v.optional(v.boolean()),
    /** Seconds to wait until all name servers show the record; 0: do not ask them. */
    propagationTimeout: v.optional(v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(86_400))),
    /** ADDRESS or ADDRESS:PORT of resolvers, instead of this machine's. */
    resolvers: v.optional(v.pipe(v.array(Text), v.minLength(1), v.maxLength(10))),
  }),
  /** A record that stands for ever. */
  v.strictObject({ type: v.literal('dns-persist') }),
  /** certbot's --manual-auth-hook and --manual-cleanup-hook. */
  v.strictObject({ type: v.literal('hooks'), proof: Proof, auth: Text, cleanup: v.optional(Text) }),
  /** dehydrated's hook script. */
  v.strictObject({
    type: v.literal('dehydrated'),
    proof: Proof,
    hook: Directory,
    chain: v.optional(v.boolean()),
  }),
]);

const Key = v.variant('type', [
  v.strictObject({ type: v.literal('ecdsa'), curve: v.picklist(['P-256', 'P-384', 'P-521']) }),
  v.strictObject({ type: v.literal('rsa'), bits: v.picklist([2048, 3072, 4096]) }),
]);

const DirectoryUrl = v.pipe(Text, v.url(), v.regex(/^https?:/, 'must be an http(s) URL'));
const Profile = v.pipe(
  v.string(),
  v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$/, 'must be the name of a profile'),
);

/** renewal/NAME.json: what the operator wants. docs/settings.schema.json is made of this. */
export const SettingsSchema = v.strictObject({
  version: v.literal(1),
  /** As in the certificate (A-labels, IP addresses); the first one named the lineage. */
  names: v.pipe(
    v.array(Name),
    v.minLength(1),
    v.maxLength(100),
    v.transform((names) => [...new Set(names)]),
  ),
  /** Directory URL of the CA. */
  server: DirectoryUrl,
  /** CAs to ask in turn when that one is down or limits us. */
  fallbackServers: v.optional(v.pipe(v.array(DirectoryUrl), v.maxLength(10))),
  /** A profile of the CA's (draft-ietf-acme-profiles): if it offers it; or without it nothing is ordered. */
  preferredProfile: v.optional(Profile),
  requiredProfile: v.optional(Profile),
  /** How long before its end a certificate is renewed: '30d', '72h' or '33%' of its life. */
  renewBefore: v.optional(
    v.pipe(v.string(), v.regex(/^[1-9]\d{0,3}(?:d|h|%)$/, 'must be such as 30d, 72h or 33%')),
  ),
  /** Names that cannot be validated are left out, and asked for again later. */
  allowSubsetOfNames: v.optional(v.boolean()),
  challenge: ChallengeSettingsSchema,
  /** How those names are proven of which `challenge` does not say it. */
  challengeByName: v.optional(v.record(Name, ChallengeSettingsSchema)),
  key: Key,
  reuseKey: v.optional(v.boolean()),
  /** Octal mode of the files that hold the key. */
  keyMode: v.optional(
    v.pipe(
      v.string(),
      v.regex(/^0[0-7]{2}0$/, 'must be an octal mode such as 0640, which gives others nothing'),
    ),
  ),
  keyGroup: v.optional(
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, 'must be the name of a group')),
  ),
  preferredChain: v.optional(Text),
  /** A file of PEM roots that are trusted for this CA's own TLS, beside the system's. */
  caBundle: v.optional(v.pipe(Text, v.startsWith('/'))),
  hooks: v.optional(
    v.strictObject({
      pre: v.optional(Text),
      deploy: v.optional(Text),
      reload: v.optional(Text),
      post: v.optional(Text),
      /** Path of dehydrated's hook script: told of new certificates. */
      dehydrated: v.optional(v.pipe(v.string(), v.startsWith('/'), v.maxLength(4000))),
    }),
  ),
  /** Where the certificate must be served after it was deployed; deploy/verify.ts reads each. */
  verify: v.optional(v.pipe(v.array(Text), v.maxLength(50))),
  keepVersions: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(1000))),
});

export type Settings = v.InferOutput<typeof SettingsSchema>;
export type ChallengeSettings = Settings['challenge'];

/** @throws EvercertError bad-settings */
export function decodeSettings(text: string, path: string): Settings {
  return decodeJson(SettingsSchema, text, path);
}

/** Undefined when there are none. @throws EvercertError bad-settings */
export function readSettings(disk: DiskReader, paths: StorePaths, name: string): Settings | undefined {
  const path = settingsPath(paths, name);
  const text = disk.readText(path);
  return text === undefined ? undefined : decodeSettings(text, path);
}

/**
 * The settings as they will be read again: what could not be read back must not be written.
 *
 * @throws EvercertError usage
 */
export function checkSettings(settings: Settings): Settings {
  const result = v.safeParse(SettingsSchema, settings, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  throw new EvercertError(
    'usage',
    describeIssue(issue).slice(0, 200),
    'A value on the command line is not one that can be kept: see evercert certonly --help.',
  );
}

/** The hooks with those of a command line: an empty one is taken away. */
export function withHooks({ hooks, ...rest }: Settings, given: Settings['hooks']): Settings {
  const left = Object.entries({ ...hooks, ...given }).filter(([, command]) => command !== '');
  return left.length === 0 ? rest : { ...rest, hooks: Object.fromEntries(left) };
}

/** Writes them only if they say something new. @returns whether they did */
export async function saveSettings(
  disk: Disk,
  paths: StorePaths,
  name: string,
  settings: Settings,
): Promise<boolean> {
  const path = settingsPath(paths, name);
  const text = encodeJson(settings);
  if (disk.readText(path) === text) return false;
  await disk.replaceFile(path, text, 0o600);
  return true;
}
