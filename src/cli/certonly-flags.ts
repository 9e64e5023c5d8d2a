import type { CertonlyOptions } from '../commands/certonly.ts';
import { readAccount } from './account-flags.ts';
import type { Command, Surroundings, Voice } from './command.ts';
import { readHooks } from './hook-flags.ts';
import { readLineage } from './lineage-flags.ts';
import type { Reader } from './reader.ts';
import { readWebroots } from './webroots.ts';

/** certonly's flags, checked one by one and against each other. */
export function readCertonlyOptions(
  words: readonly string[],
  read: Reader,
  { environment, absolute }: Surroundings,
): Omit<CertonlyOptions, 'configDir' | 'configDirGiven' | 'lockWaitMs'> {
  const { hooks, hookTimeoutMs } = readHooks(read);
  const webroots = readWebroots(words).map(({ root, names }) => ({ root: absolute(root), names }));
  if (read.on('force-renewal') && read.on('keep-until-expiring'))
    throw read.usage('--force-renewal and --keep-until-expiring exclude each other');
  return {
    names: read.list('domain'),
    certName: read.text('cert-name'),
    lineage: { ...readLineage(read, webroots, absolute), hooks },
    account: readAccount(read, environment),
    force: read.on('force-renewal'),
    expand: read.on('expand') || read.on('force-renewal'),
    newKey: read.on('new-key'),
    dryRun: read.on('dry-run'),
    debugChallenges: read.on('debug-challenges'),
    hookTimeoutMs,
    issuanceTimeoutMs: readIssuanceTimeout(read),
  };
}

const DEFAULT_ISSUANCE_TIMEOUT_S = 300;

/** For one order, milliseconds. */
export function readIssuanceTimeout(read: Reader): number {
  return (read.number('issuance-timeout', 1, 86_400) ?? DEFAULT_ISSUANCE_TIMEOUT_S) * 1000;
}

const OF_A_KEY = [
  'key-type',
  'elliptic-curve',
  'rsa-key-size',
  'reuse-key',
  'new-key',
  'key-mode',
  'key-group',
  'keep-versions',
];

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
  const ofAKey = OF_A_KEY.find(read.typed);
  if (ofAKey !== undefined) throw read.usage(`--csr has its own key, and stores none: no --${ofAKey}`);
  const { certPath = 'cert.pem', chainPath = 'chain.pem', fullchainPath = 'fullchain.pem' } = files;
  return {
    verb: 'certonly-csr',
    voice,
    options: { ...options, csrFile, certPath, chainPath, fullchainPath },
  };
}
