import type { EvercertError } from '../errors.ts';
import type { Verb } from './flags.ts';
import { usage, type Words } from './words.ts';

/** Typed access to the flags of one command line. */
export interface Reader {
  on(name: string): boolean;
  /** Whether it stands on the command line itself, and not only in `config.json`. */
  typed(name: string): boolean;
  /** True for `--NAME`, false for `--no-NAME`, undefined when neither is given. */
  maybeOn(name: string): boolean | undefined;
  text(name: string): string | undefined;
  /** All values, split at commas. */
  list(name: string): string[];
  /** All values; undefined when there is none. */
  all(name: string): readonly string[] | undefined;
  /** A whole number within the bounds. */
  number(name: string, min: number, max: number): number | undefined;
  choice<C extends object>(name: string, choices: C): C[keyof C] | undefined;
  usage(message: string): EvercertError;
}

/** @param typed what of the words stands on the command line itself */
export function createReader(verb: Verb, words: Words, typed: Words = words): Reader {
  const text = (name: string) => words.get(name)?.[0];
  const on = (name: string) => words.has(name);
  const fail = (message: string) => usage(verb, message);
  return {
    on,
    typed: (name) => typed.has(name),
    maybeOn: (name) => {
      if (on(name) && on(`no-${name}`)) throw fail(`--${name} and --no-${name} exclude each other`);
      return on(name) ? true : on(`no-${name}`) ? false : undefined;
    },
    text,
    list: (name) => (words.get(name) ?? []).flatMap((value) => value.split(',')).map((value) => value.trim()),
    all: (name) => words.get(name),
    number: (name, min, max) => {
      const value = text(name);
      if (value === undefined) return undefined;
      if (/^\d{1,9}$/.test(value) && Number(value) >= min && Number(value) <= max) return Number(value);
      throw fail(`--${name} ${JSON.stringify(value)} is no whole number from ${min} to ${max}`);
    },
    choice: (name, choices) => {
      const value = text(name);
      if (value === undefined) return undefined;
      const key = value.toLowerCase() as keyof typeof choices;
      if (Object.hasOwn(choices, key)) return choices[key];
      throw fail(`--${name} ${JSON.stringify(value)} is none of: ${Object.keys(choices).join(', ')}`);
    },
    usage: fail,
  };
}
