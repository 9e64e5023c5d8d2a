import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { Disk, DiskReader } from '../system/disk.ts';
import { decodeJson, encodeJson } from './decode.ts';
import type { StorePaths } from './paths.ts';
import { ChallengeSettingsSchema } from './settings.ts';

const Text = v.pipe(v.string(), v.maxLength(32 * 1024));

const PresentedSchema = v.strictObject({
  version: v.literal(1),
  lineage: v.string(),
  settings: ChallengeSettingsSchema,
  /** Since when, and when last, a later run failed to take them away; milliseconds since 1970. */
  failing: v.optional(v.strictObject({ since: v.number(), last: v.number() })),
  challenges: v.array(
    v.strictObject({
      name: Text,
      isWildcard: v.boolean(),
      token: v.pipe(v.string(), v.regex(/^[A-Za-z0-9_-]{0,256}$/)),
      keyAuthorization: Text,
      accountUrl: Text,
      trace: v.optional(Text),
    }),
  ),
});

/** challenges/NAME.json: answers to challenges that stand somewhere now, and must go. */
export type Presented = v.InferOutput<typeof PresentedSchema>;

const FILE = /^[a-z0-9][a-z0-9._-]{0,220}\.json$/;

/** No lineage has more solvers. */
const STEP = 100;

/** Where a solver of a lineage puts on record what it is about to present, and what an earlier order left there. */
export interface Place {
  readonly id: string;
  readonly earlier: Presented['challenges'];
}

/** What is on record of an earlier order stays. @param mayJoin whether the solver can clean up after such settings too */
export function placeFor(
  disk: DiskReader,
  paths: StorePaths,
  lineage: string,
  solver: number,
  mayJoin: (settings: Presented['settings']) => boolean,
): Place {
  const taken = listPresented(disk, paths);
  const numbers = Array.from({ length: taken.length + 1 }, (_, count) => solver + count * STEP);
  const ids = numbers.map((number) => `${lineage}.${number}`);
  for (const id of ids.filter((each) => taken.includes(each))) {
    const left = readIfUsable(disk, paths, id);
    if (left !== undefined && mayJoin(left.settings)) return { id, earlier: left.challenges };
  }
  return { id: ids.find((each) => !taken.includes(each)) ?? '', earlier: [] };
}

function readIfUsable(disk: DiskReader, paths: StorePaths, id: string): Presented | undefined {
  try {
    return readPresented(disk, paths, id);
  } catch (error) {
    if (error instanceof EvercertError && error.code === 'bad-settings') return undefined;
    throw error;
  }
}

/** @param id of a Place */
export async function recordPresented(
  disk: Disk,
  paths: StorePaths,
  id: string,
  presented: Presented,
): Promise<void> {
  if (!FILE.test(`${id}.json`)) throw new TypeError(`unchecked name: ${JSON.stringify(id)}`);
  disk.makeDirectory(paths.challenges, 0o700);
  await disk.replaceFile(`${paths.challenges}/${id}.json`, encodeJson(presented), 0o600);
}

export function forgetPresented(disk: Disk, paths: StorePaths, id: string): void {
  disk.removeFile(`${paths.challenges}/${id}.json`);
}

/** The IDs of what a run that died, or a clean-up that failed, left. */
export function listPresented(disk: DiskReader, paths: StorePaths): string[] {
  const files = disk.list(paths.challenges) ?? [];
  return files.filter((file) => FILE.test(file)).map((file) => file.slice(0, -'.json'.length));
}

/** @throws EvercertError bad-settings */
export function readPresented(disk: DiskReader, paths: StorePaths, id: string): Presented {
  const path = `${paths.challenges}/${id}.json`;
  const text = disk.readText(path);
  if (text !== undefined) return decodeJson(PresentedSchema, text, path);
  throw new EvercertError('bad-settings', `${path} is gone`, 'Another program removed it.');
}
