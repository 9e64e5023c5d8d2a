import type { Connection } from '../acme/connection.ts';
import type { OpenDns } from '../challenges/self-check/authority.ts';
import type { Ports } from '../challenges/self-check/check.ts';
import type { Proof } from '../challenges/solver.ts';
import type { EvercertError } from '../errors.ts';
import type { Finding } from '../events.ts';
import { caaForbids, challengeFailuresOf } from '../issuance/failures.ts';
import type { Lineage } from '../lineage/scan.ts';
import type { Edges } from './edges.ts';

/** What happens between presenting and telling the CA. */
export interface Preflight {
  /**
   * Looks at what the CA is about to look at, and warns; then waits for the operator, if that was asked for.
   *
   * @throws EvercertError caa-forbids
   */
  presented(lineage: Checked, connection: Connection, proofs: readonly Proof[]): Promise<void>;
  /** What was found of the names that an error is about. */
  findingsOf(lineage: string, error: EvercertError): readonly Finding[];
}

export type Checked = Pick<Lineage, 'name' | 'state'>;
export type PreflightEdges = Pick<
  Edges,
  'emit' | 'signal' | 'clock' | 'ask' | 'environment' | 'probeHttp' | 'probeAlpn'
> & { readonly dns: OpenDns };

export interface PreflightOptions {
  /** A person looks on: all are checked, not only those that could not be validated before. */
  readonly always: boolean;
  /** --debug-challenges */
  readonly waits: boolean;
}

/** Where a CA asks (RFC 8555 section 8.3, RFC 8737 section 3). */
const PORTS: Ports = { http: 80, https: 443 };

export function createPreflight(edges: PreflightEdges, { always, waits }: PreflightOptions): Preflight {
  const isOff = edges.environment.EVERCERT_SELF_CHECK === 'off';
  const known = new Map<string, readonly Finding[]>();
  return {
    presented: async (lineage, connection, proofs) => {
      const { name } = lineage;
      known.delete(name);
      if (!isOff && (always || failedBefore(lineage))) {
        known.set(name, await check(edges, connection, proofs));
      }
      for (const finding of known.get(name) ?? []) {
        if (!isCertain(finding)) edges.emit({ type: 'self-check', lineage: name, finding });
      }
      if (waits) await showAndWait(edges, name, proofs);
      const certain = (known.get(name) ?? []).filter(isCertain);
      if (certain.length > 0) throw caaForbids(connection.host, certain);
    },
    findingsOf: (name, error) => {
      const failed = new Set(challengeFailuresOf(error).map((failure) => failure.name));
      return (known.get(name) ?? []).filter(
        (finding) => !isCertain(finding) && finding.names.some((each) => failed.has(each)),
      );
    },
  };
}

/** Every hour is too often to wait and to warn for nothing. */
function failedBefore({ state }: Checked): boolean {
  return (state?.failures ?? []).some(({ kind }) => kind === 'validation');
}

async function check(
  edges: PreflightEdges,
  connection: Connection,
  proofs: readonly Proof[],
): Promise<readonly Finding[]> {
  const { selfCheck } = await import('../challenges/self-check/check.ts');
  const [{ meta }, probeHttp, probeAlpn] = await Promise.all([
    connection.directory(),
    edges.probeHttp(),
    edges.probeAlpn(),
  ]);
  const { dns: openDns, clock, signal } = edges;
  const tools = { openDns, probeHttp, probeAlpn, sleep: clock.sleep, signal };
  return selfCheck(proofs, meta?.caaIdentities ?? [], PORTS, tools);
}

type Certain = Finding & { readonly code: 'caa-forbids' };

function isCertain(finding: Finding): finding is Certain {
  return finding.code === 'caa-forbids' && finding.isCertain;
}

async function showAndWait({ emit, ask }: PreflightEdges, lineage: string, proofs: readonly Proof[]) {
  const { shownOf } = await import('../challenges/self-check/shown.ts');
  emit({ type: 'presented', lineage, shown: proofs.map(shownOf) });
  await ask?.('Press Enter to have the CA look at it: ');
}
