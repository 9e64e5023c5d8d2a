import { EvercertError } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import type { ShellResult } from '../system/process.ts';
import { proofValue } from './dns/names.ts';
import type { Challenge } from './solver.ts';

/** One run of an operator's hook. */
export interface HookCall {
  readonly kind: 'auth' | 'cleanup';
  readonly name: string;
  /** The names that it proves. */
  readonly about: string;
  readonly command: string;
  readonly variables: Readonly<Record<string, string>>;
}

export interface HookRuns {
  /** Runs one, bounded in time, and tells the operator. */
  readonly run: (call: HookCall, signal: AbortSignal) => Promise<ShellResult>;
  /** One task at a time, whichever lineages they are for: hooks need not know of each other. */
  readonly inTurn: <T>(task: () => Promise<T>) => Promise<T>;
  readonly clock: Pick<Clock, 'sleep'>;
  readonly signal: AbortSignal;
}

/** What the CA is to find: in a TXT record (RFC 8555 section 8.4), else the key authorization. */
export function validationOf(proof: 'http-01' | 'dns-01', challenge: Challenge): string {
  return proof === 'http-01' ? challenge.keyAuthorization : proofValue(challenge);
}

/**
 * Runs a hook that must succeed.
 *
 * @param told is given what it wrote to stdout, also when it failed
 * @throws EvercertError hook-failed, interrupted
 */
export async function mustRun(
  { run, signal }: HookRuns,
  call: HookCall,
  told: (stdout: string) => Promise<void>,
): Promise<void> {
  const result = await run(call, signal);
  await told(result.stdout);
  if (result.ok) return;
  signal.throwIfAborted();
  throw new EvercertError(
    'hook-failed',
    `auth hook for ${call.about}: ${result.outcome}`,
    'The CA was not told to look. Correct the hook; the next run tries again.',
    undefined,
    lastLines(result.output),
  );
}

/** Runs all of them, also when one fails. @throws EvercertError hook-failed */
export async function cleanUpBy(runs: HookRuns, calls: readonly HookCall[]): Promise<void> {
  const failed: string[] = [];
  const runAll = async (signal: AbortSignal) => {
    for (const call of calls) {
      const { ok, outcome } = await runs.run(call, signal);
      if (!ok) failed.push(`${call.about}: ${outcome}`);
    }
  };
  await runs.inTurn(() => withGrace(runs, runAll));
  if (failed.length === 0) return;
  throw new EvercertError(
    'hook-failed',
    `cleanup hook for ${failed.join('; ')}`,
    'The next run calls it again.',
  );
}

/** For all hooks of one clean-up, once the run is interrupted: soon whoever waits for our end kills us. */
const GRACE_MS = 20_000;

/** A signal that follows that of the run, but late. */
async function withGrace(
  { clock, signal }: HookRuns,
  task: (signal: AbortSignal) => Promise<void>,
): Promise<void> {
  const late = new AbortController();
  const ended = new AbortController();
  const onAbort = () => {
    const sleep = clock.sleep(GRACE_MS, ended.signal);
    sleep.then(
      () => late.abort(),
      () => undefined,
    );
  };
  if (signal.aborted) onAbort();
  else signal.addEventListener('abort', onAbort, { once: true });
  try {
    await task(late.signal);
  } finally {
    signal.removeEventListener('abort', onAbort);
    ended.abort();
  }
}

function lastLines(output: string): string[] {
  const lines = output.split(/[\r\n]+/).map((line) => line.replace(/\p{Cc}/gu, ' ').trim());
  return lines
    .filter((line) => line !== '')
    .slice(-5)
    .map((line) => line.slice(0, 300));
}
