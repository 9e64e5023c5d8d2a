import * as fs from 'node:fs';
import { join } from 'node:path';
import { EvercertError, systemCode } from '../errors.ts';

/** The challenge files of web servers' document roots. */
export interface Webroot {
  /** Creates `.well-known/acme-challenge/TOKEN`, readable by all, never through a link of that name. */
  place(root: string, token: string, content: string): void;
  /** Removes it, and the two directories if this process made them and they are empty. */
  remove(root: string, token: string): void;
}

const DIRECTORIES = ['.well-known', '.well-known/acme-challenge'];

export function createWebroot(): Webroot {
  const made = new Set<string>();
  return {
    place: (root, token, content) => {
      try {
        placeFile(root, token, content, made);
      } catch (error) {
        throw placeError(root, error);
      }
    },
    remove: (root, token) => {
      attempt(() => fs.unlinkSync(join(root, '.well-known/acme-challenge', token)));
      for (const directory of DIRECTORIES.map((name) => join(root, name)).reverse()) {
        if (made.has(directory)) attempt(() => fs.rmdirSync(directory));
      }
    },
  };
}

const TRIES = 20;

/** Another ACME client of this root may remove the empty directories again before there is a file in them. */
function placeFile(root: string, token: string, content: string, made: Set<string>, tries = TRIES): void {
  try {
    makeDirectories(root, made);
    writeNew(join(root, '.well-known/acme-challenge', token), content);
  } catch (error) {
    if (systemCode(error) !== 'ENOENT' || tries === 1) throw error;
    placeFile(root, token, content, made, tries - 1);
  }
}

function makeDirectories(root: string, made: Set<string>): void {
  for (const directory of DIRECTORIES.map((name) => join(root, name))) {
    try {
      fs.mkdirSync(directory, { mode: 0o755 });
      made.add(directory);
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
    }
  }
}

/** A file of that name was left by a run that died, or is somebody's link: it goes. */
function writeNew(path: string, content: string): void {
  attempt(() => fs.unlinkSync(path));
  fs.writeFileSync(path, content, { flag: 'wx', mode: 0o644 });
}

/** What cannot be removed is not there, or not ours: another challenge's directory, somebody else's file. */
function attempt(remove: () => void): void {
  try {
    remove();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}

function placeError(root: string, error: unknown): unknown {
  const code = systemCode(error);
  if (code === undefined) return error;
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
    `cannot write a challenge into ${root}: ${code}`,
    'The user that runs evercert must be able to write there.',
    error,
  );
}
