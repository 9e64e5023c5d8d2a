import { join } from 'node:path';
import { EvercertError } from '../errors.ts';

/** Where everything of one store is. Made here and nowhere else. */
export interface StorePaths {
  readonly root: string;
  readonly lock: string;
  readonly accounts: string;
  readonly renewal: string;
  readonly state: string;
  readonly archive: string;
  readonly live: string;
  readonly hooks: string;
  readonly challenges: string;
}

export const PRIVATE_KEY = 'privkey.pem';
export const CERTIFICATE = 'cert.pem';
export const CHAIN = 'chain.pem';
export const FULL_CHAIN = 'fullchain.pem';
export const COMBINED = 'combined.pem';
export const META = 'meta.json';
export const PENDING = '.pending';

/** The five files that servers read, in the order of their stamps in state. */
export const PEM_FILES = [PRIVATE_KEY, CERTIFICATE, CHAIN, FULL_CHAIN, COMBINED] as const;

const NAME = /^(?=.{1,200}$)[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?$/;
const VERSION = /^(?!0000)(?:\d{4}|[1-9]\d{4,8})$/;
const UNFINISHED = /^\.\d{4,9}\.tmp$/;

export function storePaths(root: string): StorePaths {
  const inside = (name: string) => join(root, name);
  return {
    root,
    lock: inside('.lock'),
    accounts: inside('accounts'),
    renewal: inside('renewal'),
    state: inside('state'),
    archive: inside('archive'),
    live: inside('live'),
    hooks: inside('hooks'),
    challenges: inside('challenges'),
  };
}

/**
 * A lineage name as the operator gives it (`--cert-name`), checked.
 *
 * @throws EvercertError bad-name
 */
export function lineageName(text: string): string {
  const name = text.trim().toLowerCase();
  if (!isLineageName(name)) {
    throw new EvercertError(
      'bad-name',
      `${JSON.stringify(text)} cannot be the name of a lineage`,
      'Use 1 to 200 characters of a-z, 0-9, ".", "_" and "-", with a letter or digit first and last, and no "..".',
    );
  }
  return name;
}

export function isLineageName(name: string): boolean {
  return NAME.test(name) && !name.includes('..');
}

/** The lineage name that a certificate gets from its first name. */
export function defaultLineageName(firstName: string): string {
  const name = firstName
    .replace(/^\*\./, '')
    .replace(/^::/, '0::')
    .replace(/::$/, '::0')
    .replaceAll(':', '-');
  return lineageName(name.slice(0, 200).replace(/[^a-z0-9]+$/, ''));
}

export function settingsPath(paths: StorePaths, name: string): string {
  return `${paths.renewal}/${checked(name)}.json`;
}

export function statePath(paths: StorePaths, name: string): string {
  return `${paths.state}/${checked(name)}.json`;
}

export function archivePath(paths: StorePaths, name: string): string {
  return `${paths.archive}/${checked(name)}`;
}

export function livePath(paths: StorePaths, name: string): string {
  return `${paths.live}/${checked(name)}`;
}

export function pendingPath(paths: StorePaths, name: string): string {
  return `${paths.archive}/${checked(name)}/${PENDING}`;
}

export function versionPath(paths: StorePaths, name: string, version: string): string {
  if (!isVersion(version) && !isUnfinished(version))
    throw new TypeError(`unchecked version: ${JSON.stringify(version)}`);
  return `${paths.archive}/${checked(name)}/${version}`;
}

/** What `live/NAME` must point to. */
export function liveTarget(name: string, version: string): string {
  return `../archive/${name}/${version}`;
}

/** The version that a link target names, or undefined when it leads elsewhere. */
export function versionOfTarget(name: string, target: string): string | undefined {
  const prefix = `../archive/${name}/`;
  const version = target.startsWith(prefix) ? target.slice(prefix.length) : '';
  return isVersion(version) ? version : undefined;
}

export function isVersion(name: string): boolean {
  return VERSION.test(name);
}

/** `.NNNN.tmp`: a version being written, or being removed. */
export function isUnfinished(name: string): boolean {
  return UNFINISHED.test(name);
}

/** The number after the highest of `versions`. */
export function nextVersion(versions: readonly string[]): string {
  return String(Math.max(0, ...versions.map(Number)) + 1).padStart(4, '0');
}

/** Names of settings files hold a checked name; this is the last line of defence for all that becomes a path. */
function checked(name: string): string {
  if (!isLineageName(name)) throw new TypeError(`unchecked lineage name: ${JSON.stringify(name)}`);
  return name;
}

/** The folder of an account: host, port and path of the CA's directory, without what a path could misread. */
export function accountPath(paths: StorePaths, directoryUrl: string): string {
  const { host, pathname } = new URL(directoryUrl);
  const name = `${host}${pathname}`
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '_')
    .replace(/^[._]+|[._]+$/g, '');
  return join(paths.accounts, name.slice(0, 200));
}
