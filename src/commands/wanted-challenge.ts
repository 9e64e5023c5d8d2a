import type { EvercertError } from '../errors.ts';
import type { ChallengeSettings, Settings } from '../lineage/settings.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import { badUsage, isWay, refined, typeOf, webrootMap } from './challenge-way.ts';
import { checkUsed } from './used-flags.ts';

/** What flags say of how names are proven. What they leave out stays as it was, or is the default. */
export interface ProofOptions {
  readonly webroots: readonly WebrootOption[];
  /** HOW for all names that have no way of their own, or NAME=HOW for one; NAME= takes that away again. */
  readonly ways: readonly string[];
  readonly httpPort: number | undefined;
  readonly httpAddress: string | undefined;
  readonly tlsAlpnPort: number | undefined;
  readonly tlsAlpnAddress: string | undefined;
  readonly dnsCredentials: string | undefined;
  readonly dnsPropagationTimeout: number | undefined;
  readonly dnsResolvers: readonly string[] | undefined;
  readonly manualAuthHook: string | undefined;
  readonly manualCleanupHook: string | undefined;
  readonly dehydratedHook: string | undefined;
  readonly dehydratedChain: boolean | undefined;
  /** What hooks are to prove names by, the best first. */
  readonly preferredChallenges: readonly string[];
  /** Flags of these that the command line itself gives: each must mean something. */
  readonly typed: readonly string[];
}

/** A directory and the names that it serves; without names it serves all that have none. */
export interface WebrootOption {
  readonly root: string;
  readonly names: readonly string[];
}

type Wanted = Pick<Settings, 'challenge' | 'challengeByName'>;

/**
 * How each name is to be proven.
 *
 * @param names in their one form (parseIdentifier)
 * @throws EvercertError usage
 */
export function wantedChallenges(
  names: readonly string[],
  options: ProofOptions,
  old: Wanted | undefined,
): Wanted {
  const { all, single } = splitWays(options.ways);
  const own = ownWays(names, single, old?.challengeByName ?? {});
  const others = names.filter((name) => !own.has(name));
  const type = others.length === 0 ? undefined : defaultType(all, options, old);
  const byName = wantedByName(own, type, options, old?.challengeByName ?? {});
  const [first] = Object.values(byName);
  const challenge = wantedDefault(
    others,
    all,
    options,
    old?.challenge ?? (others.length === 0 ? first : undefined),
  );
  for (const name of names) checkFits(name, byName[name] ?? challenge);
  const ways = Object.values(byName);
  checkUsed(options, others.length === 0 ? ways : [challenge, ...ways]);
  return ways.length === 0 ? { challenge } : { challenge, challengeByName: byName };
}

function splitWays(ways: readonly string[]): { all: string | undefined; single: Map<string, string> } {
  const [all, ...others] = ways.filter(isWay);
  if (others.length > 0)
    throw badUsage(
      `names are to be proven in several ways: ${[all, ...others].join(' and ')}`,
      'Say one way for all, and the others for their names: --challenge NAME=HOW.',
    );
  const single = new Map<string, string>();
  for (const way of ways.filter((each) => !isWay(each))) {
    const [given = '', ...how] = way.split('=');
    const name = parseIdentifier(given).value;
    if (single.has(name))
      throw badUsage(`--challenge ${name}=… is given twice`, 'Say one way for each name.');
    single.set(name, how.join('='));
  }
  return { all, single };
}

/** Names that have a way of their own, with what is said of it now; undefined where it stays. */
function ownWays(
  names: readonly string[],
  given: ReadonlyMap<string, string>,
  old: Readonly<Record<string, ChallengeSettings>>,
): ReadonlyMap<string, string | undefined> {
  const stranger = [...given.keys()].find((name) => !names.includes(name));
  if (stranger !== undefined)
    throw badUsage(
      `--challenge ${stranger}=… is for a name that the certificate does not have`,
      'Add it: -d.',
    );
  const isOwn = (name: string) => (given.has(name) ? given.get(name) !== '' : Object.hasOwn(old, name));
  return new Map(names.filter(isOwn).map((name) => [name, given.get(name)]));
}

/** @param type of the way of all other names: what flags say of that type is not meant for a way that stays */
function wantedByName(
  own: ReadonlyMap<string, string | undefined>,
  type: ChallengeSettings['type'] | undefined,
  options: ProofOptions,
  old: Readonly<Record<string, ChallengeSettings>>,
): Record<string, ChallengeSettings> {
  return Object.fromEntries(
    [...own].map(([name, way]): [string, ChallengeSettings] => {
      const before = Object.hasOwn(old, name) ? old[name] : undefined;
      if (before !== undefined && way === undefined && before.type === type) return [name, before];
      return [name, refined([name], way, options, before)];
    }),
  );
}

function defaultType(
  way: string | undefined,
  { webroots }: ProofOptions,
  old: Wanted | undefined,
): ChallengeSettings['type'] | undefined {
  return webroots.length > 0 ? 'webroot' : way === undefined ? old?.challenge.type : typeOf(way);
}

function wantedDefault(
  names: readonly string[],
  way: string | undefined,
  options: ProofOptions,
  old: ChallengeSettings | undefined,
): ChallengeSettings {
  if (options.webroots.length > 0) {
    if (way !== undefined && way !== 'webroot') throw twoWays(way);
    return { type: 'webroot', roots: webrootMap(names, options.webroots) };
  }
  if (way === undefined && old === undefined) throw noChallenge();
  return refined(names, way, options, old);
}

const BY_DNS: readonly ChallengeSettings['type'][] = ['dns', 'dns-persist'];

/** Wildcards are proven by DNS alone (RFC 8555 section 7.1.3 and the CAs' rules), addresses never (RFC 8738). */
function checkFits(name: string, challenge: ChallengeSettings): void {
  const byDns = BY_DNS.includes(challenge.type) || ('proof' in challenge && challenge.proof === 'dns-01');
  if (name.startsWith('*.') && !byDns)
    throw badUsage(
      `${name} cannot be proven over HTTP or TLS: a wildcard name needs dns-01`,
      `Give --dns PROVIDER for all names, or for this one: --challenge '${name}=dns:PROVIDER' (docs/dns.md lists the providers).`,
    );
  if (parseIdentifier(name).type === 'ip' && byDns)
    throw badUsage(
      `${name} cannot be proven by DNS: it is an address`,
      `Give it a way of its own: --challenge ${name}=standalone.`,
    );
}

function twoWays(way: string): EvercertError {
  return badUsage(
    `-w and --challenge ${way} exclude each other`,
    'Say one way for all, and the others for their names: --challenge NAME=HOW.',
  );
}

function noChallenge(): EvercertError {
  return badUsage(
    'nothing says how to prove the names',
    'Give --webroot -w DIRECTORY if a web server runs, --standalone if port 80 is free, or --dns PROVIDER; docs/challenges.md has more.',
  );
}
