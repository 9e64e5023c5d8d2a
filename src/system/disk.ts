import * as fs from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { EvercertError, systemCode } from '../errors.ts';

/** The identity of a file's content for as long as nobody touches it: inode, size and change time. */
export type FileStamp = readonly [ino: number, size: number, ctimeMs: number];

/** A file to be created. `gid` undefined: the group of the process. */
export interface NewFile {
  readonly name: string;
  readonly data: string;
  readonly mode: number;
  readonly gid?: number | undefined;
}

/** Reads. An absent file or folder is `undefined`, any other failure an error. */
export interface DiskReader {
  readText(path: string): string | undefined;
  readBytes(path: string): Buffer | undefined;
  list(path: string): string[] | undefined;
  exists(path: string): boolean;
  stamp(path: string): FileStamp | undefined;
  /** The target of a symbolic link; 'not-a-link' when something else has the name. */
  linkTarget(path: string): string | 'not-a-link' | undefined;
  /** Owner and permission bits of a directory. */
  directory(path: string): { readonly uid: number; readonly mode: number } | undefined;
  /** Permission bits of a file. */
  fileMode(path: string): number | undefined;
  /** A regular file, perhaps behind a link, that this process may execute. */
  isExecutableFile(path: string): boolean;
}

/**
 * The closed list of mutations (docs/store.md). Each is durable when it returns: files and the directory that names
 * them are fsynced. Each throws EvercertError and then has changed nothing that has a final name.
 */
export interface DiskWriter {
  makeDirectory(path: string, mode: number): void;
  createFile(directory: string, file: NewFile): void;
  replaceFile(path: string, data: string, mode: number): Promise<void>;
  /**
   * Puts a new file in the place of whatever has its name, through no link: for a directory that may be another user's.
   */
  putFile(path: string, data: string, mode: number): void;
  /** Creates `directory/.NAME.tmp`, fills it and gives it its name. */
  publishDirectory(directory: string, name: string, files: readonly NewFile[]): Promise<void>;
  /** What a run that died had changed there is on the disk from now on. */
  syncDirectory(path: string): void;
  /** Makes `path` a symbolic link to `target`, replacing the link that was there. */
  swapLink(path: string, target: string): void;
  removeFile(path: string): void;
  /** Removes a directory of files, `first` before all others; a name without a leading dot is given up first. */
  removeDirectory(path: string, first?: string): void;
}

export interface Disk extends DiskReader, DiskWriter {}

const MAX_TEXT_BYTES = 1 << 20;

export const systemDisk: Disk = {
  readText,
  readBytes: (path) => absentOr(path, () => fs.readFileSync(path)),
  list: (path) => absentOr(path, () => fs.readdirSync(path)),
  exists: (path) => fs.existsSync(path),
  stamp,
  linkTarget,
  directory: (path) => {
    const stat = absentOr(path, () => fs.statSync(path, { throwIfNoEntry: false }));
    if (stat !== undefined && !stat.isDirectory()) throw nameTaken(path, 'is not a directory');
    return stat && { uid: stat.uid, mode: stat.mode & 0o7777 };
  },
  fileMode: (path) => {
    const stat = absentOr(path, () => fs.statSync(path, { throwIfNoEntry: false }));
    return stat && stat.mode & 0o7777;
  },
  isExecutableFile,
  makeDirectory,
  createFile,
  replaceFile,
  putFile,
  publishDirectory,
  syncDirectory: (path) => guarded(path, () => syncDirectory(path)),
  swapLink,
  removeFile: (path) => guarded(path, () => fs.rmSync(path, { force: true })),
  removeDirectory,
};

/** Most files are smaller: one read, without asking for the size, is the cheapest way. */
const SMALL = Buffer.allocUnsafe(16 * 1024);

function readText(path: string): string | undefined {
  return absentOr(path, () => {
    // Not blocking: a named pipe under one of our names must not hold up the run.
    const fd = fs.openSync(path, fs.constants.O_RDONLY | fs.constants.O_NONBLOCK);
    try {
      const size = fs.readSync(fd, SMALL, 0, SMALL.length, 0);
      return size < SMALL.length ? SMALL.toString('utf8', 0, size) : readLong(path, fd);
    } finally {
      fs.closeSync(fd);
    }
  });
}

function readLong(path: string, fd: number): string {
  if (fs.fstatSync(fd).size <= MAX_TEXT_BYTES) return fs.readFileSync(fd, 'utf8');
  throw new EvercertError(
    'disk-failed',
    `${path} is larger than 1 MiB`,
    'No file of the store is that large: restore it, or move it away.',
  );
}

function stamp(path: string): FileStamp | undefined {
  const stat = absentOr(path, () => fs.statSync(path, { throwIfNoEntry: false }));
  return stat && [stat.ino, stat.size, stat.ctimeMs];
}

function linkTarget(path: string): string | 'not-a-link' | undefined {
  return absentOr(path, () => {
    try {
      return fs.readlinkSync(path);
    } catch (error) {
      if (systemCode(error) === 'EINVAL') return 'not-a-link';
      throw error;
    }
  });
}

function isExecutableFile(path: string): boolean {
  try {
    fs.accessSync(path, fs.constants.X_OK);
    return fs.statSync(path).isFile();
  } catch {
    return false;
  }
}

