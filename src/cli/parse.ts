import type { RenewOptions } from '../commands/renew.ts';
import type { TimerOptions } from '../commands/timer-places.ts';
import { EvercertError } from '../errors.ts';
import { readCa, readRegister, wordsAfter } from './account-flags.ts';
import { fromCertbot } from './certbot-words.ts';
import { readCertonly, readCertonlyOptions, readIssuanceTimeout } from './certonly-flags.ts';
import type { Command, Surroundings, Voice } from './command.ts';
import { VERBS, type Verb, verbOf } from './flags.ts';
import { readHooks } from './hook-flags.ts';
import { verbOfAnother } from './other-tools.ts';
import { createReader, type Reader } from './reader.ts';
import { readReconfigure } from './reconfigure-flags.ts';
import { checkTell, readTell } from './tell-flags.ts';
import { checkRenewFlags, readTimerOptions, splitTimerWords } from './timer-flags.ts';
import { splitWords, usage, type Words } from './words.ts';

const DEFAULT_CONFIG_DIR = '/etc/evercert';
const LOCK_WAIT_S = 60;
/** A person waits for these, and is told at once. */
const AT_ONCE: readonly Verb[] = ['certonly', 'reconfigure', 'register'];
/** These say how names are proven. */
const PROVING: readonly Verb[] = ['certonly', 'reconfigure'];
const DEFAULT_CONCURRENCY = 8;

/** @throws EvercertError usage */
export async function parseCommand(argv: readonly string[], surroundings: Surroundings): Promise<Command> {
  const [word, ...rest] = argv;
  const verb = verbOf(word);
  if (verb === undefined) throw unknownVerb(word);
  const words = PROVING.includes(verb) ? fromCertbot(verb, rest) : rest;
  const given = await splitWords(verb, flagWords(verb, words));
  const { configDir } = readPlace(createReader(verb, given), surroundings);
  const { merged, blame } = await withConfig(verb, given, configDir, surroundings);
  try {
    const read = createReader(verb, merged, given);
    const command = understand(verb, words, read, surroundings);
    if (command.verb === 'timer') await checkHourly(command.options, surroundings);
    if (command.verb === 'renew') await checkTell(command.options, read.usage, surroundings.environment);
    return command;
  } catch (error) {
    throw blame(error);
  }
}

function unknownVerb(word = ''): EvercertError {
  const hint = verbOfAnother(word);
  if (hint !== undefined) return new EvercertError('usage', `there is no verb ${word}`, hint);
  return usage(
    undefined,
    word.startsWith('-')
      ? `the verb comes first, not ${word}`
      : `there is no verb ${JSON.stringify(word)}: there are ${VERBS.join(', ')}`,
  );
}

/** Some verbs say first what is to be done. */
function flagWords(verb: Verb, words: readonly string[]): readonly string[] {
  switch (verb) {
    case 'timer':
      return splitTimerWords(words).own;
    case 'account':
      return wordsAfter('account', 'thumbprint', words);
    case 'dns':
      return wordsAfter('dns', 'persist-value', words);
    default:
      return words;
  }
}

function understand(verb: Verb, words: readonly string[], read: Reader, surroundings: Surroundings): Command {
  const voice = readVoice(read, surroundings);
  const store = readStore(verb, read, surroundings);
  checkWaiting(read, voice);
  switch (verb) {
    case 'certificates':
      return { verb, voice, options: { ...store, certName: read.text('cert-name') } };
    case 'renew':
      return { verb, voice, options: { ...store, ...readRenew(read, surroundings) } };
    case 'reconfigure':
      return { verb, voice, options: { ...store, ...readReconfigure(read, surroundings) } };
    case 'register':
      return { verb, voice, options: { ...store, ...readRegister(read, surroundings) } };
    case 'dns': {
      const { server, caBundle } = readCa(read, surroundings.absolute);
      const options = { names: read.list('domain'), certName: read.text('cert-name'), server, caBundle };
      return { verb, voice, options: { ...store, ...options } };
    }
    case 'show-account':
    case 'account':
      return { verb, voice, options: { ...store, server: read.text('server') } };
    case 'deploy': {
      const { hookTimeoutMs } = readHooks(read);
      const options = { certName: read.text('cert-name'), force: read.on('force'), hookTimeoutMs };
      return { verb, voice, options: { ...store, ...options } };
    }
    case 'certonly':
      return readCertonly(read, voice, { ...store, ...readCertonlyOptions(words, read, surroundings) });
    case 'timer': {
      const configDir = store.configDir === DEFAULT_CONFIG_DIR ? undefined : store.configDir;
      const options = readTimerOptions(splitTimerWords(words), read, configDir, surroundings);
      return { verb, voice, options };
    }
  }
}

