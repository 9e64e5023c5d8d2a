import * as v from 'valibot';
import type { DiskReader } from '../system/disk.ts';
import type { Memory } from './causes.ts';

/** What each target was told; the keys are digests of targets, which may hold secrets. */
export type Memories = ReadonlyMap<string, Memory>;

const MAX_BYTES = 8 << 20;

const Key = v.pipe(v.string(), v.maxLength(300));
/** Milliseconds since 1970. */
const Time = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15));
/** Not objects: a lineage may be called "constructor". */
const Pairs = <S extends v.GenericSchema>(value: S) => v.array(v.tuple([Key, value]));
const Schema = v.strictObject({
  version: v.literal(1),
  targets: Pairs(Pairs(Pairs(Time))),
});

/** Nothing, when there is no such file or it cannot be understood: then all is told once more. */
export function readMemories(disk: DiskReader, path: string): Memories {
  const targets = decode(disk, path)?.targets ?? [];
  return mapOf(targets, (causes) => mapOf(causes, (lineages) => new Map(lineages)));
}

function decode(disk: DiskReader, path: string): v.InferOutput<typeof Schema> | undefined {
  try {
    const [, size = 0] = disk.stamp(path) ?? [];
    if (size === 0 || size > MAX_BYTES) return undefined;
    const result = v.safeParse(Schema, JSON.parse(disk.readBytes(path)?.toString('utf8') ?? ''));
    return result.success ? result.output : undefined;
  } catch {
    return undefined;
  }
}

export function encodeMemories(memories: Memories): string {
  const targets = pairsOf(memories, (causes) => pairsOf(causes, (lineages) => [...lineages]));
  return `${JSON.stringify({ version: 1, targets })}\n`;
}

function mapOf<A, B>(pairs: readonly (readonly [string, A])[], value: (a: A) => B): Map<string, B> {
  return new Map(pairs.map(([key, each]) => [key, value(each)]));
}

function pairsOf<A, B>(map: ReadonlyMap<string, A>, value: (a: A) => B): [string, B][] {
  return [...map].map(([key, each]) => [key, value(each)]);
}
