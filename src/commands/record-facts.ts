import { asEvercertError } from '../errors.ts';
import { glance } from '../lineage/glance.ts';
import type { StorePaths } from '../lineage/paths.ts';
import { type Lineage, rememberedState } from '../lineage/scan.ts';
import { type State, writeState } from '../lineage/state.ts';
import { sweepState } from '../lineage/sweep.ts';
import type { Edges } from './edges.ts';
import type { Planned } from './plan-all.ts';

/** Each of them waits for the disk; together they wait once. */
const WRITES_AT_A_TIME = 32;

type RecordEdges = Pick<Edges, 'disk' | 'emit'>;

/**
 * What a full scan found good is remembered, so that a glance is enough the next time; and what the CA said.
 *
 * @param observed names of lineages about which somebody was asked
 */
export async function recordFacts(
  edges: RecordEdges,
  paths: StorePaths,
  planned: readonly Planned[],
  observed: ReadonlySet<string>,
): Promise<void> {
  const due = planned.flatMap(({ lineage, plan }) => {
    if (lineage.kind === 'broken') return [];
    if (plan.reason === 'not-due' && lineage.stateUnreadable) {
      edges.emit({ type: 'warning', lineage: lineage.name, code: 'state-unreadable', detail: '' });
    }
    const isObserved = observed.has(lineage.name);
    const facts = plan.reason === 'not-due' ? factsOf(lineage) : undefined;
    const isNews = isObserved || (facts !== undefined && !isKnown(edges, paths, lineage.name));
    return isNews ? [{ name: lineage.name, state: withFacts(rememberedState(lineage), facts) }] : [];
  });
  if (due.length > 0) sweepState(edges.disk, paths);
  for (let at = 0; at < due.length; at += WRITES_AT_A_TIME) {
    const some = due.slice(at, at + WRITES_AT_A_TIME);
    await Promise.all(some.map(({ name, state }) => remember(edges, paths, name, state)));
  }
}

/** What the settings do not say any more is forgotten. */
function withFacts({ renewBefore, ...state }: State, facts: Partial<State> | undefined): State {
  return { ...state, ...(facts ?? (renewBefore === undefined ? {} : { renewBefore })) };
}

function isKnown({ disk }: RecordEdges, paths: StorePaths, name: string): boolean {
  return glance(disk, paths, name) !== undefined;
}

function factsOf({ live, deployed, settings, settingsStamp }: Lineage): Partial<State> | undefined {
  if (live.kind !== 'whole' || deployed === undefined || settingsStamp === undefined) return undefined;
  const [ino, size, ctimeMs] = settingsStamp;
  const { renewBefore } = settings;
  return {
    live: live.facts,
    deployed,
    settings: [ino, size, ctimeMs],
    ...(renewBefore === undefined ? {} : { renewBefore }),
  };
}

/** Writes a state; that it could not be written is a loss of speed or memory, not of service: no reason to fail. */
export async function remember(
  { disk, emit }: RecordEdges,
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
