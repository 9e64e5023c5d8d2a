import { type Flag, flagsOf, type Verb } from './flags.ts';
import { isSetting } from './setting-flags.ts';

/** Flags that `config.json` may not hold, and why not. */
const REFUSED: Readonly<Record<string, string>> = {
  'config-dir': 'the file is inside that directory',
  help: 'it asks for something once',
  json: 'who reads the output says so on the command line',
  domain: 'names belong to one certificate',
  'cert-name': 'it names one certificate',
  webroot: 'it means the -w beside it',
  'webroot-path': 'it holds for the -d after it, and a file has no such order',
  challenge: 'it may mean one certificate; dns, standalone, tls-alpn and the like may stand here',
  csr: 'it names one request',
  'cert-path': 'it goes with --csr',
  'chain-path': 'it goes with --csr',
  'fullchain-path': 'it goes with --csr',
  'force-renewal': 'every run would renew all',
  'notify-test': 'it is meant once',
  'retry-now': 'no run would wait after failures',
  'keep-until-expiring': 'it is the default',
  'new-key': 'it is meant once',
  expand: 'it is meant once',
  'dry-run': 'no run would keep anything',
  'skip-dry-run': 'it is meant once',
  'debug-challenges': 'it waits for a person',
  plan: 'no run would do anything',
  print: 'it asks for something once',
  force: 'it is meant once',
};

const WAYS = [
  'webroot',
  'webroot-path',
  'standalone',
  'tls-alpn',
  'dns-provider',
  'manual',
  'manual-auth-hook',
  'challenge',
];

function otherWays(way: string): string[] {
  return WAYS.filter((other) => other !== way);
}

/** What else on a stronger layer sets a flag aside: its opposites, and what it would make no sense with. */
export const SET_ASIDE_BY: Readonly<Record<string, readonly string[]>> = {
  quiet: ['verbose'],
  verbose: ['quiet'],
  standalone: otherWays('standalone'),
  'tls-alpn': otherWays('tls-alpn'),
  'dns-provider': otherWays('dns-provider'),
  'dns-credentials': ['dns-provider', 'challenge'],
  manual: otherWays('manual'),
  'manual-auth-hook': otherWays('manual-auth-hook'),
  server: ['staging'],
  staging: ['server'],
  email: ['register-unsafely-without-email'],
  'register-unsafely-without-email': ['email'],
  'rsa-key-size': ['key-type'],
  'elliptic-curve': ['key-type'],
  'pre-hook': ['csr'],
  'deploy-hook': ['csr'],
  'reload-hook': ['csr'],
  'fallback-server': ['csr'],
  'renew-before': ['csr'],
  'allow-subset-of-names': ['csr'],
  verify: ['csr'],
  'preferred-profile': ['required-profile', 'csr'],
  'required-profile': ['preferred-profile', 'csr'],
  'post-hook': ['csr'],
  systemd: ['cron'],
  cron: ['systemd'],
};

/** Flags whose value an environment variable gives too; it is the stronger. */
export const VARIABLES: Readonly<Record<string, string>> = { 'eab-hmac-key': 'EVERCERT_EAB_HMAC_KEY' };

/** Why a flag of these verbs may not stand in `config.json`; undefined where it may. */
export function whyRefused(name: string, verbs: readonly Verb[]): string | undefined {
  if (Object.hasOwn(REFUSED, name)) return REFUSED[name];
  const meansOne = verbs.every((verb) => verb === 'reconfigure') && isSetting(name);
  return meansOne ? 'it changes what one certificate is' : undefined;
}

/** The flags of a verb that `config.json` may give it. */
export function configFlagsOf(verb: Verb): readonly Flag[] {
  const flags = flagsOf(verb);
  return flags.filter(({ name }) => whyRefused(name, [verb]) === undefined && !isNegative(name, flags));
}

/** `--no-X` beside an `--X`: written as false. */
export function isNegative(name: string, flags: readonly Flag[]): boolean {
  return name.startsWith('no-') && flags.some((flag) => flag.name === name.slice('no-'.length));
}
