import { EvercertError } from '../errors.ts';
import type { OwnedText } from '../system/owned-file.ts';
import { isNegative, SET_ASIDE_BY, VARIABLES, whyRefused } from './config-rules.ts';
import { type Flag, flagsOf, VERBS, type Verb, verbOf } from './flags.ts';
import type { Words } from './words.ts';

/** Flags of `config.json` that hold for one verb, the stronger layer first. */
type Layers = readonly Layer[];
type Layer = ReadonlyMap<string, Entry>;

/** No values: a switch that is off. */
interface Entry {
  readonly key: string;
  readonly values: readonly string[] | undefined;
}

const WRITABLE_BY_OTHERS = 0o022;

/**
 * Refuses a file that another user could have written: its hooks run as us.
 *
 * @throws EvercertError bad-settings
 */
export function checkOwner(path: string, { uid, mode }: OwnedText, ourUid: number): void {
  if (uid !== ourUid && uid !== 0)
    throw bad(
      path,
      `belongs to user ${uid}`,
      `Give it to the user that runs evercert: chown ${ourUid} ${path}`,
    );
  if ((mode & WRITABLE_BY_OTHERS) !== 0)
    throw bad(path, 'can be written by other users', `Take that right away: chmod go-w ${path}`);
}

/**
 * Checks the whole of `config.json`, also what is meant for other verbs.
 *
 * @returns what holds for this verb
 * @throws EvercertError bad-settings
 */
export function readConfig(path: string, text: string, verb: Verb): Layers {
  const fields = Object.entries(objectOf(path, parseJson(path, text)));
  const shared: [string, unknown][] = [];
  const layers = new Map<Verb, Layer>();
  for (const [key, value] of fields) {
    const about = verbOf(key);
    if (about !== undefined)
      layers.set(about, layerOf(path, `${key}.`, Object.entries(objectOf(path, value, key)), [about]));
    else if (key !== '$schema') shared.push([key, value]);
  }
  const all = layerOf(path, '', shared, VERBS);
  const known = new Set(flagsOf(verb).map(({ name }) => name));
  const isOurs = (name: string) => known.has(name) && whyRefused(name, [verb]) === undefined;
  const ours = new Map([...all].filter(([name]) => isOurs(name)));
  return [layers.get(verb) ?? new Map(), ours];
}

/**
 * Adds to the words of a command line what `config.json` says and nothing stronger denies.
 *
 * @returns the words, and for each flag that was added the key that it came from
 */
export function addConfig(
  words: Words,
  layers: Layers,
  environment: Readonly<Record<string, string | undefined>>,
): { words: Words; origins: ReadonlyMap<string, string> } {
  const merged = new Map(words);
  const origins = new Map<string, string>();
  const said = new Set(words.keys());
  for (const layer of layers) {
    const added = [...layer].filter(
      ([name]) => !isSetAside(name, said) && !environment[VARIABLES[name] ?? ''],
    );
    for (const [name, { key, values }] of added) {
      if (values !== undefined) merged.set(name, values);
      if (values !== undefined) origins.set(name, key);
    }
    for (const [name] of added) said.add(name);
  }
  return { words: merged, origins };
}

function isSetAside(name: string, said: ReadonlySet<string>): boolean {
  const opposite = name.startsWith('no-') ? name.slice('no-'.length) : `no-${name}`;
  return [name, opposite, ...(SET_ASIDE_BY[name] ?? [])].some((each) => said.has(each));
}

/** A value that only shows to be wrong when it is read is blamed on the file that it came from. */
export function blameConfig(path: string, origins: ReadonlyMap<string, string>, error: unknown): unknown {
  if (!(error instanceof EvercertError) || error.code !== 'usage') return error;
  const named = [...origins].find(([name]) => new RegExp(`--${name}(?![\\w-])`).test(error.message));
  return named === undefined ? error : bad(path, `${JSON.stringify(named[1])}: ${error.message}`);
}

function layerOf(path: string, prefix: string, fields: [string, unknown][], verbs: readonly Verb[]): Layer {
  const flags = verbs.flatMap(flagsOf);
  return new Map(
    fields.map(([name, value]) => {
      const key = `${prefix}${name}`;
      const flag = findFlag(path, key, name, verbs);
      return entryOf(path, key, flag, value, flags);
    }),
  );
}

function findFlag(path: string, key: string, name: string, verbs: readonly Verb[]): Flag {
  const flags = verbs.flatMap(flagsOf);
  const flag = flags.find((each) => each.name === name);
  const why = whyRefused(name, verbs);
  if (flag !== undefined && why !== undefined)
    throw bad(path, `${JSON.stringify(key)} cannot be set here: ${why}`, 'Give it on the command line.');
  if (flag === undefined || isNegative(name, flags))
    throw bad(
      path,
      `${JSON.stringify(key)} ${flag === undefined ? 'is no flag' : 'is written without "no-", as false'}`,
    );
  return flag;
}

function entryOf(
  path: string,
  key: string,
  flag: Flag,
  value: unknown,
  flags: readonly Flag[],
): [string, Entry] {
  if (flag.value === undefined) {
    if (typeof value !== 'boolean') throw bad(path, `${JSON.stringify(key)} must be true or false`);
    const opposite = flags.find(({ name }) => name === `no-${flag.name}`);
    if (value || opposite === undefined) return [flag.name, { key, values: value ? [''] : undefined }];
    return [opposite.name, { key, values: [''] }];
  }
  return [flag.name, { key, values: valuesOf(path, key, flag, value) }];
}

/** The values of a flag that takes one, as they would stand on the command line. */
export function valuesOf(path: string, key: string, flag: Flag, value: unknown): string[] {
  const values = (flag.many === true && Array.isArray(value) ? value : [value]).map((each: unknown) =>
    typeof each === 'number' && Number.isSafeInteger(each) ? String(each) : each,
  );
  if (!values.every((each) => typeof each === 'string'))
    throw bad(
      path,
      `${JSON.stringify(key)} must be a string or a whole number${flag.many === true ? ', or a list of them' : ''}`,
    );
  if (values.length === 0 || (values.includes('') && flag.mayBeEmpty !== true))
    throw bad(path, `${JSON.stringify(key)} is empty`);
  return values;
}

function parseJson(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw bad(path, 'is no JSON');
  }
}

function objectOf(path: string, value: unknown, key?: string): object {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value;
  throw bad(path, `${key === undefined ? 'its top level' : JSON.stringify(key)} must be an object`);
}

const LONGEST_TOLD = 300;
const HINT = 'Correct it; docs/config.schema.json says what may stand in it.';

function bad(path: string, what: string, hint = HINT): EvercertError {
  const told = what.slice(0, LONGEST_TOLD).replace(/[\p{Cc}\p{Cf}]/gu, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
  return new EvercertError('bad-settings', `${path}: ${told}`, hint);
}
