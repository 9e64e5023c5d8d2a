import { isDeepStrictEqual } from 'node:util';
import { readAccount } from '../lineage/accounts.ts';
import { isLineageName, type StorePaths } from '../lineage/paths.ts';
import { type Lineage, readLineage } from '../lineage/scan.ts';
import { checkSettings, readSettings, type Settings, saveSettings } from '../lineage/settings.ts';
import { decide } from '../renewal/decide.ts';
import { checkLocal } from './check-local.ts';
import { checkProviders } from './check-providers.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { openExistingStore, withoutLeftovers } from './open-store.ts';
import { unknownLineage } from './plan-all.ts';
import { enrolAtFallbacks, ensureAccount } from './ready-accounts.ts';
import { runOne } from './run-one.ts';
import type { AccountOptions } from './sessions.ts';
import { type LineageOptions, wantedSettings } from './wanted-settings.ts';

export interface ReconfigureOptions extends StoreOptions {
  readonly certName: string;
  readonly lineage: LineageOptions;
  readonly account: AccountOptions;
  /** Save the settings untried. */
  readonly skipDryRun: boolean;
  /** Show what is presented, and wait, before the CA is told. */
  readonly debugChallenges: boolean;
  readonly hookTimeoutMs: number;
  readonly issuanceTimeoutMs: number;
}

/** Changes the settings of a lineage, and orders nothing but a rehearsal. @returns the exit status */
export async function reconfigure(options: ReconfigureOptions, edges: Edges): Promise<number> {
  const { certName, skipDryRun } = options;
  const { paths, old } = await openLineage(options, edges);
  const settings = checkSettings(wantedSettings(old.names, options.lineage, old));
  const changed = changedKeys(old, settings);
  const lineage = { ...readLineage(edges.disk, paths, certName, settings), pending: undefined };
  if (changed.length > 0) {
    await checkLocal(edges, settings);
    const status = isTellable(changed) && !skipDryRun ? await rehearse(edges, paths, options, lineage) : 0;
    if (status !== 0) return status;
    await enrol(edges, paths, options, settings, changed);
    await saveSettings(edges.disk, paths, certName, settings);
  }
  tell(edges, lineage, changed);
  return 0;
}

async function openLineage(
  options: ReconfigureOptions,
  edges: Edges,
): Promise<{ paths: StorePaths; old: Settings }> {
  const { certName } = options;
  const paths = isLineageName(certName) ? await openExistingStore(options, edges) : undefined;
  const old = paths && readSettings(edges.disk, paths, certName);
  if (paths === undefined || old === undefined) throw unknownLineage(certName);
  await withoutLeftovers(edges, paths);
  return { paths, old };
}

type Key = keyof Settings;

function changedKeys(old: Settings, settings: Settings): Key[] {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(settings)])] as Key[];
  return keys.filter((key) => !isDeepStrictEqual(old[key], settings[key]));
}

const TELLABLE: readonly Key[] = ['server', 'caBundle', 'challenge', 'challengeByName', 'key'];

/** Whether a dry run can tell if what changed is right. */
function isTellable(changed: readonly Key[]): boolean {
  return changed.some((key) => TELLABLE.includes(key));
}

async function rehearse(
  edges: Edges,
  paths: StorePaths,
  options: ReconfigureOptions,
  lineage: Lineage,
): Promise<number> {
  await checkProviders(edges, paths, lineage.name, lineage.settings);
  const plan = { name: lineage.name, action: 'renew', reason: 'forced' } as const;
  const status = await runOne(edges, paths, { ...options, dryRun: true }, { lineage, plan });
  if (status !== 0) edges.emit({ type: 'warning', lineage: lineage.name, code: 'not-saved', detail: '' });
  return status;
}

/** Accounts at the CAs that come new; those that are there already are no matter of this change. */
async function enrol(
  edges: Edges,
  paths: StorePaths,
  { account }: ReconfigureOptions,
  settings: Settings,
  changed: readonly Key[],
): Promise<void> {
  const isMissing = readAccount(edges.disk, paths, settings.server) === undefined;
  if (changed.includes('server') && isMissing) await ensureAccount(edges, paths, account, settings);
  if (changed.includes('fallbackServers')) await enrolAtFallbacks(edges, paths, account, settings);
}

/** What changed, and what comes of it by itself. */
function tell({ clock, emit }: Edges, lineage: Lineage, changed: readonly Key[]): void {
  const { action, reason, waiting } = decide(lineage, clock.now(), undefined);
  const orders = action === 'renew' || action === 'issue';
  const next = orders || waiting !== undefined ? { reason } : {};
  emit({ type: 'reconfigured', lineage: lineage.name, changed, ...next, ...(waiting && { waiting }) });
}
