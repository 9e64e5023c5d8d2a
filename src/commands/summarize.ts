import type { LineageSummary } from '../events.ts';
import { type BrokenLineage, type Lineage, versionOf } from '../lineage/scan.ts';
import type { Plan } from '../renewal/decide.ts';

interface Told {
  readonly name: string;
  readonly dueAt?: Plan['dueAt'] | undefined;
}

/** What an event tells of a lineage. */
export function summarize(lineage: Lineage | BrokenLineage, { name, dueAt }: Told): LineageSummary {
  if (lineage.kind === 'broken') {
    return { lineage: name, names: [], version: undefined, notBefore: undefined, notAfter: undefined, dueAt };
  }
  const facts = lineage.live.kind === 'whole' ? lineage.live.facts : undefined;
  return {
    lineage: name,
    names: lineage.settings.names,
    version: versionOf(lineage.live),
    notBefore: facts?.notBefore,
    notAfter: facts?.notAfter,
    dueAt,
  };
}
