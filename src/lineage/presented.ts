import { isDeepStrictEqual } from 'node:util';
import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { Disk, DiskReader } from '../system/disk.ts';
import { decodeJson, encodeJson } from './decode.ts';
import type { StorePaths } from './paths.ts';
import { type ChallengeSettings, ChallengeSettingsSchema } from './settings.ts';

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

export function presentedPath(paths: StorePaths, id: string): string {
  return `${paths.challenges}/${id}.json`;
}

/** @param id of the lineage and of the solver among those of the lineage */
export async function recordPresented(
  disk: Disk,
  paths: StorePaths,
  id: string,
  presented: Presented,
): Promise<void> {
  if (!FILE.test(`${id}.json`)) throw new TypeError(`unchecked name: ${JSON.stringify(id)}`);
  disk.makeDirectory(paths.challenges, 0o700);
  await disk.replaceFile(presentedPath(paths, id), encodeJson(presented), 0o600);
}

export function forgetPresented(disk: Disk, paths: StorePaths, id: string): void {
  disk.removeFile(presentedPath(paths, id));
}

/** The IDs of what a run that died, or a clean-up that failed, left. */
export function listPresented(disk: DiskReader, paths: StorePaths): string[] {
  const files = disk.list(paths.challenges) ?? [];
  return files.filter((file) => FILE.test(file)).map((file) => file.slice(0, -'.json'.length));
}

/** @throws EvercertError bad-settings */
export function readPresented(disk: DiskReader, paths: StorePaths, id: string): Presented {
  const path = presentedPath(paths, id);
  const text = disk.readText(path);
  if (text !== undefined) return decodeJson(PresentedSchema, text, path);
  throw new EvercertError('bad-settings', `${path} is gone`, 'Another program removed it.');
}

/** What these settings left there: none, if there is no such file; undefined where it is of others, or of no use. */
export function standingBy(
  disk: DiskReader,
  paths: StorePaths,
  id: string,
  settings: ChallengeSettings,
): Presented['challenges'] | undefined {
  if (!disk.exists(presentedPath(paths, id))) return [];
  try {
    const presented = readPresented(disk, paths, id);
    return isDeepStrictEqual(presented.settings, settings) ? presented.challenges : undefined;
  } catch (error) {
    if (error instanceof EvercertError) return undefined;
    throw error;
  }
}
