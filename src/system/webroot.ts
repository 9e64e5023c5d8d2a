import * as fs from 'node:fs';
import { join } from 'node:path';
import { EvercertError, systemCode } from '../errors.ts';

/** The challenge files of web servers' document roots. One serves all lineages of a run. */
export interface Webroot {
  /** Which directory placing a challenge would make first, or this run has made; undefined where both were there. */
  claim(root: string): string | undefined;
  /**
   * Creates `.well-known/acme-challenge/TOKEN`, readable by all, never through a link of that name; nor through one
   * of the two directories' names that belongs to another user than root and us.
   *
   * @throws EvercertError webroot-failed
   */
  place(root: string, token: string, content: string): void;
  /**
   * Removes it, and of the two directories those that are empty and were made by this run, or by the one that claimed
   * them.
   *
   * @throws EvercertError webroot-failed: it is still there
   */
  remove(root: string, token: string, claimed?: string): void;
}

const STEPS = ['.well-known', 'acme-challenge'] as const;
const DIRECTORIES = [STEPS[0], STEPS.join('/')];

export function createWebroot(): Webroot {
  const made = new Set<string>();
  return {
    claim: (root) =>
      DIRECTORIES.find((name) => made.has(join(root, name)) || !fs.existsSync(join(root, name))),
    place: (root, token, content) => {
      try {
        placeFile(root, token, content, made);
      } catch (error) {
        throw webrootError(root, `cannot write a challenge into ${root}`, error);
      }
    },
    remove: (root, token, claimed) => {
      const index = claimed === undefined ? -1 : DIRECTORIES.indexOf(claimed);
      if (index !== -1) for (const name of DIRECTORIES.slice(index)) made.add(join(root, name));
      try {
        removeFile(root, token, made);
      } catch (error) {
        throw webrootError(root, `cannot remove a challenge from ${root}`, error);
      }
    },
  };
}

const TRIES = 2000;

/** Another ACME client of this root may remove the empty directories again before there is a file in them. */
function placeFile(root: string, token: string, content: string, made: Set<string>): void {
  for (let tries = 1; ; tries += 1) {
    const way = descend(root, (parent, index) => makeDirectory(parent, index, root, made));
    try {
      if (way.stoppedBy !== undefined) throw way.stoppedBy;
      writeNew(join(way.held.at(-1) ?? '', token), content);
      return;
    } catch (error) {
      if (way.held.length === 0 || systemCode(error) !== 'ENOENT' || tries === TRIES) throw error;
    } finally {
      way.close();
    }
  }
}

function makeDirectory(parent: string, index: 0 | 1, root: string, made: Set<string>): void {
  try {
    fs.mkdirSync(join(parent, STEPS[index]), { mode: 0o755 });
    made.add(join(root, DIRECTORIES[index] ?? ''));
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
  }
}

/** A file of that name was left by a run that died, or is somebody's link: it goes. */
function writeNew(path: string, content: string): void {
  const create = () => fs.writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
  try {
    create();
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    attempt(() => fs.unlinkSync(path), ABSENT);
    create();
  }
}

function removeFile(root: string, token: string, made: ReadonlySet<string>): void {
  const { held, stoppedBy, close } = descend(root, () => undefined);
  const [top, wellKnown, folder] = held;
  const isOurs = (index: 0 | 1) => made.has(join(root, DIRECTORIES[index] ?? ''));
  try {
    if (stoppedBy !== undefined && !isOutOfReach(stoppedBy)) throw stoppedBy;
    if (folder !== undefined) attempt(() => fs.unlinkSync(join(folder, token)), ABSENT);
    if (wellKnown !== undefined && isOurs(1)) attempt(() => fs.rmdirSync(join(wellKnown, STEPS[1])), KEPT);
    if (top !== undefined && isOurs(0)) attempt(() => fs.rmdirSync(join(top, STEPS[0])), KEPT);
  } finally {
    close();
  }
}

