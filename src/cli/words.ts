import { EvercertError } from '../errors.ts';
import { type Flag, flagsOf, type Verb } from './flags.ts';
import { flagOfAnother } from './other-tools.ts';

/** Flags as they were written: for each name its values, in order; a switch has one empty value. */
export type Words = ReadonlyMap<string, readonly string[]>;

/**
 * Parses an argument list by yargs. Before that, what yargs would swallow is refused (a switch with a value, a flag
 * without its value, words that belong to nothing), and what it does not know (-dNAME) is written out.
 *
 * @throws EvercertError usage
 */
export async function splitWords(verb: Verb, argv: readonly string[]): Promise<Words> {
  const flags = flagsOf(verb);
  const plain = occurrences(verb, argv).map(({ flag, value }) =>
    flag.value === undefined ? `--${flag.name}` : `--${flag.name}=${value}`,
  );
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
  const parsed = (await parser.parse(plain)) as Record<string, unknown>;
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
  if (values.includes('') && !mayBeEmpty(flag, values)) throw usage(verb, `--${flag.name} needs a value`);
  return [[flag.name, values]];
}

/** What takes all away stands alone. */
function mayBeEmpty(
  { mayBeEmpty = false, emptyTakesAway = false }: Flag,
  values: readonly string[],
): boolean {
  return mayBeEmpty || (emptyTakesAway && values.length === 1);
}

/** A flag as it stands among the words, with its value if it takes one. */
export interface Occurrence {
  readonly flag: Flag;
  readonly value: string;
}

/**
 * The flags of an argument list in their order, by the same rules as yargs.
 *
 * @throws EvercertError usage
 */
export function occurrences(verb: Verb, argv: readonly string[]): Occurrence[] {
  const flags = flagsOf(verb);
  const found: Occurrence[] = [];
  for (let at = 0; at < argv.length; ) {
    const word = argv[at] ?? '';
    if (!word.startsWith('-') || word === '-')
      throw usage(verb, `${JSON.stringify(word)} belongs to no flag`);
    const read = word.startsWith('--') ? readLong : readShort;
    const { taken, here } = read(verb, flags, word, argv[at + 1]);
    found.push(...here);
    at += taken;
  }
  return found;
}

interface Taken {
  /** How many words. */
  readonly taken: 1 | 2;
  readonly here: readonly Occurrence[];
}

function readLong(verb: Verb, flags: readonly Flag[], word: string, next: string | undefined): Taken {
  const [, name = '', equals, value = ''] = /^--([^=]*)(=?)(.*)$/s.exec(word) ?? [];
  const flag = flags.find((each) => each.name === name || each.also?.includes(name));
  if (flag === undefined) throw unknownFlag(verb, flags, name);
  if (flag.value === undefined && equals !== '') throw usage(verb, `--${name} takes no value`);
  if (flag.value === undefined || equals !== '') return { taken: 1, here: [{ flag, value }] };
  return { taken: 2, here: [{ flag, value: valueAfter(verb, `--${name}`, next) }] };
}

/** `-q`, `-nq`, `-d NAME`, `-dNAME`, `-nd=NAME` … */
function readShort(verb: Verb, flags: readonly Flag[], word: string, next: string | undefined): Taken {
  const here: Occurrence[] = [];
  for (const [index, letter] of [...word.slice(1)].entries()) {
    const flag = flags.find(({ short }) => short === letter);
    if (flag === undefined) {
      throw usage(
        verb,
        index > 0 ? `${word.slice(0, index + 1)} takes no value` : `there is no flag -${letter}`,
      );
    }
    const glued = word.slice(index + 2).replace(/^=/, '');
    if (flag.value === undefined) here.push({ flag, value: '' });
    else if (index + 2 < word.length) return { taken: 1, here: [...here, { flag, value: glued }] };
    else return { taken: 2, here: [...here, { flag, value: valueAfter(verb, `-${letter}`, next) }] };
  }
  return { taken: 1, here };
}

function valueAfter(verb: Verb, flag: string, next: string | undefined): string {
  if (next === undefined) throw usage(verb, `${flag} needs a value`);
  if (!/^-./s.test(next)) return next;
  throw usage(
    verb,
    `${flag} needs a value, and ${next} looks like a flag (if it is the value: ${flag}=${next})`,
  );
}

function unknownFlag(verb: Verb, flags: readonly Flag[], name: string): EvercertError {
  const message = `there is no flag --${name}`;
  const hint = flagOfAnother(name);
  return hint === undefined
    ? usage(verb, `${message}${suggestion(flags, name)}`)
    : new EvercertError('usage', message, hint);
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
