import { type ChildProcess, spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

export { hostname } from 'node:os';

export interface ShellResult {
  readonly ok: boolean;
  /** 'exit 1', 'signal SIGKILL', 'timed out after 600 s' … */
  readonly outcome: string;
  /** stdout and stderr as they came, the last 32 KiB. */
  readonly output: string;
  /** The end of stdout alone, as much of it. */
  readonly stdout: string;
  readonly ms: number;
}

/**
 * Runs `sh -c COMMAND` in a process group of its own and waits for the shell, not for what it leaves running. When time
 * is up or the signal is aborted the whole group is ended. Never throws.
 */
export type RunShell = (
  command: string,
  env: Readonly<Record<string, string>>,
  timeoutMs: number,
  signal: AbortSignal,
) => Promise<ShellResult>;

const MAX_OUTPUT_BYTES = 32 * 1024;
const KILL_AFTER_MS = 2000;
const GROUP_POLL_MS = 20;
/** A grandchild may hold the pipe open for ever; what the shell itself wrote is there by now. */
const DRAIN_MS = 100;

/**
 * @param umask that hooks are to have: what this process was started with
 * @param input what the command reads from stdin; it need not
 */
export function createRunShell(umask: number, input = ''): RunShell {
  return (command, env, timeoutMs, signal) => runShell({ command, env, umask, input }, timeoutMs, signal);
}

interface Shell {
  readonly command: string;
  readonly env: Readonly<Record<string, string>>;
  readonly umask: number;
  readonly input: string;
}

async function runShell(shell: Shell, timeoutMs: number, signal: AbortSignal): Promise<ShellResult> {
  const started = performance.now();
  if (signal.aborted) return notStarted('interrupted');
  const child = start(shell);
  if (typeof child === 'string') return notStarted(child);
  const read = collectOutput(child);
  let stoppedBecause: string | undefined;
  let killed: Promise<void> | undefined;
  const stop = (why: string) => {
    stoppedBecause ??= why;
    killGroup(child, 'SIGTERM');
    killed = groupEnded(child);
  };
  const timer = setTimeout(() => stop(`timed out after ${timeoutMs / 1000} s`), timeoutMs);
  const onAbort = () => stop('interrupted');
  signal.addEventListener('abort', onAbort, { once: true });
  const outcome = await ended(child);
  clearTimeout(timer);
  signal.removeEventListener('abort', onAbort);
  await killed;
  return {
    ok: outcome === 'exit 0' && stoppedBecause === undefined,
    outcome: stoppedBecause ?? outcome,
    ...(await read()),
    ms: Math.round(performance.now() - started),
  };
}

/** Node throws at once for a command with a NUL, or one that is too long. */
function start({ command, env, umask, input }: Shell): ChildProcess | string {
  const ours = process.umask(umask);
  try {
    const child = spawn('/bin/sh', ['-c', command], {
      detached: true,
      stdio: [input === '' ? 'ignore' : 'pipe', 'pipe', 'pipe'],
      env: { ...env },
    });
    child.stdin?.on('error', () => undefined).end(input);
    return child;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  } finally {
    process.umask(ours);
  }
}

function notStarted(why: string): ShellResult {
  return { ok: false, outcome: `not started: ${why}`, output: '', stdout: '', ms: 0 };
}

function ended(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(`not started: ${error.message}`));
    child.once('exit', (code, killedBy) => resolve(code === null ? `signal ${killedBy}` : `exit ${code}`));
  });
}

/** Returns a function that resolves to the output once the pipes are closed, or drained after the shell's end. */
function collectOutput(child: ChildProcess): () => Promise<Pick<ShellResult, 'output' | 'stdout'>> {
  let output = Buffer.alloc(0);
  let stdout = Buffer.alloc(0);
  let isCut = false;
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  for (const stream of streams) {
    stream.on('data', (chunk: Buffer) => {
      isCut ||= output.length + chunk.length > MAX_OUTPUT_BYTES;
      output = endOf(output, chunk);
      if (stream === child.stdout) stdout = endOf(stdout, chunk);
    });
  }
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  return async () => {
    const drained = new Promise<void>((resolve) => setTimeout(resolve, DRAIN_MS));
    await Promise.race([closed, drained]);
    for (const stream of streams) stream.destroy();
    const notice = isCut ? '(what came before is left out)\n' : '';
    return { output: `${notice}${output.toString('utf8')}`, stdout: stdout.toString('utf8') };
  };
}

function endOf(before: Buffer, chunk: Buffer): Buffer<ArrayBuffer> {
  return Buffer.concat([before, chunk]).subarray(-MAX_OUTPUT_BYTES);
}

/** The shell may be gone before the command that it ran, which may have something to tidy up: the whole group has time. */
async function groupEnded(child: ChildProcess): Promise<void> {
  for (let waited = 0; waited < KILL_AFTER_MS; waited += GROUP_POLL_MS) {
    await delay(GROUP_POLL_MS);
    if (!killGroup(child, 0)) return;
  }
  killGroup(child, 'SIGKILL');
}

/** @returns false when the group is gone */
function killGroup(child: ChildProcess, signal: NodeJS.Signals | 0): boolean {
  if (child.pid === undefined) return false;
  try {
    return process.kill(-child.pid, signal);
  } catch {
    return false;
  }
}

/** The number of a group, asked of the system's own database; undefined when there is none of that name. */
export type LookUpGroup = (name: string) => Promise<number | undefined>;

export const lookUpGroup: LookUpGroup = (name) =>
  new Promise((resolve) => {
    const child = spawn('getent', ['group', '--', name], { stdio: ['ignore', 'pipe', 'ignore'] });
    let output = '';
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
    });
    child.once('error', () => resolve(undefined));
    child.once('close', () => {
      const gid = /^[^:]*:[^:]*:(\d+):/.exec(output)?.[1];
      resolve(gid === undefined ? undefined : Number(gid));
    });
  });
