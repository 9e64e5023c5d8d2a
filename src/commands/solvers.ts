import type { Solver } from '../challenges/solver.ts';
import { standaloneSolver } from '../challenges/standalone.ts';
import { webrootSolver } from '../challenges/webroot.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';

export type SolverFor = (challenge: ChallengeSettings) => Promise<Solver>;

/** Solvers of a run: lineages that listen on the same port share one listener. */
export function createSolvers(edges: Pick<Edges, 'listenHttp' | 'webroot'>): SolverFor {
  const listeners = new Map<string, Solver>();
  return async (challenge) => {
    if (challenge.type === 'webroot') return webrootSolver(await edges.webroot(), challenge.roots);
    const { address = '', port } = challenge;
    const listen = await edges.listenHttp();
    const solver = listeners.get(`${address} ${port}`) ?? standaloneSolver(listen, address, port);
    listeners.set(`${address} ${port}`, solver);
    return solver;
  };
}
