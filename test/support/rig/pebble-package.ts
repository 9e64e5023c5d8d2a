import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type AptSource, debianSources } from './apt-sources.ts';
import { findExecutable } from './executables.ts';

export interface PebblePackage {
  readonly pebble: string;
  /** The DNS server that Pebble's package ships; an older `pebble` of the system may lack it. */
  readonly challtestsrv: string | undefined;
  readonly version: string;
  /** Why this is not the current release, where it is not. */
  readonly note?: string;
}

/** Set to forbid the download: then only a Pebble that is already here counts. */
export const OFFLINE_VARIABLE = 'EVERCERT_TEST_OFFLINE';
const CACHE = join('node_modules', '.cache', 'evercert');
const APT_TIMEOUT_MS = 120_000;

/**
 * Finds Pebble in the cache; else downloads Debian's current package of it (suite sid) into the cache without
 * touching the system; else takes the `pebble` of the system. Throws when there is none at all.
 */
export function providePebble(): PebblePackage {
  const found = cachedPebble();
  if (found) return found;
  try {
    if (process.env[OFFLINE_VARIABLE]) throw new Error(`${OFFLINE_VARIABLE} is set`);
    return downloadPebble();
  } catch (error) {
    return pebbleOfTheSystem(`no current Pebble from Debian sid: ${(error as Error).message}`);
  }
}

function cachedPebble(): PebblePackage | undefined {
  if (!existsSync(CACHE)) return undefined;
  const versions = readdirSync(CACHE)
    .filter((entry) => /^pebble-\d/.test(entry))
    .sort((a, b) => b.localeCompare(a, 'en', { numeric: true }));
  return versions[0] === undefined ? undefined : unpackedPebble(join(CACHE, versions[0]));
}

function unpackedPebble(directory: string): PebblePackage {
  const binary = (name: string): string => join(process.cwd(), directory, 'usr', 'bin', name);
  return {
    pebble: binary('pebble'),
    challtestsrv: binary('pebble-challtestsrv'),
    version: directory.slice(directory.lastIndexOf('pebble-') + 'pebble-'.length),
  };
}

function pebbleOfTheSystem(note: string): PebblePackage {
  const pebble = findExecutable('pebble');
  if (pebble === undefined) throw new Error(note);
  return { pebble, challtestsrv: findExecutable('pebble-challtestsrv'), version: 'of this system', note };
}

function downloadPebble(): PebblePackage {
  mkdirSync(CACHE, { recursive: true });
  const work = mkdtempSync(join(CACHE, 'download-'));
  try {
    const errors: string[] = [];
    for (const source of debianSources()) {
      try {
        return unpack(download(source, join(process.cwd(), work)), work);
      } catch (error) {
        errors.push((error as Error).message);
      }
    }
    throw new Error(errors.join('\n') || 'apt has no Debian source here');
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

/** Downloads with lists, cache and sources of its own, so that apt's own state stays as it is. Returns the .deb. */
function download(source: AptSource, work: string): string {
  for (const directory of ['lists/partial', 'archives/partial', 'none']) {
    mkdirSync(join(work, directory), { recursive: true });
  }
  const list = join(work, 'sid.sources');
  const signedBy = source.signedBy === undefined ? '' : `Signed-By: ${source.signedBy}\n`;
  writeFileSync(list, `Types: deb\nURIs: ${source.uri}\nSuites: sid\nComponents: main\n${signedBy}`);
  const settings = {
    'Dir::State': work,
    'Dir::State::lists': join(work, 'lists'),
    'Dir::State::status': '/dev/null',
    'Dir::Cache': work,
    'Dir::Cache::archives': join(work, 'archives'),
    'Dir::Etc::sourcelist': list,
    'Dir::Etc::sourceparts': join(work, 'none'),
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': join(work, 'none'),
    'Acquire::Languages': 'none',
    'Acquire::Retries': '1',
    'Acquire::http::Timeout': '20',
    'APT::Sandbox::User': 'root',
  };
  const options = Object.entries(settings).flatMap(([name, value]) => ['-o', `${name}=${value}`]);
  run('apt-get', [...options, '-qq', 'update'], work);
  run('apt-get', [...options, '-qq', 'download', 'pebble'], work);
  const deb = readdirSync(work).find((entry) => entry.endsWith('.deb'));
  if (deb === undefined) throw new Error('apt-get download left no package');
  return deb;
}

function unpack(deb: string, work: string): PebblePackage {
  const version = decodeURIComponent(deb.split('_')[1] ?? '');
  const unpacked = join(work, 'unpacked');
  run('dpkg-deb', ['-x', join(work, deb), unpacked]);
  const target = join(CACHE, `pebble-${version}`);
  try {
    renameSync(unpacked, target);
  } catch (error) {
    if (!existsSync(target)) throw error;
  }
  return unpackedPebble(target);
}

function run(command: string, args: readonly string[], cwd?: string): void {
  execFileSync(command, args, { cwd, stdio: ['ignore', 'pipe', 'pipe'], timeout: APT_TIMEOUT_MS });
}
