import type { EvercertError } from '../errors.ts';
import type { ChallengeSettings, Settings } from '../lineage/settings.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import { badUsage, isWay, refined, webrootMap } from './challenge-way.ts';

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
  const byName = wantedByName(names, single, options, old?.challengeByName ?? {});
  const others = names.filter((name) => !Object.hasOwn(byName, name));
  const [first] = Object.values(byName);
  const challenge = wantedDefault(
    others,
    all,
    options,
    old?.challenge ?? (others.length === 0 ? first : undefined),
  );
  for (const name of names) checkFits(name, byName[name] ?? challenge);
  return Object.keys(byName).length === 0 ? { challenge } : { challenge, challengeByName: byName };
}

function splitWays(ways: readonly string[]): { all: string | undefined; single: Map<string, string> } {
  const [all, ...others] = ways.filter(isWay);
  if (others.length > 0)
    throw badUsage(
      `names are to be proven in several ways: ${[all, ...others].join(' and ')}`,
      'Say one way for all, and the others for their names: --challenge NAME=HOW.',
    );
  const single = new Map(
    ways
      .filter((way) => !isWay(way))
      .map((way) => {
        const [name = '', ...how] = way.split('=');
        return [parseIdentifier(name).value, how.join('=')];
      }),
  );
  return { all, single };
}

function wantedByName(
  names: readonly string[],
  given: ReadonlyMap<string, string>,
  options: ProofOptions,
  old: Readonly<Record<string, ChallengeSettings>>,
): Record<string, ChallengeSettings> {
  const stranger = [...given.keys()].find((name) => !names.includes(name));
  if (stranger !== undefined)
    throw badUsage(
      `--challenge ${stranger}=… is for a name that the certificate does not have`,
      'Add it: -d.',
    );
  return Object.fromEntries(
    names.flatMap((name): [string, ChallengeSettings][] => {
      const way = given.get(name);
      const before = Object.hasOwn(old, name) ? old[name] : undefined;
      if (way === '' || (way === undefined && before === undefined)) return [];
      return [[name, refined([name], way, options, before)]];
    }),
  );
}

function wantedDefault(
  names: readonly string[],
  way: string | undefined,
  options: ProofOptions,
  old: ChallengeSettings | undefined,
): ChallengeSettings {
  if (options.webroots.length > 0) return { type: 'webroot', roots: webrootMap(names, options.webroots) };
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

function noChallenge(): EvercertError {
  return badUsage(
    'nothing says how to prove the names',
    'Give --webroot -w DIRECTORY if a web server runs, --standalone if port 80 is free, or --dns PROVIDER; docs/challenges.md has more.',
  );
}
