import { EvercertError } from '../errors.ts';
import type { Webroot } from '../system/webroot.ts';
import type { Solver } from './solver.ts';

/** Puts answers into the directories that web servers serve; `roots` holds one for each name. A trace says which directories are to go again. */
export function webrootSolver(files: Webroot, roots: Readonly<Record<string, string>>): Solver {
  return {
    type: 'http-01',
    leavesTraces: true,
    present: async (challenges, remember) => {
      const claimed = new Set<string>();
      for (const challenge of challenges) {
        const root = rootOf(roots, challenge.name);
        const claim = claimed.has(root) ? undefined : files.claim(root);
        // On record before it is made: a run that dies in between leaves nothing.
        if (claim !== undefined) await remember(challenge, claim);
        claimed.add(root);
        files.place(root, challenge.token, challenge.keyAuthorization);
      }
    },
    cleanUp: async (challenges) => {
      for (const { name, token, trace } of challenges) files.remove(rootOf(roots, name), token, trace);
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
