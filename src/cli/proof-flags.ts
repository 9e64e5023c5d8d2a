import type { ProofOptions, WebrootOption } from '../commands/wanted-challenge.ts';
import { EvercertError } from '../errors.ts';
import type { Reader } from './reader.ts';
import { PROOF } from './setting-flags.ts';

const CHALLENGES = {
  http: 'http-01',
  'http-01': 'http-01',
  dns: 'dns-01',
  'dns-01': 'dns-01',
  'tls-alpn': 'tls-alpn-01',
  'tls-alpn-01': 'tls-alpn-01',
} as const;

/** How names are proven. An empty value takes away what was said earlier. @throws EvercertError usage */
export function readProof(
  read: Reader,
  webroots: readonly WebrootOption[],
  absolute: (path: string) => string,
): ProofOptions {
  if (read.on('webroot') && webroots.length === 0) throw read.usage('--webroot needs -w DIRECTORY');
  const preferred = preferredChallenges(read);
  return {
    webroots,
    ways: readWays(read, webroots, preferred),
    httpPort: read.number('http-01-port', 1, 65_535),
    httpAddress: read.text('http-01-address'),
    tlsAlpnPort: read.number('tls-alpn-01-port', 1, 65_535),
    tlsAlpnAddress: read.text('tls-alpn-01-address'),
    dnsCredentials: path(read.text('dns-credentials'), absolute),
    dnsPropagationTimeout: read.number('dns-propagation-timeout', 0, 86_400),
    dnsResolvers: read.on('dns-resolvers')
      ? read.list('dns-resolvers').filter((server) => server !== '')
      : undefined,
    manualAuthHook: read.text('manual-auth-hook'),
    manualCleanupHook: read.text('manual-cleanup-hook'),
    dehydratedHook: path(read.text('dehydrated-hook'), absolute),
    dehydratedChain: read.maybeOn('dehydrated-hook-chain'),
    preferredChallenges: preferred,
    typed: typedFlags(read),
  };
}

/** What is empty takes away, if there is anything to take. */
function typedFlags(read: Reader): string[] {
  const says = PROOF.flatMap(({ flags }) => flags).filter(
    ({ name, value }) => value === undefined || read.text(name) !== '',
  );
  return says.map(({ name }) => name).filter((name) => read.typed(name));
}

function path(given: string | undefined, absolute: (path: string) => string): string | undefined {
  return given === undefined || given === '' ? given : absolute(given);
}

/** The ways that flags of their own name, and those of --challenge; a hook of dehydrated's is one where there is no other. */
function readWays(read: Reader, webroots: readonly WebrootOption[], preferred: readonly string[]): string[] {
  const provider = read.text('dns-provider');
  const standalone = preferred[0] === 'tls-alpn-01' ? 'tls-alpn' : 'standalone';
  const named = [
    ...(webroots.length > 0 ? ['webroot'] : []),
    ...(read.on('standalone') ? [standalone] : []),
    ...(read.on('tls-alpn') ? ['tls-alpn'] : []),
    ...(provider === undefined ? [] : [`dns:${provider}`]),
    ...(read.on('manual') || read.on('manual-auth-hook') ? ['manual'] : []),
  ];
  const [first, second] = named;
  if (second !== undefined)
    throw new EvercertError(
      'usage',
      `--${flagOf(first)} and --${flagOf(second)} exclude each other`,
      'Say one way for all names, and the others for their names: --challenge NAME=HOW.',
    );
  const ways = [...named.filter((way) => way !== 'webroot'), ...(read.all('challenge') ?? [])];
  return ways.length === 0 && first === undefined && read.text('dehydrated-hook') ? ['dehydrated'] : ways;
}

function flagOf(way = ''): string {
  return way.split(':')[0] ?? '';
}

function preferredChallenges(read: Reader): string[] {
  return read.list('preferred-challenges').map((name) => {
    const known = CHALLENGES[name.toLowerCase() as keyof typeof CHALLENGES];
    if (known !== undefined) return known;
    throw read.usage(`--preferred-challenges ${JSON.stringify(name)} is none of: http, dns, tls-alpn`);
  });
}
