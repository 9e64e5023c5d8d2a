import { spawn } from 'node:child_process';
import * as fs from 'node:fs';
import { EvercertError, systemCode } from '../errors.ts';

/**
 * Takes the lock of a store and holds it until this process ends, however it ends: a kernel lock on an open file.
 *
 * flock(1) locks the open file description that it inherits from us, so no native module is needed; Node opens files
 * close-on-exec, so no hook inherits it.
 *
 * @param waitMs how long to wait for another run
 * @param holder what to write into the file: informs whoever finds the lock taken
 * @throws EvercertError lock-held, lock-failed, store-access
 */
export type TakeLock = (
  path: string,
  waitMs: number,
  holder: string,
  onWait: (holder: string) => void,
  signal: AbortSignal,
) => Promise<void>;

const CONFLICT = 1;

export const takeLock: TakeLock = async (path, waitMs, holder, onWait, signal) => {
  const fd = openLock(path);
  let status = await flock(fd, ['-x', '-n'], undefined, signal);
  if (status === CONFLICT && waitMs > 0) {
    onWait(readHolder(fd));
    status = await flock(fd, ['-x'], waitMs, signal);
  }
  if (status === CONFLICT) throw lockHeld(readHolder(fd));
  if (status !== 0) throw lockFailed(path, status);
  writeHolder(fd, holder);
};

function openLock(path: string): number {
  try {
    return fs.openSync(path, fs.constants.O_RDWR | fs.constants.O_CREAT, 0o600);
  } catch (error) {
    throw new EvercertError(
      'store-access',
      `cannot open ${path}: ${systemCode(error)}`,
      'Run as the user that owns the configuration directory (mostly root), and check that its file system is writable and not full.',
      error,
    );
  }
}

/** Short options, and no time-out of its own: so that BusyBox' flock will do. */
function flock(
  fd: number,
  options: readonly string[],
  waitMs: number | undefined,
  signal: AbortSignal,
): Promise<number> {
  signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const child = spawn('flock', [...options, '3'], { stdio: ['ignore', 'ignore', 'ignore', fd] });
    const giveUp = () => child.kill();
    const timer = waitMs === undefined ? undefined : setTimeout(giveUp, waitMs);
    signal.addEventListener('abort', giveUp, { once: true });
    const settle = (done: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener('abort', giveUp);
      done();
    };
    child.once('error', (cause) => settle(() => reject(noFlock(cause))));
    child.once('exit', (status) =>
      settle(() => (signal.aborted ? reject(signal.reason) : resolve(status ?? CONFLICT))),
    );
  });
}

function noFlock(cause: Error): EvercertError {
  return new EvercertError(
    'lock-failed',
    `cannot run flock(1): ${cause.message}`,
    'Install util-linux (Debian: apt-get install util-linux).',
    cause,
  );
}

function lockFailed(path: string, status: number): EvercertError {
  return new EvercertError(
    'lock-failed',
    `flock(1) failed on ${path} (status ${status})`,
    'The store must be on a file system that has flock(2).',
  );
}

function lockHeld(holder: string): EvercertError {
  return new EvercertError(
    'lock-held',
    `another run holds the lock${holder === '' ? '' : `: ${holder}`}`,
    'Try again when it has ended, or wait for it: --lock-wait SECONDS.',
  );
}

/** Informs only, so that a full disk or a torn text is no reason to stop. */
function readHolder(fd: number): string {
  const bytes = Buffer.alloc(200);
  return bytes.toString('utf8', 0, fs.readSync(fd, bytes, 0, bytes.length, 0)).replace(/[^\x20-\x7e]/g, '');
}

function writeHolder(fd: number, holder: string): void {
  try {
    fs.ftruncateSync(fd);
    fs.writeSync(fd, `${holder}\n`, 0);
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
  }
}
