import { createHash } from 'node:crypto';
import { asEvercertError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { dueNotices, forgetOld, type Memory } from '../health/causes.ts';
import type { LineageHealth } from '../health/health.ts';
import { encodeMemories, readMemories } from '../health/memory.ts';
import type { Disk } from '../system/disk.ts';
import { type DeliveryEdges, deliver } from './deliver.ts';
import type { Target } from './target.ts';

export interface NotifyOptions {
  readonly targets: readonly Target[];
  readonly expiryDays: number;
  /** What was told already: state/.notices.json. */
  readonly memoryPath: string;
  /** The name of this machine, for people. */
  readonly host: string;
}

export interface NotifyEdges extends DeliveryEdges {
  readonly disk: Disk;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/**
 * Tells each target what it has not been told within a day. What does not arrive is a warning, and tried again by the
 * next run. Never throws what an operator can cause; after an interruption nothing is sent.
 *
 * @param now milliseconds since 1970
 */
export async function notify(
  health: readonly LineageHealth[],
  options: NotifyOptions,
  edges: NotifyEdges,
  now: number,
): Promise<void> {
  const before = readMemories(edges.disk, options.memoryPath);
  const told = await Promise.all(
    options.targets.map(async (target) => {
      const id = digestOf(target);
      const memory = before.get(id) ?? new Map();
      return [id, await tell(target, health, memory, options, edges, now)] as const;
    }),
  );
  const others = [...before].map(([id, memory]) => [id, forgetOld(memory, now)] as const);
  const after = [...new Map([...others, ...told])].filter(([, memory]) => memory.size > 0);
  const text = encodeMemories(new Map(after));
  if (text === encodeMemories(before)) return;
  await edges.disk.replaceFile(options.memoryPath, text, 0o600).catch((error: unknown) => {
    edges.emit({ type: 'warning', code: 'notices-forgotten', detail: asEvercertError(error).message });
  });
}

/** @returns what the target was told, now or before */
async function tell(
  target: Target,
  health: readonly LineageHealth[],
  memory: Memory,
  { expiryDays, host }: NotifyOptions,
  edges: NotifyEdges,
  now: number,
): Promise<Memory> {
  const due = dueNotices(health, memory, now, expiryDays);
  if (due.notices.length === 0) return due.memory;
  if (edges.signal.aborted) return memory;
  try {
    await deliver(target, { notices: due.notices, host, now }, edges, edges.signal);
    return due.memory;
  } catch (error) {
    const { message } = asEvercertError(error);
    edges.emit({
      type: 'warning',
      code: 'notice-not-sent',
      detail: `${target.label}: ${printable(message)}`,
    });
    return memory;
  }
}

/** A target may hold a secret, and the memory is no place for it. */
function digestOf({ text }: Target): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 500);
}
