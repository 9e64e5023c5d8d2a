/** The variable in which a run of evercert finds its fault: a `FaultPlan` as JSON. Only preload/faults.ts reads it. */
export const FAULT_VARIABLE = 'EVERCERT_TEST_FAULT';

/**
 * What happens at the chosen step. `end` is SIGTERM, and goes on. `kill-half` and `short` perform the first half of a write, then end the process, or
 * tell how little was written (whoever asks for the rest gets ENOSPC, as on a full disk).
 */
export type FaultAction = 'end' | 'kill-before' | 'kill-half' | 'kill-after' | 'short' | ErrorCode;

export type ErrorCode = 'ENOSPC' | 'EIO' | 'EACCES';

export interface FaultPlan {
  /** Only what happens below this directory counts. */
  readonly root: string;
  /** A file, outside of `root`, to which each step is appended as a line of JSON (`LoggedStep`). */
  readonly log?: string;
  /** The number of the step that is hit, from 1 on; none when absent. */
  readonly at?: number;
  readonly action?: FaultAction;
  /** The error comes for every step from then on. */
  readonly lasting?: boolean;
  /** Only steps on these files count: a part of the path. */
  readonly only?: string;
}

/** One step on the file system. `open` is one that may create or truncate; `open-dir` reads a directory, to sync it. */
export interface LoggedStep {
  /** From 1 on; 0 for what is no step on the file system: `request` and `spawn`. */
  readonly number: number;
  readonly op: string;
  /** Relative to the root. */
  readonly path: string;
  /** Where a rename or link leads. */
  readonly to?: string;
}

const FULL_DISK = new Set(['open', 'write', 'writev', 'writeFile', 'appendFile', 'mkdir', 'symlink', 'link']);
const BY_DESCRIPTOR = new Set(['write', 'writev', 'ftruncate', 'fsync', 'fdatasync', 'fchown', 'fchmod']);

/** Whether a file system can answer a step like this: a full disk still removes files, rights are asked by path. */
export function canFail(op: string, error: ErrorCode): boolean {
  if (error === 'EIO') return true;
  if (error === 'EACCES') return !BY_DESCRIPTOR.has(op) && op !== 'writeFile';
  return FULL_DISK.has(op) || op === 'rename' || op === 'fsync' || op === 'fdatasync';
}

/** Whether a step alters what a reader of the directory sees. */
export function isChange(op: string): boolean {
  return op !== 'fsync' && op !== 'fdatasync' && op !== 'open-dir';
}

/** Whether a step can be half done. */
export function isWrite(op: string): boolean {
  return op === 'write' || op === 'writev' || op === 'writeFile' || op === 'appendFile';
}
