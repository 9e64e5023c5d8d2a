import type { HookCall, HookRuns } from '../../src/challenges/hook-runs.ts';
import type { Challenge, PresentedChallenge, Solver } from '../../src/challenges/solver.ts';
import { EvercertError } from '../../src/errors.ts';
import { createTurns } from '../../src/promises.ts';
import { systemClock } from '../../src/system/clock.ts';
import type { ShellResult } from '../../src/system/process.ts';

/** @param key what its token and its key authorization begin with */
export function challengeFor(name: string, key: string): Challenge {
  return {
    name,
    isWildcard: false,
    token: `${key}-token`,
    keyAuthorization: `${key}-token.thumbprint`,
    accountUrl: 'https://ca.example/account/1',
  };
}

/** Hooks of one run, without a shell: `answer` says how each ends, which is well unless it says otherwise. */
export function scriptedRuns(
  answer: (call: HookCall, signal: AbortSignal) => Partial<ShellResult> = () => ({}),
) {
  const calls: HookCall[] = [];
  const signals: AbortSignal[] = [];
  const controller = new AbortController();
  const runs: HookRuns = {
    run: async (call, signal) => {
      calls.push(call);
      signals.push(signal);
      return { ok: true, outcome: 'exit 0', output: '', stdout: '', ms: 1, ...answer(call, signal) };
    },
    inTurn: createTurns(),
    clock: systemClock,
    signal: controller.signal,
  };
  const interrupt = () => controller.abort(new EvercertError('interrupted', 'stop', 'go on'));
  return { runs, calls, signals, interrupt };
}

/** Presents as the caller of a solver does, and keeps the traces also when it fails. */
export async function presentAll(solver: Solver, challenges: readonly Challenge[]) {
  const traces = new Map<Challenge, string>();
  const error: unknown = await solver
    .present(challenges, async (challenge, trace) => void traces.set(challenge, trace))
    .catch((thrown: unknown) => thrown);
  const presented = challenges.map(
    (challenge): PresentedChallenge => ({ ...challenge, trace: traces.get(challenge) }),
  );
  return { error, presented };
}
