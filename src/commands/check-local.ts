import { EvercertError } from '../errors.ts';
import type { Settings } from '../lineage/settings.ts';
import type { KeyAccess } from '../lineage/version.ts';
import type { Edges } from './edges.ts';

/**
 * What of the settings can be known to be wrong without asking anybody: roots, group, webroots.
 *
 * @returns who may read the key
 * @throws EvercertError bad-settings, webroot-failed
 */
export async function checkLocal(
  edges: Pick<Edges, 'disk' | 'lookUpGroup'>,
  settings: Settings,
): Promise<KeyAccess> {
  readBundle(edges, settings.caBundle);
  for (const challenge of [settings.challenge, ...Object.values(settings.challengeByName ?? {})])
    if (challenge.type === 'webroot') checkWebroots(edges, Object.values(challenge.roots));
  return keyAccess(edges, settings);
}

function checkWebroots({ disk }: Pick<Edges, 'disk'>, roots: readonly string[]): void {
  const missing = roots.find((root) => disk.directory(root) === undefined);
  if (missing === undefined) return;
  throw new EvercertError(
    'webroot-failed',
    `the webroot ${missing} does not exist`,
    'Give the directory that the web server serves for this name: -w DIRECTORY -d NAME.',
  );
}

/**
 * Who may read the key, looked up before anything is asked of anybody.
 *
 * @throws EvercertError bad-settings
 */
async function keyAccess(
  { lookUpGroup }: Pick<Edges, 'lookUpGroup'>,
  { keyMode, keyGroup }: Settings,
): Promise<KeyAccess> {
  const mode = keyMode === undefined ? 0o600 : Number.parseInt(keyMode, 8);
  if (keyGroup === undefined) return { mode, gid: undefined };
  const gid = await lookUpGroup(keyGroup);
  if (gid !== undefined) return { mode, gid };
  throw new EvercertError(
    'bad-settings',
    `there is no group ${keyGroup}`,
    'Create it, or correct keyGroup in the settings (certonly --key-group GROUP).',
  );
}

/** PEM roots to trust beside the system's, if there are any. */
export function readBundle({ disk }: Pick<Edges, 'disk'>, path: string | undefined): string | undefined {
  if (path === undefined) return undefined;
  const pem = disk.readText(path);
  if (pem?.includes('-----BEGIN CERTIFICATE-----')) return pem;
  throw new EvercertError(
    'bad-settings',
    `${path} ${pem === undefined ? 'is missing' : 'holds no certificate'}`,
    'Give a file of PEM certificates: --ca-bundle FILE.',
  );
}
