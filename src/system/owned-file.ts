import * as fs from 'node:fs';
import { EvercertError, systemCode } from '../errors.ts';

/** A file's text, and who could have written it. */
export interface OwnedText {
  readonly text: string;
  readonly uid: number;
  /** Permission bits. */
  readonly mode: number;
}

/**
 * The text of a regular file with the owner and mode of that same file; undefined when there is none.
 *
 * @throws EvercertError store-access, disk-failed
 */
export type ReadOwned = (path: string) => OwnedText | undefined;

const MAX_BYTES = 1 << 20;

export const readOwned: ReadOwned = (path) => {
  let fd: number | undefined;
  try {
    // Not blocking: a named pipe must not hold up the run.
    fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    const { uid, mode, size, isFile } = statOf(fd);
    if (!isFile || size > MAX_BYTES) throw refused(path, isFile ? 'is larger than 1 MiB' : 'is no file');
    return { text: fs.readFileSync(fd, 'utf8'), uid, mode };
  } catch (error) {
    if (error instanceof EvercertError) throw error;
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    if (code === undefined) throw error;
    throw refused(path, `cannot be read: ${code}`);
  } finally {
    if (fd !== undefined) fs.closeSync(fd);
  }
};

function statOf(fd: number) {
  const stat = fs.fstatSync(fd);
  return { uid: stat.uid, mode: stat.mode & 0o7777, size: stat.size, isFile: stat.isFile() };
}

function refused(path: string, why: string): EvercertError {
  return new EvercertError(
    'store-access',
    `${path} ${why}`,
    'Run as a user who may read it (mostly root), or move it away.',
  );
}
