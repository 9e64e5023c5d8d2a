import type { Disk, NewFile } from '../system/disk.ts';
import { encodeJson } from './decode.ts';
import {
  archivePath,
  CERTIFICATE,
  CHAIN,
  COMBINED,
  FULL_CHAIN,
  isUnfinished,
  livePath,
  liveTarget,
  META,
  PRIVATE_KEY,
  type StorePaths,
  versionPath,
} from './paths.ts';
import { listVersions } from './scan.ts';

/** The bytes of a version, checked (x509/certificate.ts, checkChain). */
export interface VersionContent {
  readonly keyPem: string;
  readonly certPem: string;
  readonly chainPem: string;
  /** What meta.json tells of its origin. */
  readonly meta: Readonly<Record<string, unknown>>;
}

/** Who may read the private key: mode, and group if not the process's. */
export interface KeyAccess {
  readonly mode: number;
  readonly gid: number | undefined;
}

const DEFAULT_KEEP_VERSIONS = 5;

/** Step 5: writes archive/NAME/VERSION as a whole or not at all. */
export function publishVersion(
  disk: Disk,
  paths: StorePaths,
  name: string,
  version: string,
  content: VersionContent,
  key: KeyAccess,
): Promise<void> {
  disk.makeDirectory(archivePath(paths, name), 0o755);
  return disk.publishDirectory(archivePath(paths, name), version, versionFiles(content, key));
}

function versionFiles({ keyPem, certPem, chainPem, meta }: VersionContent, key: KeyAccess): NewFile[] {
  const readable = { mode: 0o644 };
  return [
    { name: PRIVATE_KEY, data: keyPem, ...key },
    { name: CERTIFICATE, data: certPem, ...readable },
    { name: CHAIN, data: chainPem, ...readable },
    { name: FULL_CHAIN, data: certPem + chainPem, ...readable },
    { name: COMBINED, data: keyPem + certPem + chainPem, ...key },
    { name: META, data: encodeJson(meta), ...readable },
  ];
}

/** Step 6, the commit point. */
export function goLive(disk: Disk, paths: StorePaths, name: string, version: string): void {
  disk.swapLink(livePath(paths, name), liveTarget(name, version));
}

/**
 * Removes the versions beyond `keep` and what a dead run left. Never the live one, never the one before it.
 *
 * @param live the version that is live now
 */
export function pruneVersions(
  disk: Disk,
  paths: StorePaths,
  name: string,
  live: string,
  keep = DEFAULT_KEEP_VERSIONS,
): void {
  for (const entry of disk.list(archivePath(paths, name)) ?? []) {
    if (isUnfinished(entry)) disk.removeDirectory(versionPath(paths, name, entry));
  }
  for (const version of doomedVersions(listVersions(disk, paths, name), live, keep)) {
    disk.removeDirectory(versionPath(paths, name, version));
  }
}

/** Pure: of `versions` (in order) those that may go: all but the live one and the `keep` (at least one) before it. */
export function doomedVersions(versions: readonly string[], live: string, keep: number): string[] {
  const older = versions.filter((version) => Number(version) < Number(live));
  return older.slice(0, Math.max(0, older.length - Math.max(1, keep)));
}
