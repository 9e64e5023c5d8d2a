import { EvercertError } from '../errors.ts';
import { readAccount } from '../lineage/accounts.ts';
import { defaultLineageName, lineageName, type StorePaths, storePaths } from '../lineage/paths.ts';
import { removePending } from '../lineage/pending.ts';
import { type BrokenLineage, type Lineage, lineageNames, readLineage } from '../lineage/scan.ts';
import { checkSettings, readSettings, type Settings, saveSettings } from '../lineage/settings.ts';
import { decide } from '../renewal/decide.ts';
import { parseIdentifier, sameNames } from '../x509/identifier.ts';
import { withChallenge } from './ask-challenge.ts';
import { checkLocal } from './check-local.ts';
import { checkProviders } from './check-providers.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { openStore, withoutLeftovers } from './open-store.ts';
import { planEvent, withoutUseless } from './plan-all.ts';
import { enrolAtFallbacks, ensureAccount } from './ready-accounts.ts';
import { runOne } from './run-one.ts';
import type { AccountOptions } from './sessions.ts';
import { type LineageOptions, wantedSettings } from './wanted-settings.ts';

export interface CertonlyOptions extends StoreOptions {
  /** As given; empty when the person is to be asked. */
  readonly names: readonly string[];
  readonly certName: string | undefined;
  readonly lineage: LineageOptions;
  readonly account: AccountOptions;
  readonly force: boolean;
  /** The names of an existing lineage may grow. */
  readonly expand: boolean;
  /** A new key although the settings say reuseKey. */
  readonly newKey: boolean;
  readonly dryRun: boolean;
  /** Show what is presented, and wait, before the CA is told. */
  readonly debugChallenges: boolean;
  readonly hookTimeoutMs: number;
  readonly issuanceTimeoutMs: number;
}

/** Obtains a certificate, or makes an existing one what is wanted now. @returns the exit status */
export async function certonly(options: CertonlyOptions, edges: Edges): Promise<number> {
  const names = await wantedNames(options, edges);
  const before = understand(storePaths(options.configDir), names, options, edges);
  const lineageOptions = await withChallenge(names, before.old, options.lineage, edges);
  // All that can be wrong with the words is found before anything is made or locked.
  checkSettings(wantedSettings(names, lineageOptions, before.old));
  const paths = await openStore(options, edges);
  await withoutLeftovers(edges, paths);
  const { name, old } = understand(paths, names, options, edges);
  const settings = checkSettings(wantedSettings(names, lineageOptions, old));
  await checkLocal(edges, settings);
  await checkProviders(edges, paths, name, settings);
  const lineage = usable(edges, paths, readLineage(edges.disk, paths, name, settings), options);
  const force =
    options.force ||
    options.dryRun ||
    options.newKey ||
    (old !== undefined && old.server !== settings.server);
  if (!options.dryRun) await enrolAtFallbacks(edges, paths, options.account, settings);
  const plan = decide(lineage, edges.clock.now(), force ? 'force' : 'retry');
  edges.emit(planEvent(lineage, plan));
  if (plan.action === 'skip') return keep(edges, paths, options, name, settings);
  return runOne(edges, paths, options, { lineage, plan });
}

/** Which lineage is meant, and what it was until now. */
function understand(paths: StorePaths, names: readonly string[], options: CertonlyOptions, edges: Edges) {
  const name = chooseLineage(edges, paths, names, options);
  return { name, old: readSettings(edges.disk, paths, name) };
}

async function wantedNames({ names, certName }: CertonlyOptions, { ask }: Edges): Promise<string[]> {
  const given =
    names.length > 0
      ? names
      : ((await ask?.('Names for the certificate, separated by commas or spaces: '))?.split(/[\s,]+/) ?? []);
  const wanted = [...new Set(given.filter((name) => name !== '').map((name) => parseIdentifier(name).value))];
  if (wanted.length > 100)
    throw new EvercertError(
      'usage',
      `${wanted.length} names are too many: a certificate holds at most 100`,
      'Make several certificates.',
    );
  if (wanted.length > 0) return wanted;
  const hint =
    certName === undefined
      ? 'Name them: -d www.example.com -d example.com.'
      : `Name all that the certificate is to hold: -d; to renew what is there: evercert renew --cert-name ${certName} --force-renewal.`;
  throw new EvercertError('usage', 'no names are given for the certificate', hint);
}

/** The lineage of --cert-name, else one of the same names, else the one that the first name gives. */
function chooseLineage(
  edges: Edges,
  paths: StorePaths,
  names: readonly string[],
  options: CertonlyOptions,
): string {
  if (options.certName !== undefined) return lineageName(options.certName);
  const name = defaultLineageName(names[0] ?? '');
  const known = [name, ...lineageNames(edges.disk, paths)];
  const same = known.find((each) => hasNames(edges, paths, each, names));
  if (same !== undefined) return same;
  const old = readSettings(edges.disk, paths, name);
  if (old === undefined || (options.expand && old.names.every((known) => names.includes(known)))) return name;
  throw new EvercertError(
    'usage',
    `the lineage ${name} exists and holds other names: ${old.names.join(', ')}`,
    `To add names to it: --expand with all old and new names; to change its names: --cert-name ${name}; for a second certificate: --cert-name OTHER.`,
  );
}

function hasNames(edges: Edges, paths: StorePaths, name: string, names: readonly string[]): boolean {
  try {
    return sameNames(readSettings(edges.disk, paths, name)?.names ?? [], names);
  } catch {
    return false;
  }
}

/** The lineage without what a dead run left that is of no use now: with --new-key, any order under way. */
function usable(
  edges: Edges,
  paths: StorePaths,
  lineage: Lineage,
  { dryRun, newKey }: CertonlyOptions,
): Lineage | BrokenLineage {
  if (dryRun) return { ...lineage, pending: undefined };
  if (!newKey) return withoutUseless(edges, paths, lineage);
  removePending(edges.disk, paths, lineage.name);
  return { ...lineage, pending: undefined };
}

/** The certificate stays; settings that the flags changed do not wait for the next one. */
async function keep(
  edges: Edges,
  paths: StorePaths,
  options: CertonlyOptions,
  name: string,
  settings: Settings,
): Promise<number> {
  const changed = await saveSettings(edges.disk, paths, name, settings);
  if (readAccount(edges.disk, paths, settings.server) === undefined) {
    await ensureAccount(edges, paths, options.account, settings);
  }
  edges.emit({ type: 'warning', lineage: name, code: 'kept', detail: changed ? 'saved' : '' });
  return 0;
}