/** Behind somebody's link there is nothing of ours. */
function isOutOfReach(error: unknown): boolean {
  return error instanceof EvercertError || ABSENT.includes(systemCode(error) ?? '');
}

/** Not there, or not of our making. */
const ABSENT = ['ENOENT', 'ENOTDIR', 'EISDIR', 'ELOOP'];
/** There is another challenge in it, or somebody else's file; or it may not be removed, and harms nobody. */
const KEPT = [...ABSENT, 'ENOTEMPTY', 'EEXIST', 'EBUSY', 'EACCES', 'EPERM'];

function attempt(remove: () => void, unless: readonly string[]): void {
  try {
    remove();
  } catch (error) {
    if (!unless.includes(systemCode(error) ?? '')) throw error;
  }
}

/** The directories on the way to the challenges, as far as it goes: held open, so that nobody exchanges one meanwhile. */
interface Way {
  /** Paths to work with: the root, `.well-known`, `acme-challenge`. */
  readonly held: readonly string[];
  readonly stoppedBy?: unknown;
  readonly close: () => void;
}

/** @param prepare is called before the step of this number, with what it starts from */
function descend(root: string, prepare: (parent: string, index: 0 | 1) => void): Way {
  const opened: number[] = [];
  const held: string[] = [];
  const enter = (path: string, shown: string, mayFollow: boolean) => {
    const fd = openDirectory(path, shown, mayFollow);
    opened.push(fd);
    held.push(HOLDS ? `/proc/self/fd/${fd}` : path);
  };
  const close = () => opened.forEach((fd) => void fs.closeSync(fd));
  try {
    enter(root, root, true);
    for (const index of [0, 1] as const) {
      const parent = held[index] ?? '';
      prepare(parent, index);
      enter(join(parent, STEPS[index]), join(root, DIRECTORIES[index] ?? ''), false);
    }
    return { held, close };
  } catch (stoppedBy) {
    return { held, stoppedBy, close };
  }
}

/** Linux leads from a descriptor to what is in the directory; elsewhere we go by paths. */
const HOLDS = process.platform === 'linux' && fs.existsSync('/proc/self/fd');
/** Of Linux: opened to go on from there, not to read, which may be forbidden. Node has no name for it. */
const O_PATH = 0o10000000;

function openDirectory(path: string, shown: string, mayFollow: boolean): number {
  const { O_DIRECTORY, O_NOFOLLOW, O_RDONLY } = fs.constants;
  const flags = O_DIRECTORY | (HOLDS ? O_PATH : O_RDONLY);
  try {
    return fs.openSync(path, mayFollow ? flags : flags | O_NOFOLLOW);
  } catch (error) {
    const mayBeLink = !mayFollow && ['ELOOP', 'ENOTDIR'].includes(systemCode(error) ?? '');
    if (!mayBeLink || !isTrustedLink(path, shown)) throw error;
    return fs.openSync(path, flags);
  }
}

/** @throws EvercertError webroot-failed: a link of another user, who could lead us anywhere */
function isTrustedLink(path: string, shown: string): boolean {
  const stat = fs.lstatSync(path);
  if (!stat.isSymbolicLink()) return false;
  if (stat.uid === 0 || stat.uid === process.geteuid?.()) return true;
  throw new EvercertError(
    'webroot-failed',
    `${shown} is a link that belongs to user ${stat.uid}, and is not followed`,
    `If it leads where it should, make it yours: chown -h ${process.geteuid?.() ?? 0} ${shown}`,
  );
}

function webrootError(root: string, what: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined || error instanceof EvercertError) return error;
  if (code === 'ENOENT' || code === 'ENOTDIR') {
    return new EvercertError(
      'webroot-failed',
      `the webroot ${root} is no directory`,
      'Give the directory that the web server serves for this name: -w DIRECTORY -d NAME.',
      error,
    );
  }
  return new EvercertError(
    'webroot-failed',
    `${what}: ${code}`,
    'The user that runs evercert must be able to write there.',
    error,
  );
}
