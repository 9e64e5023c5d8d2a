import { asEvercertError } from '../errors.ts';
import { glance } from '../lineage/glance.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { Lineage } from '../lineage/scan.ts';
import { type State, writeState } from '../lineage/state.ts';
import type { Edges } from './edges.ts';
import type { Planned } from './plan-all.ts';

/** What a full scan found good is remembered, so that a glance is enough the next time. */
export async function recordFacts(
  edges: Edges,
  paths: StorePaths,
  planned: readonly Planned[],
): Promise<void> {
  for (const { lineage, plan } of planned) {
    if (plan.reason !== 'not-due' || lineage.kind === 'broken') continue;
    if (lineage.stateUnreadable) {
      edges.emit({ type: 'warning', lineage: lineage.name, code: 'state-unreadable', detail: '' });
    }
    const state = stateOf(lineage);
    if (state !== undefined && glance(edges.disk, paths, lineage.name) === undefined) {
      await tryToRecord(edges, paths, lineage.name, state);
    }
  }
}

function stateOf({ live, deployed, settingsStamp }: Lineage): State | undefined {
  if (live.kind !== 'whole' || deployed === undefined || settingsStamp === undefined) return undefined;
  const [ino, size, ctimeMs] = settingsStamp;
  return { version: 1, live: live.facts, deployed, settings: [ino, size, ctimeMs] };
}

/** A loss of speed, not of service: no reason to fail. */
async function tryToRecord(
  { disk, emit }: Edges,
  paths: StorePaths,
  name: string,
  state: State,
): Promise<void> {
  try {
    await writeState(disk, paths, name, state);
  } catch (error) {
    const { message } = asEvercertError(error);
    emit({ type: 'warning', lineage: name, code: 'state-not-written', detail: message });
  }
}
