import type { Challenge, PresentedChallenge, Solver } from '../challenges/solver.ts';
import { asEvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { forgetPresented, freshId, recordPresented } from '../lineage/presented.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';

/**
 * A solver whose answers are on record in challenges/ID.json for as long as they stand, so that what a killed run left
 * is taken away by the next one. A clean-up that fails is a warning, and is left to the next run as well.
 *
 * @param index of the solver among those of the lineage
 */
export function journalled(
  { disk, emit }: Pick<Edges, 'disk' | 'emit'>,
  paths: StorePaths,
  lineage: string,
  index: number,
  settings: ChallengeSettings,
  solver: Solver,
): Solver {
  let traces = new Map<Challenge, string>();
  let id = `${lineage}.${index}`;
  const record = (challenges: readonly Challenge[]) =>
    recordPresented(disk, paths, id, {
      version: 1,
      lineage,
      settings,
      challenges: challenges.map((challenge) => ({ ...challenge, ...traceOf(traces, challenge) })),
    });
  return {
    ...solver,
    present: async (challenges, remember) => {
      traces = new Map();
      id = freshId(disk, paths, lineage, index);
      await record(challenges);
      await solver.present(challenges, async (challenge, trace) => {
        traces.set(challenge, trace);
        await Promise.all([remember(challenge, trace), record(challenges)]);
      });
    },
    cleanUp: async (challenges) => {
      if (await cleanedUp({ emit }, lineage, solver, challenges)) forgetPresented(disk, paths, id);
    },
  };
}

function traceOf(traces: ReadonlyMap<Challenge, string>, challenge: Challenge): { trace?: string } {
  const trace = traces.get(challenge);
  return trace === undefined ? {} : { trace };
}

/** @returns whether nothing is left */
async function cleanedUp(
  { emit }: Pick<Edges, 'emit'>,
  lineage: string,
  solver: Solver,
  challenges: readonly PresentedChallenge[],
): Promise<boolean> {
  try {
    await solver.cleanUp(challenges);
    return true;
  } catch (thrown) {
    const { message } = asEvercertError(thrown);
    emit({ type: 'warning', lineage, code: 'cleanup-failed', detail: message });
    return false;
  }
}
