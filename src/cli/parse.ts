import type { RenewOptions } from '../commands/renew.ts';
import { readRegister } from './account-flags.ts';
import { readCertonly, readCertonlyOptions, readIssuanceTimeout } from './certonly-flags.ts';
import type { Command, Surroundings, Voice } from './command.ts';
import { VERBS, type Verb, verbOf } from './flags.ts';
import { readHooks } from './hook-flags.ts';
import { createReader, type Reader } from './reader.ts';
import { splitWords, usage } from './words.ts';

const DEFAULT_CONFIG_DIR = '/etc/evercert';
const RENEW_LOCK_WAIT_S = 60;
const DEFAULT_CONCURRENCY = 8;

/** @throws EvercertError usage */
export async function parseCommand(argv: readonly string[], surroundings: Surroundings): Promise<Command> {
  const [word, ...words] = argv;
  const verb = verbOf(word);
  if (verb === undefined)
    throw usage(
      undefined,
      word?.startsWith('-')
        ? `the verb comes first, not ${word}`
        : `there is no verb ${JSON.stringify(word)}: there are ${VERBS.join(', ')}`,
    );
  const read = createReader(verb, await splitWords(verb, words));
  const voice = readVoice(read, surroundings);
  const store = readStore(verb, read, surroundings);
  switch (verb) {
    case 'certificates':
      return { verb, voice, options: { ...store, certName: read.text('cert-name') } };
    case 'renew':
      return { verb, voice, options: { ...store, ...readRenew(read, surroundings) } };
    case 'register':
      return { verb, voice, options: { ...store, ...readRegister(read, surroundings) } };
    case 'show-account':
      return { verb, voice, options: { ...store, server: read.text('server') } };
    case 'certonly':
      return readCertonly(read, voice, { ...store, ...readCertonlyOptions(words, read, surroundings) });
  }
}

function readVoice(read: Reader, { terminal }: Surroundings): Voice {
  const quiet = read.on('quiet');
  if (quiet && read.on('verbose')) throw read.usage('--quiet and --verbose exclude each other');
  return {
    json: read.on('json'),
    quiet,
    verbose: read.on('verbose'),
    interactive: terminal && !quiet && !read.on('non-interactive'),
  };
}

function readStore(verb: Verb, read: Reader, { environment, absolute }: Surroundings) {
  const given = read.text('config-dir') ?? (environment.EVERCERT_CONFIG_DIR || undefined);
  return {
    configDir: absolute(given ?? DEFAULT_CONFIG_DIR),
    configDirGiven: given !== undefined,
    lockWaitMs: (read.number('lock-wait', 0, 86_400) ?? (verb === 'renew' ? RENEW_LOCK_WAIT_S : 0)) * 1000,
  };
}

function readRenew(
  read: Reader,
  { terminal }: Surroundings,
): Omit<RenewOptions, 'configDir' | 'configDirGiven' | 'lockWaitMs'> {
  if (read.on('plan') && read.on('dry-run')) throw read.usage('--plan and --dry-run exclude each other');
  return {
    certName: read.text('cert-name'),
    force: read.on('force-renewal'),
    retryNow: read.on('retry-now'),
    dryRun: read.on('dry-run'),
    planOnly: read.on('plan'),
    strict: read.on('strict'),
    concurrency: read.number('concurrency', 1, 64) ?? DEFAULT_CONCURRENCY,
    randomSleep: !terminal && read.maybeOn('random-sleep-on-renew') !== false,
    issuanceTimeoutMs: readIssuanceTimeout(read),
    ...readHooks(read),
  };
}
