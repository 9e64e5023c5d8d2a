import type { WebrootOption } from '../commands/wanted-challenge.ts';
import type { LineageOptions } from '../commands/wanted-settings.ts';
import { readCa } from './account-flags.ts';
import { readProof } from './proof-flags.ts';
import type { Reader } from './reader.ts';

const CURVES: Record<string, 'P-256' | 'P-384' | 'P-521'> = {
  secp256r1: 'P-256',
  secp384r1: 'P-384',
  secp521r1: 'P-521',
  'p-256': 'P-256',
  'p-384': 'P-384',
  'p-521': 'P-521',
};

const KEY_TYPES = { ecdsa: 'ecdsa', rsa: 'rsa' } as const;
const RSA_SIZES = { 2048: 2048, 3072: 3072, 4096: 4096 } as const;

/** What a lineage is to be: all of it but names and hooks. An empty value, or list, takes away what was said earlier. */
export function readLineage(
  read: Reader,
  webroots: readonly WebrootOption[],
  absolute: (path: string) => string,
): Omit<LineageOptions, 'hooks'> {
  return {
    ...readProof(read, webroots, absolute),
    ...readCa(read, absolute),
    ...readProfile(read),
    fallbackServers: takenAway(read, 'fallback-server') ?? readFallbacks(read),
    renewBefore: read.text('renew-before'),
    allowSubsetOfNames: read.maybeOn('allow-subset-of-names'),
    verify: takenAway(read, 'verify') ?? read.all('verify'),
    preferredChain: read.text('preferred-chain'),
    keepVersions: read.number('keep-versions', 1, 1000),
    ...readKey(read),
  };
}

function takenAway(read: Reader, name: string): readonly [] | undefined {
  return read.text(name) === '' ? [] : undefined;
}

function readFallbacks(read: Reader): string[] | undefined {
  return read.on('fallback-server') ? read.list('fallback-server') : undefined;
}

function readProfile(read: Reader): Pick<LineageOptions, 'preferredProfile' | 'requiredProfile'> {
  const preferredProfile = read.text('preferred-profile');
  const requiredProfile = read.text('required-profile');
  if (preferredProfile && requiredProfile)
    throw read.usage('--preferred-profile and --required-profile exclude each other');
  return { preferredProfile, requiredProfile };
}

function readKey(
  read: Reader,
): Pick<LineageOptions, 'keyType' | 'curve' | 'rsaBits' | 'reuseKey' | 'keyMode' | 'keyGroup'> {
  const keyType = read.choice('key-type', KEY_TYPES);
  const curve = read.choice('elliptic-curve', CURVES);
  const rsaBits = read.choice('rsa-key-size', RSA_SIZES);
  if (keyType === 'rsa' && curve !== undefined) throw read.usage('--elliptic-curve is for --key-type ecdsa');
  if (keyType !== 'rsa' && rsaBits !== undefined) throw read.usage('--rsa-key-size needs --key-type rsa');
  const mode = read.text('key-mode');
  if (mode !== undefined && !/^0?[0-7]{2}0$/.test(mode))
    throw read.usage(
      `--key-mode ${JSON.stringify(mode)} is no octal mode such as 0640, which gives others nothing`,
    );
  const keyMode = mode?.padStart(4, '0');
  return {
    keyType,
    curve,
    rsaBits,
    reuseKey: read.maybeOn('reuse-key'),
    keyMode,
    keyGroup: read.text('key-group'),
  };
}
