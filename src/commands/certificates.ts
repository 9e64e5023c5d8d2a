import { EvercertError } from '../errors.ts';
import type { CertificateState } from '../events.ts';
import { livePath, type StorePaths } from '../lineage/paths.ts';
import { type BrokenLineage, type Lineage, listLineages, scanLineage } from '../lineage/scan.ts';
import { decide, type Plan } from '../renewal/decide.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { findStore } from './open-store.ts';
import { summarize } from './summarize.ts';

export interface CertificatesOptions extends StoreOptions {
  readonly certName: string | undefined;
}

const NOTHING = { names: [], misnamed: [] };

/** Lists the lineages by the same scan as renew. @returns the exit status: 1 when one is broken */
export function certificates(options: CertificatesOptions, edges: Edges): number {
  const paths = findStore(options, edges);
  const { names, misnamed } = paths === undefined ? NOTHING : listLineages(edges.disk, paths);
  for (const detail of misnamed) edges.emit({ type: 'warning', code: 'misnamed-settings', detail });
  const wanted = options.certName === undefined ? names : names.filter((name) => name === options.certName);
  if (options.certName !== undefined && wanted.length === 0) {
    throw new EvercertError(
      'unknown-lineage',
      `there is no lineage ${options.certName}`,
      'evercert certificates lists them all.',
    );
  }
  if (paths === undefined || wanted.length === 0) {
    edges.emit({ type: 'warning', code: 'no-lineages', detail: options.configDir });
    return 0;
  }
  const states = wanted.map((name) => tell(paths, name, edges));
  return states.includes('broken') ? 1 : 0;
}

function tell(paths: StorePaths, name: string, edges: Edges): CertificateState | undefined {
  const lineage = scanLineage(edges.disk, paths, name);
  if (lineage === undefined) return undefined;
  const plan = decide(lineage, edges.clock.now(), undefined);
  const state = stateOf(lineage, plan);
  const { error } = plan;
  edges.emit({
    type: 'certificate',
    ...summarize(lineage, plan),
    state,
    path: livePath(paths, name),
    ...(error === undefined ? {} : { error }),
  });
  return state;
}

function stateOf(lineage: Lineage | BrokenLineage, { action, reason }: Plan): CertificateState {
  if (lineage.kind === 'broken' || reason === 'damaged') return 'broken';
  if (reason === 'expired' || reason === 'pinned') return reason;
  if (reason === 'not-deployed' || reason === 'deploy-waiting') return 'not-deployed';
  if (reason === 'never-issued') return 'never-issued';
  if (reason === 'interrupted' || reason === 'published-not-live') return 'interrupted';
  return action === 'skip' ? 'valid' : 'due';
}
