import { isDeepStrictEqual } from 'node:util';
import { readCredentials } from '../challenges/dns/credentials.ts';
import { findProvider } from '../challenges/dns/registry.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { DnsSettings, DnsSolverEdges } from './dns-solver.ts';
import { challengesOf, type ProofSettings } from './solvers.ts';

/**
 * While a person looks on, and before a CA is asked: that there are such DNS providers, and that they have their
 * credentials. What only this shell has is told, since no timer will have it.
 *
 * @throws EvercertError bad-settings, credentials-missing, credentials-exposed
 */
export async function checkProviders(
  edges: DnsSolverEdges,
  paths: StorePaths,
  lineage: string,
  settings: ProofSettings,
): Promise<void> {
  for (const challenge of challengesOf(settings)) {
    if (challenge.type !== 'dns') continue;
    const { createDnsSolvers } = await import('./dns-solver.ts');
    await createDnsSolvers(edges, paths)(challenge);
    const isKept = await hasLasting(edges, paths, challenge);
    const detail = challenge.provider;
    if (!isKept) edges.emit({ type: 'warning', lineage, code: 'credentials-of-this-shell', detail });
  }
}

/** Whether the file, or the systemd credential, says all that this shell says. */
async function hasLasting(
  edges: DnsSolverEdges,
  paths: StorePaths,
  { provider, credentials: file }: DnsSettings,
): Promise<boolean> {
  const definition = await findProvider(provider, { loadPackage: await edges.packages(paths.root) });
  const { CREDENTIALS_DIRECTORY } = edges.environment;
  const lasting = { ...edges, environment: { CREDENTIALS_DIRECTORY } };
  const { credentials } = definition;
  const lenient = {
    ...definition,
    credentials: credentials === 'any' ? credentials : credentials.map(notNeeded),
  };
  return isDeepStrictEqual(readCredentials(definition, file, edges), readCredentials(lenient, file, lasting));
}

function notNeeded<T extends object>(credential: T): T & { optional: true } {
  return { ...credential, optional: true };
}
