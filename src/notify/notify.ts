import { createHash } from 'node:crypto';
import { asEvercertError } from '../errors.ts';
import type { Emit } from '../events.ts';
import { dueNotices, forgetOld, type Memory, type Notice } from '../health/causes.ts';
import type { LineageHealth } from '../health/health.ts';
import { encodeMemories, readMemories } from '../health/memory.ts';
import type { Disk } from '../system/disk.ts';
import { type DeliveryEdges, deliver, type Message } from './deliver.ts';
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
  return (await arrives(target, { notices: due.notices, host, now }, edges)) ? due.memory : memory;
}

/** Emits a warning when it does not, or not to all. */
async function arrives(target: Target, message: Message, edges: NotifyEdges): Promise<boolean> {
  const warn = (why: string) =>
    edges.emit({ type: 'warning', code: 'notice-not-sent', detail: `${target.label}: ${printable(why)}` });
  try {
    const refused = await deliver(target, message, edges);
    if (refused.length > 0) warn(`it refused ${refused.join(', ')}`);
    return true;
  } catch (error) {
    warn(asEvercertError(error).message);
    return false;
  }
}

const TEST: Notice = {
  kind: 'test',
  code: 'test',
  lineages: [],
  more: 0,
  reasons: [],
  hint: undefined,
  notAfter: undefined,
};

/**
 * Sends a test to all targets, whatever the state of things.
 *
 * @returns whether it arrived everywhere
 */
export async function sendTest(
  { targets, host }: Pick<NotifyOptions, 'targets' | 'host'>,
  edges: NotifyEdges,
  now: number,
): Promise<boolean> {
  const arrived = await Promise.all(
    targets.map((target) => arrives(target, { notices: [TEST], host, now }, edges)),
  );
  return arrived.every(Boolean);
}

/** A target may hold a secret, and the memory is no place for it. */
function digestOf({ text }: Target): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16);
}

function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]+/gu, ' ').slice(0, 500);
}
