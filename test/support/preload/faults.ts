/**
 * Loaded into the real evercert by `node --import`: sees each of its steps on the file system, and makes the chosen one
 * go wrong. Without `EVERCERT_TEST_FAULT` it does nothing.
 */
import childProcess from 'node:child_process';
import fs from 'node:fs';
import http from 'node:http';
import { syncBuiltinESMExports } from 'node:module';
import { type Action, createJudge, type Judge, type Step } from '../../crash/fault-judge.ts';
import { FAULT_VARIABLE, type FaultPlan } from '../../crash/fault-plan.ts';

type Fn = (this: unknown, ...args: unknown[]) => unknown;
type Library = Record<string, Fn>;
type Describe = (args: readonly unknown[], self: unknown) => Step | undefined;

const original = { ...fs } as typeof fs;
const paths = new Map<number, string>();
/** Inside a function of node:fs that calls others of them. */
let depth = 0;

const BY_PATH = [
  'mkdir',
  'unlink',
  'rm',
  'rmdir',
  'truncate',
  'chmod',
  'chown',
  'lchown',
  'utimes',
  'lutimes',
];
const BY_DESCRIPTOR = ['write', 'writev', 'ftruncate', 'fsync', 'fdatasync', 'fchown', 'fchmod', 'futimes'];
const BY_EITHER = ['writeFile', 'appendFile'];
/** With a callback these call others of node:fs, which are seen then. */
const COMPOSED = new Set(['writeFile', 'appendFile', 'rm']);
const OF_HANDLES = {
  write: 'write',
  writev: 'writev',
  writeFile: 'writeFile',
  appendFile: 'appendFile',
  truncate: 'ftruncate',
  sync: 'fsync',
  datasync: 'fdatasync',
  chmod: 'fchmod',
  chown: 'fchown',
  utimes: 'futimes',
};
/** Nobody uses these below the root; one who does has to be seen here first. */
const UNKNOWN = ['copyFile', 'cp', 'mkdtemp'].flatMap((name) => [name, `${name}Sync`]);

const text = process.env[FAULT_VARIABLE];
if (text !== undefined) await install(createJudge(JSON.parse(text) as FaultPlan, original));

async function install(judge: Judge): Promise<void> {
  const library = fs as unknown as Library;
  const promises = fs.promises as unknown as Library;
  for (const [op, describe] of describers()) {
    const known: Describe = (args, self) => (depth > 0 ? undefined : describe(args, self));
    replace(library, `${op}Sync`, (fn) => syncVersion(judge, known, fn));
    if (!COMPOSED.has(op)) replace(library, op, (fn) => callbackVersion(judge, known, fn));
    if (op in promises) replace(promises, op, (fn) => promiseVersion(judge, known, fn));
  }
  const handle = await original.promises.open('/dev/null');
  const methods = Object.getPrototypeOf(handle) as Library;
  await handle.close();
  for (const [name, op] of Object.entries(OF_HANDLES)) {
    const describe: Describe = ([data], self) =>
      onDescriptor(op, [(self as fs.promises.FileHandle).fd, data]);
    replace(methods, name, (fn) => promiseVersion(judge, describe, fn));
  }
  for (const name of [...UNKNOWN, 'createWriteStream'])
    replace(library, name, (fn) => refuse(judge, name, fn));
  for (const name of UNKNOWN) if (name in promises) replace(promises, name, (fn) => refuse(judge, name, fn));
  replace(http as unknown as Library, 'request', (fn) => noted(judge, 'request', fn));
  replace(childProcess as unknown as Library, 'spawn', (fn) => noted(judge, 'spawn', fn));
  syncBuiltinESMExports();
}

/** What others see of us is in the log too, between the steps. */
function noted(judge: Judge, op: string, fn: Fn): Fn {
  return function (...args) {
    judge.note(op, Array.isArray(args[1]) ? args[1].join(' ') : String(args[0]));
    return fn.apply(this, args);
  };
}

function describers(): [string, Describe][] {
  return [
    ...BY_PATH.map((op): [string, Describe] => [op, ([path]) => onPath(op, path)]),
    ...BY_DESCRIPTOR.map((op): [string, Describe] => [op, (args) => onDescriptor(op, args)]),
    ...BY_EITHER.map((op): [string, Describe] => [op, (args) => onEither(op, args)]),
    ['rename', ([from, to]) => ({ op: 'rename', path: String(from), to: String(to) })],
    ['link', ([from, to]) => ({ op: 'link', path: String(to), to: String(from) })],
    ['symlink', ([target, path]) => ({ op: 'symlink', path: String(path), to: String(target) })],
    ['open', ([path, flags]) => onOpen(path, flags)],
  ];
}

