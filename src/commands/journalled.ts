import type { Challenge, PresentedChallenge, Solver } from '../challenges/solver.ts';
import { EvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import {
  forgetPresented,
  type Presented,
  presentedPath,
  recordPresented,
  standingBy,
} from '../lineage/presented.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import type { Disk } from '../system/disk.ts';
import type { Edges } from './edges.ts';

/** One of the solvers of a lineage. */
export interface SolverPlace {
  readonly lineage: string;
  readonly index: number;
  /** How many there are. */
  readonly count: number;
}

/** A file, and what an earlier clean-up left in it. */
interface Journal {
  readonly id: string;
  readonly left: Presented['challenges'];
}

/** Of those that could not be cleaned up, the last ones: no file grows for ever. */
const MOST_LEFT = 200;

/**
 * A solver whose answers are on record in challenges/ID.json for as long as they stand, so that what a killed run left
 * is taken away by the next one. A clean-up that fails is a warning, and is left to the next run as well.
 */
export function journalled(
  { disk, emit }: Pick<Edges, 'disk' | 'emit'>,
  paths: StorePaths,
  place: SolverPlace,
  settings: ChallengeSettings,
  solver: Solver,
): Solver {
  const { lineage } = place;
  let journal: Journal | undefined;
  let traces = new Map<Challenge, string>();
  const write = ({ id }: Journal, challenges: Presented['challenges']) =>
    recordPresented(disk, paths, id, { version: 1, lineage, settings, challenges });
  const record = ({ id, left }: Journal, challenges: readonly Challenge[]) =>
    write({ id, left }, [...left, ...challenges.map((each) => ({ ...each, ...traceOf(traces, each) }))]);
  return {
    ...solver,
    present: async (challenges, remember) => {
      const found = findJournal(disk, paths, place, settings);
      const [own, left] = divided(found.left, challenges);
      const current = { id: found.id, left: left.slice(-MOST_LEFT) };
      journal = current;
      traces = own;
      await record(current, challenges);
      await solver.present(challenges, async (challenge, trace) => {
        traces.set(challenge, trace);
        await Promise.all([remember(challenge, trace), record(current, challenges)]);
      });
    },
    cleanUp: async (challenges) => {
      const current = journal;
      const path = current === undefined ? '' : presentedPath(paths, current.id);
      await cleanedUp({ emit }, lineage, path, async () => {
        await solver.cleanUp(challenges);
        if (current === undefined) return;
        if (current.left.length > 0) await write(current, current.left);
        else forgetPresented(disk, paths, current.id);
      });
    },
  };
}

/** The first that is free, or holds what the same settings left. Solvers of one lineage never look at the same. */
function findJournal(
  disk: Disk,
  paths: StorePaths,
  { lineage, index, count }: SolverPlace,
  settings: ChallengeSettings,
): Journal {
  for (let number = index; ; number += count) {
    const id = `${lineage}.${number}`;
    const left = standingBy(disk, paths, id, settings);
    if (left !== undefined) return { id, left };
  }
}

/** An order that is taken up again has the same challenges. @returns what is known of these, and the others */
function divided(
  left: Presented['challenges'],
  challenges: readonly Challenge[],
): [Map<Challenge, string>, Presented['challenges']] {
  const isSame = (one: PresentedChallenge, other: Challenge) =>
    one.name === other.name && one.keyAuthorization === other.keyAuthorization;
  const traces = new Map<Challenge, string>();
  for (const challenge of challenges) {
    const trace = left.find((each) => isSame(each, challenge))?.trace;
    if (trace !== undefined) traces.set(challenge, trace);
  }
  return [traces, left.filter((each) => !challenges.some((challenge) => isSame(each, challenge)))];
}

function traceOf(traces: ReadonlyMap<Challenge, string>, challenge: Challenge): { trace?: string } {
  const trace = traces.get(challenge);
  return trace === undefined ? {} : { trace };
}

/** Nothing that fails here, a mistake of ours included, may hold up a run, or hide how an order ended. */
export async function cleanedUp(
  { emit }: Pick<Edges, 'emit'>,
  lineage: string | undefined,
  path: string,
  cleanUp: () => Promise<void>,
): Promise<void> {
  try {
    await cleanUp();
  } catch (thrown) {
    const message = thrown instanceof EvercertError ? thrown.message : `internal error: ${thrown}`;
    const detail = path === '' || message.includes(path) ? message : `${path}: ${message}`;
    emit({ type: 'warning', ...(lineage !== undefined && { lineage }), code: 'cleanup-failed', detail });
  }
}
