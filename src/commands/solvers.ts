import type { Solver } from '../challenges/solver.ts';
import { staticSolver } from '../challenges/static.ts';
import { EvercertError } from '../errors.ts';
import type { SolverOf } from '../issuance/authorize.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { ChallengeSettings, Settings } from '../lineage/settings.ts';
import type { Webroot } from '../system/webroot.ts';
import type { DnsSolverEdges, DnsSolvers } from './dns-solver.ts';
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
 */
export function createSolvers(
  edges: SolverEdges,
  paths: StorePaths,
  all: readonly ProofSettings[],
): SolverFor {
  const build = createBuilder(edges, paths, all.flatMap(challengesOf));
  return async (lineage, settings) => {
    const distinct = challengesOf(settings);
    const solvers = await Promise.all(
      distinct.map(async (challenge, index) => {
        const solver = await build(challenge);
        return solver.leavesTraces
          ? journalled(edges, paths, `${lineage}.${index}`, lineage, challenge, solver)
          : solver;
      }),
    );
    return (name) => solvers[distinct.indexOf(challengeOf(settings, name))] as Solver;
  };
}

export type BuildSolver = (challenge: ChallengeSettings) => Promise<Solver>;

/** @param all that will be built: listeners are shared, and so is what was made in webroots */
export function createBuilder(
  edges: SolverEdges,
  paths: StorePaths,
  all: readonly ChallengeSettings[],
): BuildSolver {
  const listeners = new Map<string, Promise<Solver>>();
  let webroot: Promise<Webroot> | undefined;
  const shared = (id: string, start: () => Promise<Solver>) => {
    const listener = listeners.get(id) ?? start();
    listeners.set(id, listener);
    return listener;
  };
  let dns: Promise<DnsSolvers> | undefined;
  return async (challenge) => {
    switch (challenge.type) {
      case 'webroot': {
        const { webrootSolver } = await import('../challenges/webroot.ts');
        webroot ??= edges.webroot();
        return webrootSolver(await webroot, challenge.roots);
      }
      case 'standalone':
        return shared(`http ${challenge.port}`, async () => {
          const { standaloneSolver } = await import('../challenges/standalone.ts');
          return standaloneSolver(await edges.listenHttp(), addressFor(all, challenge), challenge.port);
        });
      case 'static':
        return staticSolver;
      case 'dns-persist':
        return (await import('../challenges/dns/persist.ts')).persistSolver;
      case 'dns': {
        dns ??= import('./dns-solver.ts').then(({ createDnsSolvers }) => createDnsSolvers(edges, paths));
        return (await dns)(challenge);
      }
      case 'tls-alpn':
        return shared(`tls ${challenge.port}`, async () => {
          const { tlsAlpnSolver } = await import('../challenges/tls-alpn.ts');
          const address = addressFor(all, challenge);
          return tlsAlpnSolver(await edges.listenTls(), address, challenge.port, edges.clock.now);
        });
      case 'hooks':
      case 'dehydrated':
        throw new EvercertError('bad-settings', `challenge ${challenge.type} is not there yet`, '');
    }
  };
}

/** Each way that a name of the lineage is proven. */
function challengesOf(settings: ProofSettings): ChallengeSettings[] {
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
