import { isDeepStrictEqual } from 'node:util';
import type { Challenge, PresentedChallenge, Solver } from '../challenges/solver.ts';
import { asEvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { forgetPresented, type Place, placeFor, recordPresented } from '../lineage/presented.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';

/**
 * A solver whose answers are on record in challenges/ID.json for as long as they stand, so that what a killed run left
 * is taken away by the next one. A clean-up that fails is a warning, and is left to the next run as well, or to the
 * next order that is proven alike.
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
  let place: Place = { id: `${lineage}.${index}`, earlier: [] };
  const record = (challenges: readonly Challenge[]) => {
    const ours = challenges.map((challenge) => ({ ...challenge, ...traceOf(traces, challenge) }));
    const all = [...ours, ...place.earlier].slice(0, MOST);
    return recordPresented(disk, paths, place.id, { version: 1, lineage, settings, challenges: all });
  };
  return {
    ...solver,
    present: async (challenges, remember) => {
      traces = new Map();
      const { id, earlier } = placeFor(disk, paths, lineage, index, (left) => isAlike(left, settings));
      const tokens = new Set(challenges.map(({ token }) => token));
      place = { id, earlier: earlier.filter(({ token }) => !tokens.has(token)) };
      await record(challenges);
      await solver.present(challenges, async (challenge, trace) => {
        traces.set(challenge, trace);
        await Promise.all([remember(challenge, trace), record(challenges)]);
      });
    },
    cleanUp: async (challenges) => {
      if (await cleanedUp({ emit }, lineage, solver, [...challenges, ...place.earlier]))
        forgetPresented(disk, paths, place.id);
    },
  };
}

/** Of an order that failed day after day the oldest answers are forgotten. */
const MOST = 1000;

/** Whether one cleans up after the other: credentials may have been wrong before. */
function isAlike(left: ChallengeSettings, settings: ChallengeSettings): boolean {
  const isSameProvider =
    left.type === 'dns' && settings.type === 'dns' && left.provider === settings.provider;
  return isSameProvider || isDeepStrictEqual(left, settings);
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
