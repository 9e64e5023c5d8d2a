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

/** The ID of what a solver of a lineage is about to present: what is on record of an earlier order stays. */
export function freshId(disk: DiskReader, paths: StorePaths, lineage: string, solver: number): string {
  const taken = new Set(listPresented(disk, paths));
  let number = solver;
  while (taken.has(`${lineage}.${number}`)) number += STEP;
  return `${lineage}.${number}`;
}

/** @param id see freshId */
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
