import type { Verify } from '../deploy/check.ts';
import type { Hooks } from '../deploy/hooks.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Edges } from './edges.ts';
import type { Preflight } from './preflight.ts';
import type { Sessions } from './sessions.ts';
import type { SolverFor } from './solvers.ts';

/** What all lineages of a run share. */
export interface Work {
  readonly edges: Pick<Edges, 'disk' | 'clock' | 'emit' | 'signal' | 'lookUpGroup'>;
  readonly paths: StorePaths;
  readonly sessions: Sessions;
  readonly solverFor: SolverFor;
  readonly preflight: Preflight;
  readonly hooks: Hooks;
  readonly verify: Verify;
  /** A new private key, this once, whatever the settings say. */
  readonly newKey: boolean;
  /** A person waits for the result: nothing is deferred, and no failure is remembered. */
  readonly attended: boolean;
  /** `--force-renewal`: nothing is deferred, but remembered. */
  readonly forced: boolean;
  /** For one order, from newOrder to the download. */
  readonly issuanceTimeoutMs: number;
}

/** What of it the way from live to deployed needs. */
export type DeployWork = Pick<Work, 'edges' | 'paths' | 'hooks' | 'verify'>;
