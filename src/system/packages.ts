import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { basename, delimiter, dirname, isAbsolute, join } from 'node:path';
import { pathToFileURL } from 'node:url';

/** The exports of an installed npm package; undefined when it is not installed. Throws what its code throws. */
export type LoadPackage = (name: string) => Promise<unknown>;

/**
 * The directories in which packages of others are looked for, the first first: node_modules of the store, those above a
 * file of ours (siblings of a global or a local install), and NODE_PATH. Not those above the store: others may write there.
 *
 * @param self absolute path, links followed
 */
export function packagePlaces(configDir: string, self: string, nodePath: string | undefined): string[] {
  const given = (nodePath ?? '').split(delimiter).filter((path) => isAbsolute(path));
  return [join(configDir, 'node_modules'), ...modulesAbove(self), ...given];
}

function modulesAbove(path: string): string[] {
  const above = dirname(path);
  if (above === path) return [];
  return basename(above) === 'node_modules' ? [above, ...modulesAbove(above)] : modulesAbove(above);
}

/** @param name without a scope */
export function createPackageLoader(places: readonly string[]): LoadPackage {
  return async (name) => {
    const directory = places
      .map((place) => join(place, name))
      .find((each) => existsSync(join(each, 'package.json')));
    return directory === undefined ? undefined : import(pathToFileURL(entryOf(directory, name)).href);
  };
}

/** Its "exports", be they for import alone; else its "main". */
function entryOf(directory: string, name: string): string {
  const own = createRequire(join(directory, 'package.json'));
  const { exports } = own('./package.json');
  if (exports === undefined) return own.resolve(directory);
  const file = importedFrom(exports);
  return file === undefined ? own.resolve(name) : join(directory, file);
}

const CONDITIONS = ['import', 'node', 'default'];

/** The file that `import` would take; undefined where only `require` has one. */
function importedFrom(exports: unknown): string | undefined {
  if (typeof exports === 'string') return exports.startsWith('./') ? exports : undefined;
  if (typeof exports !== 'object' || exports === null) return undefined;
  const entries = Object.entries(exports);
  const [, target] = entries.find(([key]) => key === '.' || CONDITIONS.includes(key)) ?? [];
  return importedFrom(target);
}
