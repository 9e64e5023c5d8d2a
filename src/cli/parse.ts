import type { RenewOptions } from '../commands/renew.ts';
import { readCertonly, readCertonlyOptions } from './certonly-flags.ts';
import type { Command, Surroundings, Voice } from './command.ts';
import { isVerb, VERBS, type Verb } from './flags.ts';
import { readHooks } from './hook-flags.ts';
import { createReader, type Reader } from './reader.ts';
import { splitWords, usage } from './words.ts';

const DEFAULT_CONFIG_DIR = '/etc/evercert';
/** A person waits for certonly, and is told at once. */
const LOCK_WAIT_S = 60;
const DEFAULT_CONCURRENCY = 8;

/** @throws EvercertError usage */
export async function parseCommand(argv: readonly string[], surroundings: Surroundings): Promise<Command> {
  const [verb, ...words] = argv;
  if (!isVerb(verb))
    throw usage(
      undefined,
      verb?.startsWith('-')
        ? `the verb comes first, not ${verb}`
        : `there is no verb ${JSON.stringify(verb)}: there are ${VERBS.join(', ')}`,
    );
  const read = createReader(verb, await splitWords(verb, words));
  const voice = readVoice(read, surroundings);
  const store = readStore(verb, read, surroundings);
  switch (verb) {
    case 'certificates':
      return { verb, voice, options: { ...store, certName: read.text('cert-name') } };
    case 'renew':
      return { verb, voice, options: { ...store, ...readRenew(read, surroundings) } };
    case 'deploy': {
      const { hookTimeoutMs } = readHooks(read);
      const options = { certName: read.text('cert-name'), force: read.on('force'), hookTimeoutMs };
      return { verb, voice, options: { ...store, ...options } };
    }
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
    lockWaitMs: (read.number('lock-wait', 0, 86_400) ?? (verb === 'certonly' ? 0 : LOCK_WAIT_S)) * 1000,
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
    dryRun: read.on('dry-run'),
    planOnly: read.on('plan'),
    concurrency: read.number('concurrency', 1, 64) ?? DEFAULT_CONCURRENCY,
    randomSleep: !terminal && read.maybeOn('random-sleep-on-renew') !== false,
    ...readHooks(read),
  };
}
