import * as v from 'valibot';
import type { DiskReader, DiskWriter } from '../system/disk.ts';
import { decodeJson } from './decode.ts';
import { isVersion, type StorePaths, statePath } from './paths.ts';

const Version = v.pipe(v.string(), v.check(isVersion, 'must be a version such as 0001'));
/** Milliseconds since 1970, and a date that Date can hold. */
const Time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15));
const Stamp = v.tuple([v.number(), v.number(), v.number()]);
const Kind = v.variant('type', [
  v.strictObject({ type: v.literal('ecdsa'), curve: v.picklist(['P-256', 'P-384', 'P-521']) }),
  v.strictObject({ type: v.literal('rsa'), bits: v.number() }),
]);

const LiveFacts = v.strictObject({
  version: Version,
  names: v.array(v.string()),
  notBefore: Time,
  notAfter: Time,
  key: v.optional(Kind),
  /** The five PEM files as they were when they were checked last; see docs/store.md. */
  stamps: v.array(Stamp),
});

const StateSchema = v.strictObject({
  version: v.literal(1),
  live: v.optional(LiveFacts),
  /** The version for which the deploy hooks succeeded last. */
  deployed: v.optional(Version),
  /** The settings file whose wishes the live version meets; see glance.ts. */
  settings: v.optional(Stamp),
});

/** state/NAME.json: derived or remembered, never settings. */
export type State = v.InferOutput<typeof StateSchema>;
/** A whole live version, as last checked. */
export type LiveFacts = v.InferOutput<typeof LiveFacts>;

/** Undefined when there is none, 'unreadable' when it is torn: then all of it is derived again. */
export function readState(
  disk: DiskReader,
  paths: StorePaths,
  name: string,
): State | 'unreadable' | undefined {
  const path = statePath(paths, name);
  try {
    const text = disk.readText(path);
    return text === undefined ? undefined : decodeJson(StateSchema, text, path);
  } catch {
    return 'unreadable';
  }
}

export function writeState(disk: DiskWriter, paths: StorePaths, name: string, state: State): Promise<void> {
  return disk.replaceFile(statePath(paths, name), `${JSON.stringify(state)}\n`, 0o600);
}
