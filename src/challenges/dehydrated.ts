import { cleanUpBy, type HookCall, type HookRuns, mustRun, validationOf } from './hook-runs.ts';
import { shellWord } from './shell-word.ts';
import type { Challenge, Solver } from './solver.ts';

export interface DehydratedHook {
  readonly proof: 'http-01' | 'dns-01';
  /** Path of the script. */
  readonly hook: string;
  /** HOOK_CHAIN=yes: one call for all challenges of an order. */
  readonly chain?: boolean | undefined;
}

type Verb = 'deploy_challenge' | 'clean_challenge';

/** dehydrated's hook script: called for each challenge, or once for all. A challenge without a trace was never begun. */
export function dehydratedSolver(hook: DehydratedHook, runs: HookRuns): Solver {
  return {
    type: hook.proof,
    leavesTraces: true,
    present: (challenges, remember) =>
      runs.inTurn(async () => {
        for (const together of callGroups(hook, challenges)) {
          runs.signal.throwIfAborted();
          for (const challenge of together) await remember(challenge, '');
          await mustRun(runs, callOf(hook, 'deploy_challenge', together), async () => undefined);
        }
      }),
    cleanUp: (challenges) => {
      const begun = challenges.filter(({ trace }) => trace !== undefined);
      const groups = callGroups(hook, begun);
      return cleanUpBy(
        runs,
        groups.map((together) => callOf(hook, 'clean_challenge', together)),
      );
    },
  };
}

function callGroups({ chain }: DehydratedHook, challenges: readonly Challenge[]): (readonly Challenge[])[] {
  if (chain === true) return challenges.length === 0 ? [] : [challenges];
  return challenges.map((challenge) => [challenge]);
}

function callOf({ proof, hook }: DehydratedHook, verb: Verb, challenges: readonly Challenge[]): HookCall {
  const triples = challenges.flatMap((challenge) => [
    challenge.name,
    challenge.token,
    validationOf(proof, challenge),
  ]);
  return {
    kind: verb === 'deploy_challenge' ? 'auth' : 'cleanup',
    name: `${hook} ${verb}`,
    about: challenges.map(({ name }) => name).join(', '),
    command: [hook, verb, ...triples].map(shellWord).join(' '),
    variables: { CHALLENGETYPE: proof },
  };
}
