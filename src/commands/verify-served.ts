import pLimit from 'p-limit';
import type { Check, CheckResult, Verify } from '../deploy/check.ts';
import { type Served, waitUntilServed } from '../deploy/served.ts';
import { parseVerifyTarget, type VerifyTarget } from '../deploy/verify.ts';
import { asEvercertError } from '../errors.ts';
import type { ProbeTls } from '../system/tls-probe.ts';
import { readLeaf } from '../x509/certificate.ts';
import { certificateDer } from '../x509/pem.ts';
import type { Edges } from './edges.ts';

/** Each is a file that is open; a thousand may be all that this process is given. */
const PROBES_AT_A_TIME = 64;

/** Asks servers what they serve; loads what does so only when there is something to ask. */
export function createVerify({
  probeTls,
  clock,
  signal,
}: Pick<Edges, 'probeTls' | 'clock' | 'signal'>): Verify {
  return async (checks, patience) => {
    const ask = await probeTls();
    const limit = pLimit(PROBES_AT_A_TIME);
    const probe: ProbeTls = (...question) => limit(() => ask(...question));
    return Promise.all(checks.map((check) => verifyOne(probe, check, patience, clock, signal)));
  };
}

async function verifyOne(
  probe: ProbeTls,
  { target, leafPem }: Check,
  patience: Parameters<Verify>[1],
  clock: Edges['clock'],
  signal: AbortSignal,
): Promise<CheckResult> {
  try {
    const leaf = { der: certificateDer(leafPem), names: readLeaf(leafPem).names };
    return resultOf(await waitUntilServed(probe, within(target, patience), leaf, clock, signal));
  } catch (error) {
    return { ok: false, outcome: asEvercertError(error).message };
  }
}

function within(text: string, patience: Parameters<Verify>[1]): VerifyTarget {
  const target = parseVerifyTarget(text);
  return patience === 'once' ? { ...target, withinMs: 0 } : target;
}

function resultOf(served: Served): CheckResult {
  return served.served ? { ok: true, outcome: '' } : { ok: false, outcome: served.why };
}
