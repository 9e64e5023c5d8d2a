import type { ReconfigureOptions } from '../commands/reconfigure.ts';
import { EvercertError } from '../errors.ts';
import { readAccount } from './account-flags.ts';
import { readIssuanceTimeout } from './certonly-flags.ts';
import type { Surroundings } from './command.ts';
import { readHooks } from './hook-flags.ts';
import { readLineage } from './lineage-flags.ts';
import type { Reader } from './reader.ts';

/** reconfigure's flags: those of certonly that are kept, without names. */
export function readReconfigure(
  read: Reader,
  { environment, absolute }: Surroundings,
): Omit<ReconfigureOptions, 'configDir' | 'configDirGiven' | 'lockWaitMs'> {
  const certName = read.text('cert-name');
  if (read.on('domain')) throw namesElsewhere(certName);
  if (certName === undefined) throw read.usage('--cert-name says whose settings are to change');
  if (read.on('skip-dry-run') && read.on('debug-challenges'))
    throw read.usage('--debug-challenges waits in the dry run that --skip-dry-run leaves out');
  const root = read.text('webroot-path');
  const webroots = root === undefined ? [] : [{ root: absolute(root), names: [] }];
  const { hooks, hookTimeoutMs } = readHooks(read);
  return {
    certName,
    lineage: { ...readLineage(read, webroots, absolute), hooks },
    account: readAccount(read, environment),
    skipDryRun: read.on('skip-dry-run'),
    debugChallenges: read.on('debug-challenges'),
    hookTimeoutMs,
    issuanceTimeoutMs: readIssuanceTimeout(read),
  };
}

function namesElsewhere(certName = 'NAME'): EvercertError {
  return new EvercertError(
    'usage',
    'reconfigure leaves the names of a certificate as they are: no -d',
    `To change them: evercert certonly --cert-name ${certName} -d ALL,NAMES.`,
  );
}