function checkWaiting(read: Reader, { interactive }: Voice): void {
  if (!read.on('debug-challenges') || interactive) return;
  throw read.usage('--debug-challenges waits for Enter: it needs a terminal, and neither --quiet nor -n');
}

/** What the timer will run every hour is parsed now, while a person looks on. */
async function checkHourly(
  { renewFlags, configDir }: TimerOptions,
  surroundings: Surroundings,
): Promise<void> {
  checkRenewFlags(renewFlags);
  const where = configDir === undefined ? [] : [`--config-dir=${configDir}`];
  await parseCommand(['renew', '--quiet', ...where, ...renewFlags], surroundings);
}

/** The command line and below it what `config.json` says; its code is loaded only where there is such a file. */
async function withConfig(
  verb: Verb,
  words: Words,
  configDir: string,
  { environment, uid, readOwned }: Surroundings,
): Promise<{ merged: Words; blame: (error: unknown) => unknown }> {
  const path = `${configDir}/config.json`;
  const file = readOwned(path);
  if (file === undefined) return { merged: words, blame: (error) => error };
  const { addConfig, blameConfig, checkOwner, readConfig } = await import('./config-file.ts');
  checkOwner(path, file, uid);
  const { words: merged, origins } = addConfig(words, readConfig(path, file.text, verb), environment);
  return { merged, blame: (error) => blameConfig(path, origins, error) };
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

function readPlace(read: Reader, { environment, absolute }: Surroundings) {
  const given = read.text('config-dir') ?? (environment.EVERCERT_CONFIG_DIR || undefined);
  return { configDir: absolute(given ?? DEFAULT_CONFIG_DIR), configDirGiven: given !== undefined };
}

function readStore(verb: Verb, read: Reader, surroundings: Surroundings) {
  return {
    ...readPlace(read, surroundings),
    lockWaitMs: (read.number('lock-wait', 0, 86_400) ?? (AT_ONCE.includes(verb) ? 0 : LOCK_WAIT_S)) * 1000,
  };
}

function readRenew(
  read: Reader,
  { terminal, environment, absolute }: Surroundings,
): Omit<RenewOptions, 'configDir' | 'configDirGiven' | 'lockWaitMs'> {
  if (read.on('plan') && read.on('dry-run')) throw read.usage('--plan and --dry-run exclude each other');
  if (read.on('debug-challenges') && !read.on('dry-run'))
    throw read.usage('renew waits for nobody: --debug-challenges needs --dry-run');
  return {
    certName: read.text('cert-name'),
    debugChallenges: read.on('debug-challenges'),
    force: read.on('force-renewal'),
    retryNow: read.on('retry-now'),
    dryRun: read.on('dry-run'),
    planOnly: read.on('plan'),
    strict: read.on('strict'),
    concurrency: read.number('concurrency', 1, 64) ?? DEFAULT_CONCURRENCY,
    randomSleep: !terminal && read.maybeOn('random-sleep-on-renew') !== false,
    issuanceTimeoutMs: readIssuanceTimeout(read),
    tell: readTell(read, environment, absolute),
    notifyTest: read.on('notify-test'),
    ...readHooks(read),
  };
}
