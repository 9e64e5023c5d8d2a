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

/** Its "exports", which only a package's own name leads to; else its "main". */
function entryOf(directory: string, name: string): string {
  const own = createRequire(join(directory, 'package.json'));
  const { exports } = own('./package.json');
  return own.resolve(exports === undefined ? directory : name);
}
