import { hookTitle } from '../deploy/hook-plan.ts';
import { asEvercertError, EvercertError } from '../errors.ts';
import type { QueueEntry } from '../lineage/state.ts';
import { isDone } from '../renewal/queue.ts';
import type { Rollout } from './rollout.ts';

/** What keeps a version from being deployed after all was tried; undefined when nothing does. */
export function failureOf(
  { lineage: { name }, entries, trouble }: Rollout,
  signal: AbortSignal,
): EvercertError | undefined {
  if (trouble !== undefined) return trouble;
  if (isDone(entries)) return undefined;
  if (signal.aborted) return asEvercertError(signal.reason);
  return hooksFailed(name, entries) ?? notServed(name, entries);
}

function hooksFailed(name: string, entries: readonly QueueEntry[]): EvercertError | undefined {
  const failed = (['deploy', 'reload'] as const).flatMap((kind) => {
    const titles = failedOf(entries, kind).map((entry) => hookTitle(entry.name));
    return titles.length === 0 ? [] : [`${kind} hook: ${titles.join(', ')}`];
  });
  if (failed.length === 0) return undefined;
  const hint = `The new certificate is live, but may not be served yet. Correct the hook; the next renew runs it again after a while; at once: evercert deploy --cert-name ${name}`;
  return new EvercertError('hook-failed', failed.join('; '), hint);
}

function notServed(name: string, entries: readonly QueueEntry[]): EvercertError {
  const places = failedOf(entries, 'verify').map((entry) => `${entry.name}: ${entry.outcome}`);
  const hint = `The new certificate is live, and its hooks ran: see that one of them reloads this server. The next renew tries again after a while; at once: evercert deploy --cert-name ${name}`;
  return new EvercertError('not-served', `not served by ${places.join('; ')}`, hint);
}

function failedOf(entries: readonly QueueEntry[], kind: QueueEntry['kind']): QueueEntry[] {
  return entries.filter((entry) => entry.kind === kind && entry.done !== true && entry.outcome !== undefined);
}
