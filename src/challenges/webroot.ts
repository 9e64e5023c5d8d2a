import { EvercertError } from '../errors.ts';
import type { Webroot } from '../system/webroot.ts';
import type { Solver } from './solver.ts';

/** Puts answers into the directories that web servers serve; `roots` holds one for each name. */
export function webrootSolver(files: Webroot, roots: Readonly<Record<string, string>>): Solver {
  return {
    type: 'http-01',
    leavesTraces: true,
    present: async (challenges) => {
      for (const { name, token, keyAuthorization } of challenges)
        files.place(rootOf(roots, name), token, keyAuthorization);
    },
    cleanUp: async (challenges) => {
      for (const { name, token } of challenges) files.remove(rootOf(roots, name), token);
    },
  };
}

function rootOf(roots: Readonly<Record<string, string>>, name: string): string {
  const root = Object.hasOwn(roots, name) ? roots[name] : undefined;
  if (root !== undefined) return root;
  throw new EvercertError(
    'bad-settings',
    `no webroot is set for ${name}`,
    `Add it to challenge.roots in the settings, or run certonly again with -w DIRECTORY -d ${name}.`,
  );
}
