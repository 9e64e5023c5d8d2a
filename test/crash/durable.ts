import { dirname } from 'node:path';
import { isChange, isWrite, type LoggedStep } from './fault-plan.ts';

/** What a power failure could still take away. Paths are those of the log. */
interface Unsynced {
  /** Files whose content is not on the disk. */
  readonly content: Set<string>;
  /** Names that are not on the disk, in the order in which they came. */
  readonly names: Set<string>;
  /** Directories whose entries changed since they were synced: those that are not final yet. */
  readonly hidden: Set<string>;
}

const LOCK = 'store/.lock';
/** A name that a later run knows to be nobody's: its entry need not be on the disk. */
const TEMPORARY = /(^|\/)\.[^/]+\.tmp(\/|$)|\.json\.\d+$|key\.pem\.\d+$/;

/**
 * Reads the log of a run as a disk that loses all that was not synced. Returns where the run went on, or told somebody,
 * relying on something that a power failure could take back (docs/store.md, "The closed list of mutations").
 */
export function unsyncedSteps(log: readonly LoggedStep[]): string[] {
  const state: Unsynced = { content: new Set(), names: new Set(), hidden: new Set() };
  const complaints = log.filter(isOfStore).flatMap((step) => {
    const found = step.number === 0 || isChange(step.op) ? lacking(state, step) : [];
    apply(state, step);
    return found.map((what) => `${what} before ${step.number} ${step.op} ${step.path}`);
  });
  return [
    ...complaints,
    ...lacking(state, { number: 0, op: 'exit', path: '' }).map((what) => `${what} at the end`),
  ];
}

function isOfStore({ number, path }: LoggedStep): boolean {
  return number === 0 || path === '.' || (path.startsWith('store') && path !== LOCK);
}

/** What should have been synced before this step. */
function lacking({ content, names, hidden }: Unsynced, { op, path, number }: LoggedStep): string[] {
  const missing = [...names]
    .filter((name) => !(isWrite(op) && name === path))
    .map((name) => `the name ${name} is not synced`);
  if (op !== 'rename' && number > 0) return missing;
  const moved = (name: string) =>
    number === 0 ? !TEMPORARY.test(name) : name === path || name.startsWith(`${path}/`);
  return [
    ...missing,
    ...[...content].filter(moved).map((name) => `the content of ${name} is not synced`),
    ...(hidden.has(path) && op === 'rename' ? [`the entries of ${path} are not synced`] : []),
  ];
}

function apply(state: Unsynced, { op, path, to }: LoggedStep): void {
  const { content, names, hidden } = state;
  if (isWrite(op)) content.add(path);
  if (op === 'fsync' || op === 'fdatasync') {
    content.delete(path);
    hidden.delete(path);
    for (const name of names) if (dirname(name) === path) names.delete(name);
  }
  if (op === 'open') content.add(path);
  if (op === 'open' || op === 'mkdir') added(state, path);
  if (op === 'unlink' || op === 'rm' || op === 'rmdir') {
    for (const set of [content, names, hidden]) set.delete(path);
  }
  if (op === 'rename' && to !== undefined) {
    hidden.delete(path);
    added(state, to);
  }
}

function added({ names, hidden }: Unsynced, path: string): void {
  if (TEMPORARY.test(path)) hidden.add(dirname(path));
  else names.add(path);
}
