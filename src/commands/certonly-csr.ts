import { basename, dirname, resolve } from 'node:path';
import type { Proof } from '../challenges/solver.ts';
import { asEvercertError, EvercertError } from '../errors.ts';
import { obtainCertificate } from '../issuance/order.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { checkSettings, type Settings } from '../lineage/settings.ts';
import { checkChain } from '../x509/certificate.ts';
import { type Csr, readCsr } from '../x509/csr.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import type { CertonlyOptions } from './certonly.ts';
import { checkLocal } from './check-local.ts';
import type { Edges } from './edges.ts';
import { openStore, withoutLeftovers } from './open-store.ts';
import { createPreflight } from './preflight.ts';
import { createSessions } from './sessions.ts';
import { challengesOf, createSolvers } from './solvers.ts';
import { wantedSettings } from './wanted-settings.ts';

/** Where the certificate for an operator's own request goes; there is no lineage, and nothing is renewed. */
export interface CsrOptions {
  readonly csrFile: string;
  readonly certPath: string;
  readonly chainPath: string;
  readonly fullchainPath: string;
}

/** @returns the exit status */
export async function certonlyCsr(options: CertonlyOptions & CsrOptions, edges: Edges): Promise<number> {
  const csr = await loadCsr(options.csrFile, edges);
  const settings = wantedOnce(csr, options);
  const targets = [options.certPath, options.chainPath, options.fullchainPath].map((path) => resolve(path));
  checkTargets(edges, targets);
  await checkLocal(edges, settings);
  const paths = await openStore(options, edges);
  await withoutLeftovers(edges, paths);
  const sessions = createSessions(edges, paths, options.account);
  try {
    await obtain(csr, settings, options, targets, edges, paths, sessions);
  } finally {
    sessions.close();
  }
  return 0;
}

/** What a lineage of the request's names would be. */
function wantedOnce({ names }: Csr, { lineage }: CertonlyOptions): Settings {
  const settings = checkSettings(wantedSettings(names, lineage, undefined));
  const isProver = challengesOf(settings).some(({ type }) => type === 'dehydrated');
  if (isProver || !lineage.typed.includes('dehydrated-hook')) return settings;
  throw new EvercertError(
    'usage',
    '--csr runs no hooks: --dehydrated-hook is not run where names are proven another way',
    'Leave one of them out.',
  );
}

async function loadCsr(path: string, { disk }: Edges): Promise<Csr> {
  const bytes = readFile(disk, resolve(path));
  if (bytes === undefined)
    throw new EvercertError('bad-csr', `${path} does not exist, or is no file`, 'Check --csr.');
  return readCsr(bytes);
}

function readFile(disk: Edges['disk'], path: string): Buffer | undefined {
  try {
    return disk.readBytes(path);
  } catch (error) {
    if (asEvercertError(error).code === 'store-access') return undefined;
    throw error;
  }
}

/** All that could keep the files from being written is found before the CA is asked. */
function checkTargets({ disk }: Edges, targets: readonly string[]): void {
  const choose = 'choose other files: --cert-path, --chain-path, --fullchain-path.';
  const twice = targets.find((path, index) => targets.indexOf(path) !== index);
  if (twice !== undefined)
    throw new EvercertError('usage', `${twice} is to be two things at once`, `Please ${choose}`);
  const taken = targets.find((path) => disk.exists(path));
  if (taken !== undefined) throw new EvercertError('usage', `${taken} exists`, `Move it away, or ${choose}`);
  const homeless = targets.find((path) => disk.directory(dirname(path)) === undefined);
  if (homeless !== undefined)
    throw new EvercertError('usage', `${dirname(homeless)} does not exist`, `Make it, or ${choose}`);
}

async function obtain(
  csr: Csr,
  settings: Settings,
  options: CertonlyOptions,
  targets: readonly string[],
  edges: Edges,
  paths: StorePaths,
  sessions: ReturnType<typeof createSessions>,
): Promise<void> {
  const connection = await sessions.of(settings.server, settings.caBundle);
  const request = {
    identifiers: csr.names.map(parseIdentifier),
    preferredChain: settings.preferredChain,
    earlier: undefined,
    replaces: undefined,
    profile: undefined,
    timeoutMs: options.issuanceTimeoutMs,
  };
  const preflight = createPreflight(edges, { always: true, waits: options.debugChallenges });
  const listener = {
    placed: async () => undefined,
    step: () => undefined,
    replacesRefused: () => undefined,
    profileMissing: () => undefined,
    presented: (proofs: readonly Proof[]) =>
      preflight.presented({ name: 'csr', state: undefined }, connection, proofs),
  };
  const { pem } = await obtainCertificate(
    connection,
    request,
    await createSolvers(edges, paths, [settings], options.hookTimeoutMs)('csr', settings),
    async () => csr.der,
    listener,
  );
  const { certPem, chainPem } = checkChain(pem, csr.publicKey, csr.names, edges.clock.now());
  for (const [index, data] of [certPem, chainPem, certPem + chainPem].entries()) {
    const path = targets[index] ?? '';
    edges.disk.createFile(dirname(path), { name: basename(path), data, mode: 0o644 });
  }
  edges.emit({ type: 'saved', files: targets });
}
