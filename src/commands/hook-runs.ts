import type { HookRuns } from '../challenges/hook-runs.ts';
import { baseEnvironment } from '../deploy/hook-plan.ts';
import { createTurns } from '../promises.ts';
import type { Edges } from './edges.ts';

/** Runs the hooks that prove names. What certbot would tell them comes from us alone, also when certbot runs us. */
export function createHookRuns(
  {
    runShell,
    emit,
    clock,
    signal,
    environment,
  }: Pick<Edges, 'runShell' | 'emit' | 'clock' | 'signal' | 'environment'>,
  timeoutMs: number,
): HookRuns {
  const inherited = Object.entries(baseEnvironment(environment)).filter(
    ([name]) => !name.startsWith('CERTBOT_'),
  );
  const base = Object.fromEntries(inherited);
  return {
    clock,
    signal,
    inTurn: createTurns(),
    run: async ({ kind, name, command, variables }, ends) => {
      const result = await runShell(command, { ...base, ...variables }, timeoutMs, ends);
      const { stdout: _, ...told } = result;
      emit({ type: 'hook', kind, name, ...told });
      return result;
    },
  };
}
