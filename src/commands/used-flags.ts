import type { ChallengeSettings } from '../lineage/settings.ts';
import { badUsage } from './challenge-way.ts';
import type { ProofOptions } from './wanted-challenge.ts';

/** Flags that say more of a way to prove names: of which, and the flag that names it. */
const MEANT_FOR: Readonly<Record<string, readonly [ChallengeSettings['type'], string]>> = {
  'http-01-port': ['standalone', '--standalone'],
  'http-01-address': ['standalone', '--standalone'],
  'tls-alpn-01-port': ['tls-alpn', '--tls-alpn'],
  'tls-alpn-01-address': ['tls-alpn', '--tls-alpn'],
  'dns-credentials': ['dns', '--dns PROVIDER'],
  'dns-propagation-timeout': ['dns', '--dns PROVIDER'],
  'dns-resolvers': ['dns', '--dns PROVIDER'],
  'manual-auth-hook': ['hooks', '--manual'],
  'manual-cleanup-hook': ['hooks', '--manual'],
  'dehydrated-hook-chain': ['dehydrated', '--challenge dehydrated'],
};

const PREFERRED = 'preferred-challenges';

/**
 * A flag that changes nothing is a mistake: whoever typed it believes that it does.
 *
 * @param ways all that names are proven by
 * @throws EvercertError usage
 */
export function checkUsed(options: ProofOptions, ways: readonly ChallengeSettings[]): void {
  for (const [flag, [type, way]] of Object.entries(MEANT_FOR)) {
    if (options.typed.includes(flag) && !ways.some((each) => each.type === type))
      throw badUsage(
        `--${flag} goes with ${way}, and no name is proven that way`,
        `Leave it out, or say how names are proven: ${way}.`,
      );
  }
  if (options.typed.includes(PREFERRED)) checkPreferred(options.preferredChallenges, ways);
  checkCredentials(options.dnsCredentials, ways);
}

function checkPreferred(preferred: readonly string[], ways: readonly ChallengeSettings[]): void {
  const proofs = [...new Set(ways.map(proofOf))];
  if (proofs.some((proof) => preferred.includes(proof))) return;
  throw badUsage(
    `--${PREFERRED} ${preferred.join()}, but the names are proven by ${proofs.join(' and ')}`,
    'Leave it out, or say another way: --webroot or --standalone (http-01), --tls-alpn, --dns PROVIDER.',
  );
}

function proofOf(way: ChallengeSettings): string {
  switch (way.type) {
    case 'webroot':
    case 'standalone':
    case 'static':
      return 'http-01';
    case 'tls-alpn':
      return 'tls-alpn-01';
    case 'dns':
    case 'dns-persist':
      return 'dns-01';
    case 'hooks':
    case 'dehydrated':
      return way.proof;
  }
}

/** The credentials of one provider mean nothing to another one, and are none of its business. */
function checkCredentials(file: string | undefined, ways: readonly ChallengeSettings[]): void {
  const theirs = ways.flatMap((way) =>
    way.type === 'dns' && way.credentials === file ? [way.provider] : [],
  );
  const [one, other] = new Set(theirs);
  if (!file || other === undefined) return;
  throw badUsage(
    `--dns-credentials would be given to several providers: ${one} and ${other}`,
    `Say of each which file is its own: --challenge NAME=dns:${other},credentials=/FILE.`,
  );
}