function makeDirectory(path: string, mode: number): void {
  if (!fs.existsSync(dirname(path))) makeDirectory(dirname(path), 0o755);
  guarded(path, () => {
    try {
      fs.mkdirSync(path, { mode });
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error;
      return;
    }
    syncDirectory(dirname(path));
  });
}

function createFile(directory: string, file: NewFile): void {
  const path = join(directory, file.name);
  guarded(path, () => {
    const fd = createUnsynced(directory, file);
    try {
      fs.fsyncSync(fd);
    } finally {
      fs.closeSync(fd);
    }
    syncDirectory(directory);
  });
}

/** O_EXCL: never through a link that somebody else put there. */
function createUnsynced(directory: string, file: NewFile): number {
  const fd = fs.openSync(join(directory, file.name), 'wx', file.mode);
  try {
    if (file.gid !== undefined) fs.fchownSync(fd, -1, file.gid);
    fs.writeFileSync(fd, file.data);
    return fd;
  } catch (error) {
    fs.closeSync(fd);
    fs.rmSync(join(directory, file.name), { force: true });
    throw error;
  }
}

/**
 * write-file-atomic writes once and ignores how much was written, so the temporary file is filled by a looping write
 * first: on a full disk that one throws, and the target stays as it was.
 */
async function replaceFile(path: string, data: string, mode: number): Promise<void> {
  const { default: writeFileAtomic } = await import('write-file-atomic');
  guarded(path, () => {
    const isNew = !fs.existsSync(path);
    writeFileAtomic.sync(path, data, {
      ...(isNew ? { mode } : {}),
      tmpfileCreated: (temporary: string) => fs.writeFileSync(temporary, data),
    });
    syncDirectory(dirname(path));
  });
}

/** Not write-file-atomic, which follows links and gives the new file the owner of the old one. */
function putFile(path: string, data: string, mode: number): void {
  const directory = dirname(path);
  const name = temporaryName(path);
  guarded(path, () => {
    fs.rmSync(join(directory, name), { force: true });
    createFile(directory, { name, data, mode });
    fs.renameSync(join(directory, name), path);
    syncDirectory(directory);
  });
}

function temporaryName(path: string): string {
  return `.${basename(path)}.tmp`;
}

async function publishDirectory(directory: string, name: string, files: readonly NewFile[]): Promise<void> {
  const temporary = join(directory, `.${name}.tmp`);
  const target = join(directory, name);
  if (fs.existsSync(temporary)) removeDirectory(temporary);
  const opened: number[] = [];
  try {
    guarded(target, () => {
      fs.mkdirSync(temporary, { mode: 0o755 });
      for (const file of files) opened.push(createUnsynced(temporary, file));
    });
    await Promise.all(opened.map((fd) => syncFile(fd, target)));
  } finally {
    for (const fd of opened) fs.closeSync(fd);
  }
  guarded(target, () => {
    syncDirectory(temporary);
    fs.renameSync(temporary, target);
    syncDirectory(directory);
  });
}

/** Side by side in the thread pool, so that one journal commit can serve several files. */
function syncFile(fd: number, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    fs.fsync(fd, (error) => (error ? reject(diskError(path, error)) : resolve()));
  });
}

function swapLink(path: string, target: string): void {
  const temporary = join(dirname(path), temporaryName(path));
  guarded(path, () => {
    fs.rmSync(temporary, { force: true });
    fs.symlinkSync(target, temporary);
    fs.renameSync(temporary, path);
    syncDirectory(dirname(path));
  });
}

function removeDirectory(path: string, first?: string): void {
  guarded(path, () => {
    const name = path.slice(dirname(path).length + 1);
    const doomed = name.startsWith('.') ? path : join(dirname(path), `.${name}.tmp`);
    if (doomed !== path) fs.renameSync(path, doomed);
    if (first !== undefined) fs.rmSync(join(doomed, first), { force: true });
    for (const entry of fs.readdirSync(doomed)) fs.unlinkSync(join(doomed, entry));
    fs.rmdirSync(doomed);
  });
}

function syncDirectory(path: string): void {
  const fd = fs.openSync(path, 'r');
  try {
    fs.fsyncSync(fd);
  } finally {
    fs.closeSync(fd);
  }
}

function absentOr<T>(path: string, read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw diskError(path, error);
  }
}

function guarded<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw diskError(path, error);
  }
}

function diskError(path: string, error: unknown): unknown {
  if (error instanceof EvercertError) return error;
  switch (systemCode(error)) {
    case undefined:
      return error;
    case 'ENOSPC':
    case 'EDQUOT':
      return new EvercertError(
        'disk-full',
        `no space left for ${path}`,
        'Free some space, then run the same command again: it goes on where it stopped.',
        error,
      );
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new EvercertError(
        'store-access',
        `no access to ${path}: ${systemCode(error)}`,
        'Run as the user that owns the configuration directory (mostly root), and check that its file system is writable.',
        error,
      );
    case 'ENOTDIR':
      return nameTaken(path, 'leads through something that is no directory');
    case 'EISDIR':
      return nameTaken(path, 'is a directory, not a file');
    case 'ELOOP':
      return nameTaken(path, 'is a symbolic link that leads in a circle');
    default:
      return new EvercertError(
        'disk-failed',
        `${path}: ${(error as Error).message}`,
        'The disk or file system refused; see the kernel log, then run the same command again.',
        error,
      );
  }
}

function nameTaken(path: string, what: string): EvercertError {
  return new EvercertError('store-access', `${path} ${what}`, 'Move it away, or choose another directory.');
}
