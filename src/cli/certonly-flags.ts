import type { CertonlyOptions } from '../commands/certonly.ts';
import type { LineageOptions } from '../commands/wanted-settings.ts';
import { readAccount, readCa } from './account-flags.ts';
import type { Command, Surroundings, Voice } from './command.ts';
import { readHooks } from './hook-flags.ts';
import type { Reader } from './reader.ts';
import { readWebroots } from './webroots.ts';

/** certonly's flags, checked one by one and against each other. */
export function readCertonlyOptions(
  words: readonly string[],
  read: Reader,
  { environment, absolute }: Surroundings,
): Omit<CertonlyOptions, 'configDir' | 'configDirGiven' | 'lockWaitMs'> {
  const { hooks, hookTimeoutMs } = readHooks(read);
  if (read.on('force-renewal') && read.on('keep-until-expiring'))
    throw read.usage('--force-renewal and --keep-until-expiring exclude each other');
  return {
    names: read.list('domain'),
    certName: read.text('cert-name'),
    lineage: { ...readLineage(words, read, absolute), hooks },
    account: readAccount(read, environment),
    force: read.on('force-renewal'),
    expand: read.on('expand') || read.on('force-renewal'),
    newKey: read.on('new-key'),
    dryRun: read.on('dry-run'),
    hookTimeoutMs,
    issuanceTimeoutMs: readIssuanceTimeout(read),
  };
}

const DEFAULT_ISSUANCE_TIMEOUT_S = 300;

/** For one order, milliseconds. */
export function readIssuanceTimeout(read: Reader): number {
  return (read.number('issuance-timeout', 1, 86_400) ?? DEFAULT_ISSUANCE_TIMEOUT_S) * 1000;
}

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

function readLineage(
  words: readonly string[],
  read: Reader,
  absolute: (path: string) => string,
): Omit<LineageOptions, 'hooks'> {
  const webroots = readWebroots(words).map(({ root, names }) => ({ root: absolute(root), names }));
  if (read.on('webroot') && webroots.length === 0) throw read.usage('--webroot needs -w DIRECTORY');
  if (read.on('standalone') && webroots.length > 0)
    throw read.usage('--standalone and --webroot exclude each other');
  return {
    webroots,
    standalone: read.on('standalone'),
    httpPort: read.number('http-01-port', 1, 65_535),
    httpAddress: read.text('http-01-address'),
    ...readCa(read, absolute),
    ...readProfile(read),
    fallbackServers: read.on('fallback-server') ? read.list('fallback-server') : undefined,
    renewBefore: read.text('renew-before'),
    allowSubsetOfNames: read.maybeOn('allow-subset-of-names'),
    verify: read.all('verify'),
    preferredChain: read.text('preferred-chain'),
    keepVersions: read.number('keep-versions', 1, 1000),
    ...readKey(read),
  };
}

function readProfile(read: Reader): Pick<LineageOptions, 'preferredProfile' | 'requiredProfile'> {
  const preferredProfile = read.text('preferred-profile');
  const requiredProfile = read.text('required-profile');
  if (preferredProfile !== undefined && requiredProfile !== undefined)
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

/** With --csr it is another command: no lineage, three files. */
export function readCertonly(read: Reader, voice: Voice, options: CertonlyOptions): Command {
  const csrFile = read.text('csr');
  const files = {
    certPath: read.text('cert-path'),
    chainPath: read.text('chain-path'),
    fullchainPath: read.text('fullchain-path'),
  };
  if (csrFile === undefined) {
    if (Object.values(files).some((path) => path !== undefined))
      throw read.usage('--cert-path, --chain-path and --fullchain-path need --csr');
    return { verb: 'certonly', voice, options };
  }
  if (options.lineage.hooks !== undefined) throw read.usage('--csr runs no hooks');
  if (options.names.length > 0 || options.certName !== undefined || options.dryRun)
    throw read.usage(
      '--csr takes its names from the request, and stores no lineage: no -d, --cert-name or --dry-run',
    );
  const { fallbackServers, renewBefore, allowSubsetOfNames, verify, preferredProfile, requiredProfile } =
    options.lineage;
  const stored = { fallbackServers, renewBefore, allowSubsetOfNames, verify };
  if (Object.values({ ...stored, preferredProfile, requiredProfile }).some((value) => value !== undefined))
    throw read.usage(
      '--csr stores no lineage: no --fallback-server, --renew-before, --allow-subset-of-names, --verify or profile',
    );
  const { certPath = 'cert.pem', chainPath = 'chain.pem', fullchainPath = 'fullchain.pem' } = files;
  return {
    verb: 'certonly-csr',
    voice,
    options: { ...options, csrFile, certPath, chainPath, fullchainPath },
  };
}
