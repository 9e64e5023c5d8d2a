import type { Reason } from '../events.ts';
import type { Lineage } from '../lineage/scan.ts';
import type { LiveFacts } from '../lineage/state.ts';

/** The certificate is not what the settings ask for; they may have been edited. */
export function driftReason({ settings, state }: Lineage, facts: LiveFacts): Reason | undefined {
  const found = [...facts.names, ...leftOutNames(settings, state, facts)];
  if (!sameSet(settings.names, found)) return 'names-changed';
  if (facts.key === undefined || keyText(facts.key) !== keyText(settings.key)) return 'key-changed';
  const servers = [settings.server, ...(settings.fallbackServers ?? [])];
  if (facts.server !== undefined && !servers.includes(facts.server)) return 'server-changed';
  // Of a version without a record of its origin nothing is known.
  if (facts.server === undefined) return undefined;
  return (settings.requiredProfile ?? settings.preferredProfile) === facts.profile
    ? undefined
    : 'profile-changed';
}

/** Names that could not be validated are asked for again. */
export function leftOutReason({ settings, state }: Lineage, facts: LiveFacts): Reason | undefined {
  return leftOutNames(settings, state, facts).length > 0 ? 'names-left-out' : undefined;
}

/** Of those that the operator still wants. */
function leftOutNames(
  { names }: Lineage['settings'],
  state: Lineage['state'],
  { version }: LiveFacts,
): readonly string[] {
  const leftOut = state?.leftOut?.version === version ? state.leftOut.names : [];
  return leftOut.filter((name) => names.includes(name));
}

function keyText(key: Lineage['settings']['key'] | NonNullable<LiveFacts['key']>): string {
  return key.type === 'rsa' ? `rsa ${key.bits}` : `ecdsa ${key.curve}`;
}

function sameSet(left: readonly string[], right: readonly string[]): boolean {
  const wanted = new Set(left);
  return wanted.size === new Set(right).size && right.every((name) => wanted.has(name));
}
