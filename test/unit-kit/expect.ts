import assert from 'node:assert/strict';
import { type ErrorCode, EvercertError } from '../../src/errors.ts';

/** Runs what must fail; the EvercertError it failed with. */
export function failure(run: () => unknown, code: ErrorCode): EvercertError {
  try {
    run();
  } catch (error) {
    return expected(error, code);
  }
  return assert.fail(`nothing was thrown, not even ${code}`);
}

export async function rejection(promise: Promise<unknown>, code: ErrorCode): Promise<EvercertError> {
  const error = await promise.then(
    () => assert.fail(`it resolved, without ${code}`),
    (thrown: unknown) => thrown,
  );
  return expected(error, code);
}

function expected(error: unknown, code: ErrorCode): EvercertError {
  if (!(error instanceof EvercertError)) throw error;
  assert.equal(error.code, code, error.message);
  assert.notEqual(error.hint, '');
  return error;
}

/** What `run` returns; undefined when it fails as it may. Anything else that is thrown goes on up. */
export function attempt<T>(run: () => T, ...codes: readonly ErrorCode[]): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof EvercertError && codes.includes(error.code)) return undefined;
    throw error;
  }
}

/** The signal of a run that nobody interrupts. */
export const NEVER = new AbortController().signal;

/** No control characters other than line feeds: safe on a terminal. */
export function assertPrintable(text: string): void {
  assert.ok(typeof text === 'string');
  assert.doesNotMatch(text, /[^\P{Cc}\n]|\p{Cf}/u);
}
