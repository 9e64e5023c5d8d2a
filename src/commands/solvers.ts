import type { Solver } from '../challenges/solver.ts';
import { staticSolver } from '../challenges/static.ts';
import type { SolverOf } from '../issuance/authorize.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { ChallengeSettings, Settings } from '../lineage/settings.ts';
import { once } from '../promises.ts';
import type { DnsSolverEdges } from './dns-solver.ts';
import type { Edges } from './edges.ts';
import { journalled } from './journalled.ts';

export type SolverEdges = Pick<Edges, 'disk' | 'emit' | 'listenHttp' | 'listenTls' | 'webroot'> &
  DnsSolverEdges;
export type ProofSettings = Pick<Settings, 'names' | 'challenge' | 'challengeByName'>;

/** The solvers of one lineage, by name. */
export type SolverFor = (lineage: string, settings: ProofSettings) => Promise<SolverOf>;

/**
 * Solvers of a run. Lineages that listen on the same port share one listener; where they name different addresses, it
 * listens on all.
 *
 * @param all settings of the run
 * @param hookTimeoutMs for each run of a hook that proves names
 */
export function createSolvers(
  edges: SolverEdges,
  paths: StorePaths,
  all: readonly ProofSettings[],
  hookTimeoutMs: number,
): SolverFor {
  const build = createBuilder(edges, paths, all.flatMap(challengesOf), hookTimeoutMs);
  return async (lineage, settings) => {
    const distinct = challengesOf(settings);
    const solvers = await Promise.all(
      distinct.map(async (challenge, index) => {
        const solver = await build(challenge);
        return solver.leavesTraces
          ? journalled(edges, paths, { lineage, index, count: distinct.length }, challenge, solver)
          : solver;
      }),
    );
    return (name) => solvers[distinct.indexOf(challengeOf(settings, name))] as Solver;
  };
}

export type BuildSolver = (challenge: ChallengeSettings) => Promise<Solver>;

/** @param all that will be built: listeners are shared, hooks run in turn, and one memory holds what was made in webroots */
export function createBuilder(
  edges: SolverEdges,
  paths: StorePaths,
  all: readonly ChallengeSettings[],
  hookTimeoutMs: number,
): BuildSolver {
  const webroot = once(() => edges.webroot());
  const dns = once(async () => (await import('./dns-solver.ts')).createDnsSolvers(edges, paths));
  const hookRuns = once(async () => (await import('./hook-runs.ts')).createHookRuns(edges, hookTimeoutMs));
  const listeners = new Map<string, Promise<Solver>>();
  const shared = (id: string, start: () => Promise<Solver>) => {
    const listener = listeners.get(id) ?? start();
    listeners.set(id, listener);
    return listener;
  };
  return async (challenge) => {
    switch (challenge.type) {
      case 'webroot': {
        const { webrootSolver } = await import('../challenges/webroot.ts');
        return webrootSolver(await webroot(), challenge.roots);
      }
      case 'standalone':
        return shared(`http ${challenge.port}`, async () => {
          const { standaloneSolver } = await import('../challenges/standalone.ts');
          return standaloneSolver(await edges.listenHttp(), addressFor(all, challenge), challenge.port);
        });
      case 'tls-alpn':
        return shared(`tls ${challenge.port}`, async () => {
          const { tlsAlpnSolver } = await import('../challenges/tls-alpn.ts');
          const address = addressFor(all, challenge);
          return tlsAlpnSolver(await edges.listenTls(), address, challenge.port, edges.clock.now);
        });
      case 'static':
        return staticSolver;
      case 'dns':
        return (await dns())(challenge);
      case 'dns-persist':
        return (await import('../challenges/dns/persist.ts')).persistSolver;
      case 'hooks': {
        const { certbotHooksSolver } = await import('../challenges/certbot-hooks.ts');
        return certbotHooksSolver(challenge, await hookRuns());
      }
      case 'dehydrated': {
        const { dehydratedSolver } = await import('../challenges/dehydrated.ts');
        return dehydratedSolver(challenge, await hookRuns());
      }
    }
  };
}

/** Each way that a name of the lineage is proven. */
export function challengesOf(settings: ProofSettings): ChallengeSettings[] {
  return [...new Set(settings.names.map((name) => challengeOf(settings, name)))];
}

/** @param name wildcards with their "*." */
function challengeOf({ challenge, challengeByName = {} }: ProofSettings, name: string): ChallengeSettings {
  return (Object.hasOwn(challengeByName, name) ? challengeByName[name] : undefined) ?? challenge;
}

type Listening = Extract<ChallengeSettings, { type: 'standalone' | 'tls-alpn' }>;

function addressFor(all: readonly ChallengeSettings[], { type, port }: Listening): string {
  const addresses = all.flatMap((other) =>
    other.type === type && other.port === port ? [other.address ?? ''] : [],
  );
  const [only = '', ...others] = new Set(addresses);
  return others.length === 0 ? only : '';
}
