import { cleanUpBy, type HookCall, type HookRuns, mustRun, validationOf } from './hook-runs.ts';
import type { Challenge, PresentedChallenge, Solver } from './solver.ts';

export interface CertbotHooks {
  readonly proof: 'http-01' | 'dns-01';
  /** Shell commands. */
  readonly auth: string;
  readonly cleanup?: string | undefined;
}

/**
 * certbot's manual plugin: the auth hook runs once for each challenge, one after the other; what it wrote to stdout is
 * the trace of its challenge. One without a trace was never begun, so that the clean-up hook is not run for it.
 */
export function certbotHooksSolver(hooks: CertbotHooks, runs: HookRuns): Solver {
  return {
    type: hooks.proof,
    leavesTraces: hooks.cleanup !== undefined,
    present: (challenges, remember) =>
      runs.inTurn(async () => {
        for (const challenge of challenges) {
          runs.signal.throwIfAborted();
          await remember(challenge, '');
          const call = callOf(
            'auth',
            hooks.auth,
            challenge,
            certbotVariables(hooks.proof, challenge, challenges),
          );
          await mustRun(runs, call, (stdout) => remember(challenge, authOutput(stdout)));
        }
      }),
    cleanUp: (challenges) => cleanUpBy(runs, cleanUpCalls(hooks, challenges)),
  };
}

function cleanUpCalls(
  { proof, cleanup }: CertbotHooks,
  challenges: readonly PresentedChallenge[],
): HookCall[] {
  return challenges.flatMap((challenge) => {
    if (cleanup === undefined || challenge.trace === undefined) return [];
    const variables = certbotVariables(proof, challenge, challenges);
    return [callOf('cleanup', cleanup, challenge, { ...variables, CERTBOT_AUTH_OUTPUT: challenge.trace })];
  });
}

function callOf(
  kind: HookCall['kind'],
  command: string,
  { name }: Challenge,
  variables: HookCall['variables'],
): HookCall {
  return { kind, name: command, about: name, command, variables };
}

/**
 * What certbot tells both hooks. A wildcard goes by the name without its "*.", as the CA has it.
 *
 * @param challenges all that these hooks are run for
 */
export function certbotVariables(
  proof: CertbotHooks['proof'],
  challenge: Challenge,
  challenges: readonly Challenge[],
): Record<string, string> {
  const { name, token } = challenge;
  const all = challenges.map((each) => each.name).join(',');
  return {
    CERTBOT_DOMAIN: name,
    CERTBOT_IDENTIFIER: name,
    CERTBOT_ALL_DOMAINS: all,
    CERTBOT_ALL_IDENTIFIERS: all,
    CERTBOT_VALIDATION: validationOf(proof, challenge),
    CERTBOT_REMAINING_CHALLENGES: String(challenges.length - 1 - challenges.indexOf(challenge)),
    ...(proof === 'http-01' ? { CERTBOT_TOKEN: token } : {}),
  };
}

/** As the environment can hold it. */
function authOutput(stdout: string): string {
  return stdout.replaceAll('\0', '').trim();
}
