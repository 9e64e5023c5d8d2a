import type { Verify } from '../deploy/check.ts';
import type { Hooks } from '../deploy/hooks.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Edges } from './edges.ts';
import type { Sessions } from './sessions.ts';
import type { SolverFor } from './solvers.ts';

/** What all lineages of a run share. */
export interface Work {
  readonly edges: Pick<Edges, 'disk' | 'clock' | 'emit' | 'lookUpGroup' | 'signal'>;
  readonly paths: StorePaths;
  readonly sessions: Sessions;
  readonly solverFor: SolverFor;
  readonly hooks: Hooks;
  readonly verify: Verify;
  /** A new private key, this once, whatever the settings say. */
  readonly newKey: boolean;
}

/** What of it the way from live to deployed needs. */
export type DeployWork = Pick<Work, 'edges' | 'paths' | 'hooks' | 'verify'>;

/** For one order, from newOrder to the download. */
export const ORDER_TIMEOUT_MS = 300_000;
