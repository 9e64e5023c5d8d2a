import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { systemCode } from '../../src/errors.ts';

/**
 * How a server might read key and certificate:
 * - resolved: resolves `live/NAME` once, then reads both inside;
 * - combined: reads `combined.pem`;
 * - by-path: opens both through `live/NAME/`, one after the other.
 */
export type Way = 'resolved' | 'combined' | 'by-path';

export const WAYS: readonly Way[] = ['resolved', 'combined', 'by-path'];

/** What one reader met. `pairs`: different pairs of key and certificate that it read. */
export interface Tally {
  readonly reads: number;
  readonly mixed: number;
  readonly missing: number;
  readonly torn: number;
  readonly pairs: number;
}

export interface ReaderOrder {
  readonly way: Way;
  /** `live/NAME`. */
  readonly live: string;
  /** Where this reader stands in `shared`, which begins with what stops them all. */
  readonly index: number;
  readonly shared: SharedArrayBuffer;
  /** Rests a little now and then, so that few processors suffice for everybody. */
  readonly rests: boolean;
}

const READS_A_REST = 50;

type Verdict = 'pair' | 'mixed' | 'torn';
interface Material {
  readonly key: string;
  readonly certificate: string;
}

/** Reads as fast as it can until it is told to stop; blocks its thread. */
export function readUntilStopped({ way, live, index, shared, rests }: ReaderOrder): Tally {
  const counters = new Int32Array(shared);
  const judge = createJudge();
  const tally = { reads: 0, mixed: 0, missing: 0, torn: 0 };
  while (Atomics.load(counters, 0) === 0) {
    if (rests && tally.reads % READS_A_REST === 0) Atomics.wait(counters, 0, 0, 1);
    const material = unlessMissing(() => READ[way](live));
    tally.reads += 1;
    Atomics.store(counters, index, tally.reads);
    const verdict = material === undefined ? 'missing' : judge.judge(material);
    if (verdict !== 'pair') tally[verdict] += 1;
  }
  return { ...tally, pairs: judge.pairs() };
}

const READ: Readonly<Record<Way, (live: string) => Material>> = {
  resolved: (live) => readBoth(resolveOnce(live)),
  combined: (live) => splitCombined(readFileSync(join(live, 'combined.pem'), 'latin1')),
  'by-path': readBoth,
};

function readBoth(directory: string): Material {
  const key = readFileSync(`${directory}/privkey.pem`, 'latin1');
  return { key, certificate: readFileSync(`${directory}/cert.pem`, 'latin1') };
}

/** One readlink; a directory that is no link is itself. */
function resolveOnce(live: string): string {
  try {
    return join(dirname(live), readlinkSync(live));
  } catch (error) {
    if (systemCode(error) === 'EINVAL') return live;
    throw error;
  }
}

function splitCombined(text: string): Material {
  const end = text.indexOf('-----BEGIN CERTIFICATE-----');
  return { key: text.slice(0, end), certificate: text.slice(end) };
}

function unlessMissing(read: () => Material): Material | undefined {
  try {
    return read();
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Compares key and certificate once for each two texts that are met; most reads give the same as the one before. */
function createJudge() {
  const verdicts = new Map<string, Verdict>();
  let last: Material = { key: '', certificate: '' };
  let verdict: Verdict = 'torn';
  const judge = (material: Material): Verdict => {
    if (material.key === last.key && material.certificate === last.certificate) return verdict;
    const id = material.key + material.certificate;
    verdict = verdicts.get(id) ?? verdictOn(material);
    verdicts.set(id, verdict);
    last = material;
    return verdict;
  };
  return { judge, pairs: () => [...verdicts.values()].filter((each) => each === 'pair').length };
}

const KEY = /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n$/;
const CERTIFICATES = /^(?:-----BEGIN CERTIFICATE-----\n[A-Za-z0-9+/=\n]+-----END CERTIFICATE-----\n)+$/;

function verdictOn({ key, certificate }: Material): Verdict {
  if (!KEY.test(key) || !CERTIFICATES.test(certificate)) return 'torn';
  return new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key)) ? 'pair' : 'mixed';
}