/** A directory that is there, or a file that is not, makes the step no step. */
function onPath(op: string, path: unknown): Step | undefined {
  const isThere = original.lstatSync(String(path), { throwIfNoEntry: false }) !== undefined;
  return isThere === (op === 'mkdir') ? undefined : { op, path: String(path) };
}

function onDescriptor(op: string, [fd, ...rest]: readonly unknown[]): Step | undefined {
  const path = paths.get(fd as number);
  if (path === undefined) return undefined;
  const half = () => {
    const written = writeHalf(fd as number, rest);
    return op === 'write' ? written : undefined;
  };
  return { op, path, half };
}

function onEither(op: string, args: readonly unknown[]): Step | undefined {
  const [target, data] = args;
  if (typeof target === 'number') return onDescriptor(op, args);
  const half = () => {
    original.writeFileSync(String(target), firstHalf(data), args[2] as fs.WriteFileOptions);
    return undefined;
  };
  return { op, path: String(target), half };
}

function onOpen(path: unknown, flags: unknown): Step | undefined {
  if (!mayWrite(flags)) {
    const stat = original.statSync(String(path), { throwIfNoEntry: false });
    return stat?.isDirectory() ? { op: 'open-dir', path: String(path) } : undefined;
  }
  return { op: 'open', path: String(path) };
}

function mayWrite(flags: unknown): boolean {
  const { O_WRONLY, O_RDWR, O_CREAT, O_TRUNC } = fs.constants;
  if (typeof flags === 'number') return (flags & (O_WRONLY | O_RDWR | O_CREAT | O_TRUNC)) !== 0;
  return typeof flags === 'string' && /[wa+]/.test(flags);
}

function writeHalf(fd: number, [data, offset, length, position]: readonly unknown[]): number {
  const isText = typeof data === 'string';
  const bytes = isText ? data : (data as Buffer).subarray(Number(offset ?? 0), Number(length ?? Infinity));
  const at = isText ? offset : position;
  return original.writeSync(fd, firstHalf(bytes), 0, undefined, typeof at === 'number' ? at : null);
}

function firstHalf(data: unknown): Buffer {
  const bytes = Buffer.from(data as string);
  return bytes.subarray(0, bytes.length >> 1);
}

function replace(library: Library, name: string, make: (fn: Fn) => Fn): void {
  const fn = library[name];
  if (fn === undefined) throw new Error(`node:fs has no ${name}`);
  // util.promisify finds what it needs on the function.
  library[name] = Object.defineProperties(make(fn), Object.getOwnPropertyDescriptors(fn));
}

function syncVersion(judge: Judge, describe: Describe, fn: Fn): Fn {
  return function (...args) {
    const action = decide(judge, describe(args, this));
    if (action instanceof Error) throw action;
    if (typeof action === 'number') return action;
    depth += 1;
    try {
      const result = fn.apply(this, args);
      remember(result, args);
      return result;
    } finally {
      depth -= 1;
      if (action === 'kill-after') judge.kill();
    }
  };
}

function callbackVersion(judge: Judge, describe: Describe, fn: Fn): Fn {
  return function (...args) {
    const callback = args.at(-1) as Fn;
    const action = decide(judge, describe(args, this));
    if (action instanceof Error) return process.nextTick(callback, action);
    if (typeof action === 'number') return process.nextTick(callback, null, action);
    const done: Fn = (error, result) => {
      if (action === 'kill-after') judge.kill();
      remember(result, args);
      callback(error, result);
    };
    return fn.apply(this, [...args.slice(0, -1), done]);
  };
}

function promiseVersion(judge: Judge, describe: Describe, fn: Fn): Fn {
  return async function (...args) {
    const action = decide(judge, describe(args, this));
    if (action instanceof Error) throw action;
    if (typeof action === 'number') return { bytesWritten: action, buffer: args[0] };
    const result = await fn.apply(this, args);
    if (action === 'kill-after') judge.kill();
    remember((result as fs.promises.FileHandle | undefined)?.fd, args);
    return result;
  };
}

function refuse(judge: Judge, name: string, fn: Fn): Fn {
  return function (...args) {
    if (args.some((arg) => typeof arg === 'string' && judge.concerns(arg)))
      throw new Error(`${name}: not known to faults.ts`);
    return fn.apply(this, args);
  };
}

function decide(judge: Judge, step: Step | undefined): Action | undefined {
  if (step === undefined) return undefined;
  depth += 1;
  try {
    return judge.decide(step);
  } finally {
    depth -= 1;
  }
}

/** Only opening answers with a number after a path. */
function remember(result: unknown, [path]: readonly unknown[]): void {
  if (typeof result === 'number' && typeof path !== 'number') paths.set(result, String(path));
}
