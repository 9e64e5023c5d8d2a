import { EvercertError } from '../errors.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import type { ProofOptions, WebrootOption } from './wanted-challenge.ts';

type Of<T extends ChallengeSettings['type']> = Extract<ChallengeSettings, { type: T }>;

const HTTP_PORT = 80;
const TLS_PORT = 443;

const TYPES: ReadonlyMap<string, ChallengeSettings['type']> = new Map([
  ['webroot', 'webroot'],
  ['standalone', 'standalone'],
  ['tls-alpn', 'tls-alpn'],
  ['static', 'static'],
  ['dns', 'dns'],
  ['dns-account', 'dns'],
  ['dns-persist', 'dns-persist'],
  ['manual', 'hooks'],
  ['dehydrated', 'dehydrated'],
]);
const TAKES_DETAIL = new Set(['webroot', 'dns', 'dns-account']);

/** Whether this says HOW, and not NAME=HOW. */
export function isWay(text: string): boolean {
  const [kind = ''] = text.split(':');
  return TYPES.has(kind) || !text.includes('=');
}

/** Of HOW. */
export function typeOf(way: string): ChallengeSettings['type'] | undefined {
  return TYPES.get(way.split(':')[0] ?? '');
}

/** What `way` says (as before if nothing), with what the flags say of its kind. */
export function refined(
  names: readonly string[],
  way: string | undefined,
  options: ProofOptions,
  old: ChallengeSettings | undefined,
): ChallengeSettings {
  const [kind = '', ...rest] = (way ?? '').split(':');
  const detail = rest.join(':');
  const type = way === undefined ? old?.type : typeOf(way);
  if (type === undefined) throw unknownWay(way ?? '');
  if (detail !== '' && !TAKES_DETAIL.has(kind)) throw unknownWay(way ?? '');
  switch (type) {
    case 'webroot':
      return webroot(names, detail, way === undefined ? [] : options.webroots, old);
    case 'standalone':
      return { type, ...listening(old, type, HTTP_PORT, options.httpPort, options.httpAddress) };
    case 'tls-alpn':
      return { type, ...listening(old, type, TLS_PORT, options.tlsAlpnPort, options.tlsAlpnAddress) };
    case 'static':
    case 'dns-persist':
      return { type };
    case 'dns':
      return wantedDns(detail, way === undefined ? undefined : kind === 'dns-account', options, old);
    case 'hooks':
      return wantedHooks(names, options, old);
    case 'dehydrated':
      return wantedDehydrated(names, options, old);
  }
}

function sameType<T extends ChallengeSettings['type']>(
  old: ChallengeSettings | undefined,
  type: T,
): Of<T> | undefined {
  return old?.type === type ? (old as Of<T>) : undefined;
}

function webroot(
  names: readonly string[],
  root: string,
  given: readonly WebrootOption[],
  old: ChallengeSettings | undefined,
): Of<'webroot'> {
  const before = sameType(old, 'webroot');
  if (root !== '') return { type: 'webroot', roots: webrootMap(names, [{ root, names: [] }]) };
  if (given.length === 0 && before === undefined)
    throw badUsage('nothing says which directory the web server serves', 'Give it: -w DIR, or webroot:/DIR.');
  const webroots = given.length > 0 ? given : oldWebroots(before?.roots ?? {});
  return { type: 'webroot', roots: webrootMap(names, webroots) };
}

function listening(
  old: ChallengeSettings | undefined,
  type: 'standalone' | 'tls-alpn',
  usual: number,
  port: number | undefined,
  address: string | undefined,
): { port: number; address?: string } {
  const before = sameType(old, type);
  const at = address ?? before?.address;
  return { port: port ?? before?.port ?? usual, ...(at === undefined ? {} : { address: at }) };
}

/** @param detail PROVIDER[,credentials=FILE]; empty: the one before */
function wantedDns(
  detail: string,
  accountLabel: boolean | undefined,
  options: ProofOptions,
  old: ChallengeSettings | undefined,
): Of<'dns'> {
  const before = sameType(old, 'dns');
  const [given = '', ...extras] = detail.split(',');
  const provider = given === '' ? before?.provider : given;
  if (provider === undefined) throw badUsage('no DNS provider is named', 'Name it: --dns PROVIDER.');
  if (provider.startsWith('dns_'))
    throw badUsage(
      `there is no DNS provider ${provider}`,
      `A script of acme.sh is named as --dns acmesh:${provider}; docs/dns.md has our own providers.`,
    );
  const credentials =
    credentialsOf(extras) ??
    options.dnsCredentials ??
    (provider === before?.provider ? before.credentials : undefined);
  const resolvers = options.dnsResolvers ?? before?.resolvers ?? [];
  return definedOnly({
    type: 'dns' as const,
    provider,
    credentials: credentials === '' ? undefined : credentials,
    accountLabel: (accountLabel ?? before?.accountLabel) || undefined,
    propagationTimeout: options.dnsPropagationTimeout ?? before?.propagationTimeout,
    resolvers: resolvers.length === 0 ? undefined : [...resolvers],
  });
}

