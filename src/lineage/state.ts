import * as v from 'valibot';
import type { Disk, DiskReader, DiskWriter } from '../system/disk.ts';
import { decodeJson } from './decode.ts';
import { isVersion, type StorePaths, statePath } from './paths.ts';

const Version = v.pipe(v.string(), v.check(isVersion, 'must be a version such as 0001'));
/** Milliseconds since 1970, and a date that Date can hold. */
const Time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15));
const Count = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(1e9));
const Stamp = v.tuple([v.number(), v.number(), v.number()]);
const Text = v.pipe(v.string(), v.maxLength(4096));
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
  /** RFC 9773 section 4.1; empty when the leaf lacks what it is made of. Absent in state of an earlier release. */
  renewalId: v.optional(Text),
  /** Where the CA tells of a revocation, if the leaf says so: OCSP responder, CRL. */
  responder: v.optional(Text),
  crl: v.optional(Text),
  /** As meta.json tells: the CA that issued it, and the profile that was wanted then. */
  server: v.optional(Text),
  profile: v.optional(Text),
});

const RenewalInfo = v.strictObject({
  /** The version that it is about. */
  version: Version,
  /** The window that the CA suggests, and the time in it that was drawn. Absent when it suggests none. */
  start: v.optional(Time),
  end: v.optional(Time),
  chosenAt: v.optional(Time),
  explanationUrl: v.optional(Text),
  nextPollAt: Time,
  /** Polls in a row that failed. */
  failures: v.optional(Count),
});

const Revocation = v.strictObject({
  version: Version,
  status: v.picklist(['good', 'revoked', 'unknown']),
  /** RFC 5280 section 5.3.1. */
  reason: v.optional(Text),
  nextCheckAt: Time,
  /** Of the CRL that was asked. */
  etag: v.optional(Text),
  validUntil: v.optional(Time),
});

const Failure = v.strictObject({
  /** Directory URL of the CA; empty for what happened on this machine. */
  server: Text,
  kind: v.picklist(['network', 'ca', 'rate-limit', 'account', 'input', 'validation', 'hook', 'local']),
  /** The error's own, for whoever reads it later. */
  code: Text,
  message: Text,
  /** In a row. */
  count: Count,
  firstAt: Time,
  lastAt: Time,
  /** Not before this. */
  nextAt: Time,
  /** The CA itself said so. */
  retryAfter: v.optional(v.boolean()),
});

const QueueEntry = v.strictObject({
  kind: v.picklist(['deploy', 'reload', 'verify']),
  /** The command, the path in hooks/, or what is to be verified. */
  name: Text,
  done: v.optional(v.boolean()),
  failures: Count,
  /** How it ended last. */
  outcome: v.optional(Text),
  nextAt: v.optional(Time),
});

const StateSchema = v.strictObject({
  version: v.literal(1),
  live: v.optional(LiveFacts),
  /** The version for which all of the deploy queue succeeded last. */
  deployed: v.optional(Version),
  /** The settings file whose wishes the live version meets; see glance.ts. */
  settings: v.optional(Stamp),
  /** From that settings file. */
  renewBefore: v.optional(Text),
  queue: v.optional(v.strictObject({ version: Version, entries: v.array(QueueEntry) })),
  renewalInfo: v.optional(RenewalInfo),
  revocation: v.optional(Revocation),
  /** One for each CA that failed since the last success. */
  failures: v.optional(v.array(Failure)),
  /** What the last look at the servers of `verify` found; absent where there are none. */
  served: v.optional(v.boolean()),
  /** Names that the CA could not validate, left out of this version. */
  leftOut: v.optional(v.strictObject({ version: Version, names: v.array(v.string()) })),
  lastSuccessAt: v.optional(Time),
});

/** state/NAME.json: derived or remembered, never settings. */
export type State = v.InferOutput<typeof StateSchema>;
/** A whole live version, as last checked. */
export type LiveFacts = v.InferOutput<typeof LiveFacts>;
/** What ARI says of a version (RFC 9773), and when to ask again. */
export type RenewalInfo = v.InferOutput<typeof RenewalInfo>;
export type Revocation = v.InferOutput<typeof Revocation>;
/** Attempts in a row that failed at one CA. */
export type Failure = v.InferOutput<typeof Failure>;
/** A hook or check that must succeed before a version counts as deployed. */
export type QueueEntry = v.InferOutput<typeof QueueEntry>;

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

/** Changes what is on the disk, and leaves all else of it as it is; what was torn begins anew. */
export function updateState(
  disk: Disk,
  paths: StorePaths,
  name: string,
  change: (state: State) => State,
): Promise<void> {
  const known = readState(disk, paths, name);
  const state = known === undefined || known === 'unreadable' ? { version: 1 as const } : known;
  return writeState(disk, paths, name, change(state));
}
