import { EvercertError } from '../errors.ts';
import { type Flag, flagsOf, type Verb } from './flags.ts';

/** Flags as they were written: for each name its values, in order; a switch has 'true' or 'false'. */
export type Words = ReadonlyMap<string, readonly string[]>;

/**
 * Splits an argument list by yargs, and refuses what yargs would swallow: a switch with a value, a flag without its
 * value, a scalar given twice, words that belong to nothing.
 *
 * @throws EvercertError usage
 */
export async function splitWords(verb: Verb, argv: readonly string[]): Promise<Words> {
  const flags = flagsOf(verb);
  refuseSwitchValues(verb, flags, argv);
  const { default: yargs } = await import('yargs');
  const parser = yargs()
    .help(false)
    .version(false)
    .exitProcess(false)
    .strict()
    .parserConfiguration({
      'camel-case-expansion': false,
      'dot-notation': false,
      'greedy-arrays': false,
      'parse-numbers': false,
      'parse-positional-numbers': false,
      'strip-aliased': true,
    })
    .options(Object.fromEntries(flags.map((flag) => [flag.name, yargsOption(flag)])))
    .fail((message, error) => {
      throw usage(verb, message ?? error?.message ?? 'not understood');
    });
  const parsed = (await parser.parse([...argv])) as Record<string, unknown>;
  refuseExtraWords(verb, parsed._);
  return new Map(flags.flatMap((flag) => wordsOf(verb, flag, parsed[flag.name])));
}

function yargsOption({ value, short, also }: Flag) {
  const alias = [...(short === undefined ? [] : [short]), ...(also ?? [])];
  return value === undefined
    ? { type: 'boolean' as const, alias }
    : { type: 'string' as const, alias, requiresArg: true, nargs: 1 };
}

function wordsOf(verb: Verb, flag: Flag, parsed: unknown): [string, string[]][] {
  if (parsed === undefined) return [];
  const values = (Array.isArray(parsed) ? parsed : [parsed]).map(String);
  if (flag.value === undefined) return [[flag.name, [values.at(-1) ?? '']]];
  if (values.length > 1 && flag.many !== true)
    throw usage(verb, `--${flag.name} is given ${values.length} times`);
  if (values.includes('') && flag.mayBeEmpty !== true) throw usage(verb, `--${flag.name} needs a value`);
  return [[flag.name, values]];
}

function refuseSwitchValues(verb: Verb, flags: readonly Flag[], argv: readonly string[]): void {
  const switches = flags
    .filter(({ value }) => value === undefined)
    .flatMap(({ name, also }) => [name, ...(also ?? [])]);
  const wrong = argv.find((word) =>
    switches.some((name) => word.startsWith(`--${name}=`) || word.startsWith(`--no-${name}=`)),
  );
  if (wrong !== undefined) throw usage(verb, `${wrong.split('=')[0]} takes no value`);
}

function refuseExtraWords(verb: Verb, words: unknown): void {
  const [extra] = Array.isArray(words) ? words : [];
  if (extra !== undefined) throw usage(verb, `${JSON.stringify(String(extra))} belongs to no flag`);
}

export function usage(verb: Verb | undefined, message: string): EvercertError {
  const [line = ''] = message.split('\n');
  return new EvercertError('usage', line, `See: evercert ${verb === undefined ? '' : `${verb} `}--help`);
}
