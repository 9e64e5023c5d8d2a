import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { whenProcessEnds } from './cleanup.ts';
import { findExecutable } from './executables.ts';
import { accepts } from './ports.ts';
import { scratchDirectory } from './scratch.ts';

export interface ServerCommand {
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Loopback TCP ports that must accept connections before the server counts as started. */
  readonly ports: readonly number[];
}

export interface RunningServer {
  readonly pid: number;
  /** All that the server has written to its standard output and error so far. */
  readonly log: () => string;
  readonly signal: (signal: NodeJS.Signals) => void;
  readonly stop: () => Promise<void>;
}

const START_WITHIN_MS = 15_000;
const GRACE_MS = 5_000;
const LOG_TAIL_LINES = 40;

/**
 * Starts a server in a process group of its own and waits until it listens. It neither keeps this process alive
 * nor outlives it: the group is killed at exit, and the kernel ends the server should this process die by SIGKILL.
 */
export async function startServer(server: ServerCommand): Promise<RunningServer> {
  const scratch = scratchDirectory('log');
  const logFile = join(scratch.directory, 'log');
  const child = launch(server, logFile);
  const pid = await pidOf(child, server.command);
  const log = keptLog(logFile);
  child.unref();
  const doNotKillAtEnd = whenProcessEnds(() => killGroup(pid));
  let stopping: Promise<void> | undefined;
  const end = async (): Promise<void> => {
    await terminate(child, pid);
    doNotKillAtEnd();
    log.keep();
    scratch.remove();
  };
  const stop = (): Promise<void> => {
    stopping ??= end();
    return stopping;
  };
  try {
    await untilListening(server, child);
  } catch (error) {
    await stop();
    throw new Error(`${server.command} did not start\n${tail(log.read())}`, { cause: error });
  }
  return { pid, log: log.read, signal: (signal) => void process.kill(pid, signal), stop };
}

/**
 * Awaits a server of this rig and stops it when the test ends, having shown the end of its log if the test failed.
 *
 *     const nginx = await during(t, startNginx());
 */
export async function during<Server extends Stoppable>(
  t: TestContext,
  starting: Promise<Server>,
): Promise<Server> {
  const server = await starting;
  t.after(async () => {
    await server.stop();
    if (!(t as { readonly passed?: boolean }).passed)
      console.error(`--- end of a server's log\n${tail(server.log())}`);
  });
  return server;
}

interface Stoppable {
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Waits until `condition` holds; fails with `what` after `withinMs`. */
export async function until(
  what: string,
  condition: () => boolean | Promise<boolean>,
  withinMs = START_WITHIN_MS,
): Promise<void> {
  const deadline = Date.now() + withinMs;
  while (!(await condition())) {
    if (Date.now() > deadline) throw new Error(`not within ${withinMs} ms: ${what}`);
    await sleep(10);
  }
}

function launch(server: ServerCommand, logFile: string): ChildProcess {
  const output = openSync(logFile, 'a');
  const setpriv = findExecutable('setpriv');
  const argv = [...(setpriv ? [setpriv, '--pdeathsig', 'TERM'] : []), server.command, ...server.args];
  try {
    return spawn(argv[0] ?? '', argv.slice(1), {
      detached: true,
      stdio: ['ignore', output, output],
      env: { ...process.env, ...server.env },
      cwd: server.cwd,
    });
  } finally {
    closeSync(output);
  }
}

async function pidOf(child: ChildProcess, command: string): Promise<number> {
  if (child.pid !== undefined) return child.pid;
  const [error] = await once(child, 'error').catch((thrown: unknown) => [thrown]);
  throw new Error(`cannot start ${command}`, { cause: error });
}

async function untilListening(server: ServerCommand, child: ChildProcess): Promise<void> {
  await until(`${server.command} listens on ${server.ports.join(', ')}`, async () => {
    if (hasEnded(child)) throw new Error(`ended with ${child.exitCode ?? child.signalCode}`);
    const listening = await Promise.all(server.ports.map(accepts));
    return listening.every(Boolean);
  });
}

async function terminate(child: ChildProcess, pid: number): Promise<void> {
  if (!hasEnded(child)) {
    child.ref();
    const ended = once(child, 'exit');
    child.kill('SIGTERM');
    await Promise.race([ended, sleep(GRACE_MS, undefined, { ref: false })]);
  }
  killGroup(pid);
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // The whole group has ended already.
  }
}

function keptLog(file: string): { read: () => string; keep: () => void } {
  let kept: string | undefined;
  const read = (): string => kept ?? readFileSync(file, 'utf8');
  const keep = (): void => {
    kept = read();
  };
  return { read, keep };
}

function tail(log: string): string {
  return log.trimEnd().split('\n').slice(-LOG_TAIL_LINES).join('\n');
}
