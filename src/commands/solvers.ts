import type { Solver } from '../challenges/solver.ts';
import { standaloneSolver } from '../challenges/standalone.ts';
import { webrootSolver } from '../challenges/webroot.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';

export type SolverFor = (challenge: ChallengeSettings) => Promise<Solver>;

/**
 * Solvers of a run. Lineages that listen on the same port share one listener; where they name different addresses, it
 * listens on all.
 *
 * @param challenges of all lineages of the run
 */
export function createSolvers(
  edges: Pick<Edges, 'listenHttp' | 'webroot'>,
  challenges: readonly ChallengeSettings[],
): SolverFor {
  const listeners = new Map<number, Promise<Solver>>();
  return async (challenge) => {
    if (challenge.type === 'webroot') return webrootSolver(await edges.webroot(), challenge.roots);
    const { port } = challenge;
    const start = async () => standaloneSolver(await edges.listenHttp(), addressFor(challenges, port), port);
    const listener = listeners.get(port) ?? start();
    listeners.set(port, listener);
    return listener;
  };
}

function addressFor(challenges: readonly ChallengeSettings[], port: number): string {
  const addresses = challenges.flatMap((challenge) =>
    challenge.type === 'standalone' && challenge.port === port ? [challenge.address ?? ''] : [],
  );
  const [only = '', ...others] = new Set(addresses);
  return others.length === 0 ? only : '';
}
