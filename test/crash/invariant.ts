import { createPrivateKey } from 'node:crypto';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join, relative } from 'node:path';
import { faultsOfVersion } from './version-set.ts';

/** A name in the store that a reader may rely on, the mode it must have, and how to read what it holds. */
const FINAL: readonly [RegExp, number, (text: string) => unknown][] = [
  [/^accounts\/[^/]+\/key\.pem$/, 0o600, createPrivateKey],
  [/^accounts\/[^/]+\/account\.json$/, 0o600, JSON.parse],
  [/^(renewal|state|challenges)\/[^/]+\.json$/, 0o600, JSON.parse],
  [/^archive\/[^/]+\/\.pending\/order\.json$/, 0o600, JSON.parse],
];

const DIRECTORIES: readonly [RegExp, number][] = [
  [/^(accounts(\/[^/]+)?|challenges)$/, 0o700],
  [/^archive\/[^/]+\/\.pending$/, 0o700],
  [
    /^(renewal|state|archive|live|hooks|hooks\/(pre|deploy|reload|post)|archive\/[^/]+|archive\/[^/]+\/\.?\d{4}(\.tmp)?)$/,
    0o755,
  ],
];

const VERSION = /^archive\/[^/]+\/\d{4}$/;
/** What a store holds when nothing is under way. */
const SETTLED =
  /^(\.lock|accounts\/[^/]+\/(key\.pem|account\.json)|(renewal|state)\/[a-z0-9.]+\.json|live\/[a-z0-9][^/]*|archive\/[^/]+\/\d{4}\/[a-z]+\.(pem|json)|hooks\/[^/]+\/[^/]+)$/;

/** Every path in a directory, links not followed. */
export function walk(root: string, directory = root): string[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    const path = join(directory, entry.name);
    return [relative(root, path), ...(entry.isDirectory() ? walk(root, path) : [])];
  });
}

/** What must hold at every moment, also right after a crash: docs/store.md. Returns what does not. */
export function brokenInvariants(store: string, name: string, mayBeAbsent: boolean): string[] {
  const paths = walk(store);
  return [
    ...brokenLive(store, name, mayBeAbsent),
    ...paths.flatMap((path) => brokenPath(store, path)),
    ...brokenPending(store, name),
  ];
}

function brokenLive(store: string, name: string, mayBeAbsent: boolean): string[] {
  const link = join(store, 'live', name);
  const stat = lstatSync(link, { throwIfNoEntry: false });
  if (stat === undefined) return mayBeAbsent ? [] : [`live/${name} is absent`];
  if (!stat.isSymbolicLink()) return [`live/${name} is no link`];
  const target = readlinkSync(link);
  if (!/^\.\.\/archive\/[^/]+\/\d{4}$/.test(target)) return [`live/${name} leads to ${target}`];
  const version = join(store, 'archive', name, basename(target));
  return existsSync(version) ? faultsOfVersion(version) : [`live/${name} dangles`];
}

function brokenPath(store: string, path: string): string[] {
  const full = join(store, path);
  const stat = lstatSync(full);
  const mode = stat.mode & 0o7777;
  const wrongMode = (right: number) => (mode === right ? [] : [`${path} has mode ${mode.toString(8)}`]);
  if (stat.isDirectory()) {
    const right = DIRECTORIES.find(([pattern]) => pattern.test(path));
    if (right === undefined) return [`${path} is no directory that the store knows`];
    return [...wrongMode(right[1]), ...(VERSION.test(path) ? faultsOfVersion(full) : [])];
  }
  const final = FINAL.find(([pattern]) => pattern.test(path));
  if (final === undefined) return brokenSecret(path, full, mode);
  try {
    final[2](readFileSync(full, 'utf8'));
    return wrongMode(final[1]);
  } catch {
    return [`${path} is torn`];
  }
}

/** Wherever a key lies, half written or not, others cannot read it. */
function brokenSecret(path: string, full: string, mode: number): string[] {
  if (lstatSync(full).isSymbolicLink() || (mode & 0o077) === 0) return [];
  return readFileSync(full, 'utf8').includes('PRIVATE KEY') ? [`${path} has mode ${mode.toString(8)}`] : [];
}

/** An order is under way only with the key that it will be finalized with. */
function brokenPending(store: string, name: string): string[] {
  const pending = join(store, 'archive', name, '.pending');
  if (!existsSync(join(pending, 'order.json'))) return [];
  try {
    createPrivateKey(readFileSync(join(pending, 'privkey.pem'), 'utf8'));
    return [];
  } catch {
    return ['order.json lies beside no whole key'];
  }
}

/** What lies in a store although nothing is under way. */
/** docs/store.md: what a dead run left in accounts/ cannot be told from an operator's copy. */
const MAY_STAY = /^accounts\/[^/]+\/[^/]+\.\d+$/;

export function leftovers(store: string): string[] {
  const isDirectory = (path: string) => lstatSync(join(store, path)).isDirectory();
  const isSettled = (path: string) => (isDirectory(path) ? !/(^|\/)\./.test(path) : SETTLED.test(path));
  return walk(store).filter((path) => !isSettled(path) && !MAY_STAY.test(path));
}
