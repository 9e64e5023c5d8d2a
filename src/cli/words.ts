import { EvercertError } from '../errors.ts';
import { type Flag, flagsOf, type Verb } from './flags.ts';

/** Flags as they were written: for each name its values, in order; a switch has one empty value. */
export type Words = ReadonlyMap<string, readonly string[]>;

/**
 * Splits an argument list by yargs, and refuses first what yargs would swallow: a switch with a value, a flag without
 * its value, a scalar given twice, words that belong to nothing.
 *
 * @throws EvercertError usage
 */
export async function splitWords(verb: Verb, argv: readonly string[]): Promise<Words> {
  const flags = flagsOf(verb);
  checkWords(verb, flags, argv);
  const { default: yargs } = await import('yargs');
  const parser = yargs()
    .help(false)
    .version(false)
    .exitProcess(false)
    .parserConfiguration({
      'boolean-negation': false,
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
  return new Map(flags.flatMap((flag) => wordsOf(verb, flag, parsed[flag.name])));
}

/** A switch is counted: yargs' booleans take a "false" that stands after them. */
function yargsOption({ value, short, also }: Flag) {
  const alias = [...(short === undefined ? [] : [short]), ...(also ?? [])];
  return value === undefined
    ? { type: 'count' as const, alias }
    : { type: 'string' as const, alias, requiresArg: true, nargs: 1 };
}

function wordsOf(verb: Verb, flag: Flag, parsed: unknown): [string, string[]][] {
  if (flag.value === undefined) return parsed === undefined || parsed === 0 ? [] : [[flag.name, ['']]];
  if (parsed === undefined) return [];
  const values = (Array.isArray(parsed) ? parsed : [parsed]).map(String);
  if (values.length > 1 && flag.many !== true) {
    throw usage(verb, `--${flag.name} is given ${values.length} times`);
  }
  if (values.includes('') && flag.mayBeEmpty !== true) throw usage(verb, `--${flag.name} needs a value`);
  return [[flag.name, values]];
}

function checkWords(verb: Verb, flags: readonly Flag[], argv: readonly string[]): void {
  for (let at = 0; at < argv.length; ) at += checkWord(verb, flags, argv[at] ?? '', argv[at + 1]);
}

/** @returns how many words this flag takes */
function checkWord(verb: Verb, flags: readonly Flag[], word: string, next: string | undefined): number {
  if (!word.startsWith('-') || word === '-') throw usage(verb, `${JSON.stringify(word)} belongs to no flag`);
  const long = /^--([^=]*)(=?)/s.exec(word);
  if (long === null) return checkShort(verb, flags, word, next);
  const [, name = '', equals] = long;
  const flag = flags.find((each) => each.name === name || each.also?.includes(name));
  if (flag === undefined) throw usage(verb, `there is no flag --${name}${suggestion(flags, name)}`);
  if (flag.value === undefined && equals !== '') throw usage(verb, `--${name} takes no value`);
  return flag.value === undefined || equals !== '' ? 1 : checkNext(verb, `--${name}`, next);
}

/** `-q`, `-nq`, `-d NAME`, `-dNAME`, `-nd=NAME` … */
function checkShort(verb: Verb, flags: readonly Flag[], word: string, next: string | undefined): number {
  for (const [index, letter] of [...word.slice(1)].entries()) {
    const flag = flags.find(({ short }) => short === letter);
    if (flag === undefined && index > 0) throw usage(verb, `${word.slice(0, index + 1)} takes no value`);
    if (flag === undefined) throw usage(verb, `there is no flag -${letter}`);
    if (flag.value === undefined) continue;
    return index + 2 < word.length ? 1 : checkNext(verb, `-${letter}`, next);
  }
  return 1;
}

function checkNext(verb: Verb, flag: string, next: string | undefined): number {
  if (next === undefined) throw usage(verb, `${flag} needs a value`);
  if (/^-./s.test(next)) {
    throw usage(
      verb,
      `${flag} needs a value, and ${next} looks like a flag (if it is the value: ${flag}=${next})`,
    );
  }
  return 2;
}

function suggestion(flags: readonly Flag[], name: string): string {
  const near = flags.find(
    (flag) => flag.name.startsWith(name) || name.startsWith(flag.name) || isTypo(flag.name, name),
  );
  return near === undefined || name === '' ? '' : `; did you mean --${near.name}?`;
}

/** One letter too many, too few, other, or two exchanged. */
function isTypo(left: string, right: string): boolean {
  let head = 0;
  while (head < left.length && left[head] === right[head]) head += 1;
  let tail = 0;
  while (tail < Math.min(left.length, right.length) - head && left.at(-1 - tail) === right.at(-1 - tail))
    tail += 1;
  return Math.max(left.length, right.length) - head - tail <= 2 && Math.abs(left.length - right.length) <= 1;
}

export function usage(verb: Verb | undefined, message: string): EvercertError {
  const [line = ''] = message.split('\n');
  return new EvercertError('usage', line, `See: evercert ${verb === undefined ? '' : `${verb} `}--help`);
}