function credentialsOf(extras: readonly string[]): string | undefined {
  const [extra, ...others] = extras;
  if (extra === undefined) return undefined;
  if (others.length === 0 && extra.startsWith('credentials=')) return extra.slice('credentials='.length);
  throw badUsage(
    `${JSON.stringify(extras.join())} is not understood`,
    'Write dns:PROVIDER,credentials=/FILE.',
  );
}

function wantedHooks(
  names: readonly string[],
  options: ProofOptions,
  old: ChallengeSettings | undefined,
): Of<'hooks'> {
  const before = sameType(old, 'hooks');
  const auth = options.manualAuthHook ?? before?.auth;
  if (auth === undefined)
    throw badUsage(
      '--manual needs a hook, since renewals run unattended',
      'Give it: --manual-auth-hook CMD.',
    );
  const cleanup = options.manualCleanupHook ?? before?.cleanup;
  return {
    type: 'hooks',
    proof: proofOf(names, options, before?.proof),
    auth,
    ...(cleanup ? { cleanup } : {}),
  };
}

function wantedDehydrated(
  names: readonly string[],
  options: ProofOptions,
  old: ChallengeSettings | undefined,
): Of<'dehydrated'> {
  const before = sameType(old, 'dehydrated');
  const hook = options.dehydratedHook || before?.hook;
  if (hook === undefined || hook === '')
    throw badUsage('no hook script is named', 'Name it: --dehydrated-hook FILE.');
  const chain = options.dehydratedChain ?? before?.chain;
  return {
    type: 'dehydrated',
    proof: proofOf(names, options, before?.proof),
    hook,
    ...(chain ? { chain } : {}),
  };
}

/** As certbot and dehydrated have it: HTTP unless said otherwise; but a wildcard leaves no choice. */
function proofOf(
  names: readonly string[],
  { preferredChallenges }: ProofOptions,
  before: 'http-01' | 'dns-01' | undefined,
): 'http-01' | 'dns-01' {
  const possible = (['http-01', 'dns-01'] as const).filter((proof) => preferredChallenges.includes(proof));
  const preferred = preferredChallenges.find((name) => (possible as readonly string[]).includes(name));
  if (preferred !== undefined) return preferred as 'http-01' | 'dns-01';
  if (preferredChallenges.length > 0)
    throw badUsage('hooks can prove names by http-01 and dns-01', 'Give --preferred-challenges dns or http.');
  return names.some((name) => name.startsWith('*.')) ? 'dns-01' : (before ?? 'http-01');
}

/** Names that come to a lineage of one webroot are served there too. */
function oldWebroots(roots: Readonly<Record<string, string>>): WebrootOption[] {
  const distinct = new Set(Object.values(roots));
  const [only] = distinct;
  const mapped = Object.entries(roots).map(([name, root]) => ({ root, names: [name] }));
  return distinct.size === 1 && only !== undefined ? [...mapped, { root: only, names: [] }] : mapped;
}

export function webrootMap(
  names: readonly string[],
  webroots: readonly WebrootOption[],
): Record<string, string> {
  const fallback = webroots.find((webroot) => webroot.names.length === 0)?.root;
  const rootOf = (name: string) =>
    webroots.find((webroot) => webroot.names.some((given) => parseIdentifier(given).value === name))?.root ??
    fallback;
  return Object.fromEntries(names.map((name) => [name, rootOf(name) ?? noWebroot(name)]));
}

function definedOnly<T extends object>(values: T): { [K in keyof T]: Exclude<T[K], undefined> } {
  const entries = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as { [K in keyof T]: Exclude<T[K], undefined> };
}

function noWebroot(name: string): never {
  throw badUsage(
    `no webroot is given for ${name}`,
    'Each -w applies to the -d after it: -w /var/www/a -d a.example -w /var/www/b -d b.example.',
  );
}

function unknownWay(way: string): EvercertError {
  return badUsage(
    `${JSON.stringify(way)} is no way to prove a name`,
    'There are webroot:/DIR, standalone, static, tls-alpn, dns:PROVIDER, dns-account:PROVIDER, dns-persist, manual and dehydrated.',
  );
}

export function badUsage(message: string, hint: string): EvercertError {
  return new EvercertError('usage', message, hint);
}
