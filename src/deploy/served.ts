import { EvercertError } from '../errors.ts';
import type { Clock } from '../system/clock.ts';
import type { ProbeQuestion, ProbeTls } from '../system/tls-probe.ts';
import { peekCertificate } from '../x509/peek.ts';
import { serverNameOf, type VerifyTarget } from './verify.ts';

/** The leaf that should be served, and what it is for. */
export interface ExpectedLeaf {
  readonly der: Buffer;
  readonly names: readonly string[];
}

/** Another certificate than ours. Serial in hexadecimal, time in milliseconds since 1970. */
export interface SeenLeaf {
  readonly serial: string;
  readonly notAfter: number;
}

/** @property why the rest of a sentence about the server; `seen` is what it served last instead, if anything */
export type Served =
  | { readonly served: true }
  | { readonly served: false; readonly why: string; readonly seen?: SeenLeaf };

const FIRST_PAUSE_MS = 200;
const LONGEST_PAUSE_MS = 5000;
const PROBE_MS = 10_000;
/** For the last probe, at the end of the time. */
const SHORTEST_PROBE_MS = 1000;

/**
 * Asks until this very leaf is served or the target's time is over: at once, then after growing pauses.
 *
 * @throws the signal's reason
 */
export async function waitUntilServed(
  probe: ProbeTls,
  target: VerifyTarget,
  leaf: ExpectedLeaf,
  clock: Pick<Clock, 'now' | 'sleep'>,
  signal: AbortSignal,
): Promise<Served> {
  const question = questionFor(target, leaf);
  const end = clock.now() + target.withinMs;
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(2 * pause, LONGEST_PAUSE_MS)) {
    const timeoutMs = Math.max(SHORTEST_PROBE_MS, Math.min(PROBE_MS, end - clock.now()));
    const result = await look(probe, question, leaf, timeoutMs, signal);
    const left = end - clock.now();
    if (result.served || left <= 0) return result;
    await clock.sleep(Math.min(pause, left), signal);
  }
}

/** The same for several targets side by side. @returns what became of each, in their order */
export function waitUntilAllServed(
  probe: ProbeTls,
  targets: readonly VerifyTarget[],
  leaf: ExpectedLeaf,
  clock: Pick<Clock, 'now' | 'sleep'>,
  signal: AbortSignal,
): Promise<Served[]> {
  return Promise.all(targets.map((target) => waitUntilServed(probe, target, leaf, clock, signal)));
}

function questionFor(target: VerifyTarget, { der, names }: ExpectedLeaf): ProbeQuestion {
  const { address, starttls } = target;
  const keyType = peekCertificate(der)?.keyType ?? 'ecdsa';
  return { address, starttls, keyType, serverName: serverNameOf(target, names) };
}

async function look(
  probe: ProbeTls,
  question: ProbeQuestion,
  { der }: ExpectedLeaf,
  timeoutMs: number,
  signal: AbortSignal,
): Promise<Served> {
  try {
    const found = await probe(question, timeoutMs, signal);
    return found.equals(der) ? { served: true } : otherLeaf(found);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof EvercertError)) throw error;
    return { served: false, why: error.message };
  }
}

function otherLeaf(der: Buffer): Served {
  const found = peekCertificate(der);
  if (found === undefined) return { served: false, why: 'it serves a certificate that cannot be read' };
  const { serial, notAfter } = found;
  const until = new Date(notAfter).toISOString().slice(0, 10);
  const why = `it serves another certificate (serial ${serial}, valid until ${until})`;
  return { served: false, why, seen: { serial, notAfter } };
}
