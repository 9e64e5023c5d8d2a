import { setMaxListeners } from 'node:events';
import pLimit from 'p-limit';
import { asEvercertError } from '../../errors.ts';
import type { Fault, Finding } from '../../events.ts';
import type { ProbeAlpn } from '../../system/alpn-probe.ts';
import type { ProbeHttp } from '../../system/http-probe.ts';
import { parseIdentifier, serverNameOf } from '../../x509/identifier.ts';
import type { Proof } from '../solver.ts';
import { ACME_TLS, judgeAlpn } from './alpn.ts';
import { freshCaa, type OpenDns } from './authority.ts';
import { climb, judgeCaa } from './caa.ts';
import { type FollowEdges, follow, type Outcome } from './http.ts';
import { plain } from './plain.ts';
import { answerUrl } from './shown.ts';

/** Where a CA asks: 80 and 443. */
export interface Ports {
  readonly http: number;
  readonly https: number;
}

export interface SelfCheckEdges {
  readonly openDns: OpenDns;
  readonly probeHttp: ProbeHttp;
  readonly probeAlpn: ProbeAlpn;
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly signal: AbortSignal;
}

const ONE_PROBE_MS = 5000;
const ALL_MS = 10_000;
const AT_A_TIME = 16;
/** Of one family. */
const MAX_ADDRESSES = 2;

/**
 * Looks, from this machine, at what a CA is about to look at. What was not seen after ten seconds is not told of.
 *
 * @param identities what the CA calls itself in CAA records; empty where it does not say
 * @throws the signal's reason
 */
export async function selfCheck(
  proofs: readonly Proof[],
  identities: readonly string[],
  ports: Ports,
  edges: SelfCheckEdges,
): Promise<readonly Finding[]> {
  const over = new AbortController();
  const signal = AbortSignal.any([edges.signal, over.signal]);
  // Every probe listens.
  setMaxListeners(0, signal);
  const tools = await toolsOf(edges, signal);
  const found: (readonly [string, Fault])[] = [];
  const looking = proofs.map(async (proof) => {
    const note = (fault: Fault) => void found.push([wholeName(proof), fault]);
    await Promise.all([
      noting(note, () => checkAnswer(proof, ports, tools)),
      noting(note, () => checkCaa(proof, identities, tools)),
    ]);
  });
  try {
    await Promise.race([Promise.all(looking), edges.sleep(ALL_MS, signal)]);
  } finally {
    over.abort();
  }
  return together(found);
}

interface Tools extends FollowEdges {
  readonly shakeHands: (question: Parameters<ProbeAlpn>[0]) => ReturnType<ProbeAlpn>;
  readonly caa: (name: string) => ReturnType<typeof freshCaa>;
  readonly freshCaa: (name: string) => ReturnType<typeof freshCaa>;
}

/** The edges, few side by side. */
async function toolsOf(edges: SelfCheckEdges, signal: AbortSignal): Promise<Tools> {
  const limit = pLimit(AT_A_TIME);
  const dns = await edges.openDns(undefined, signal);
  return {
    get: (question) => limit(() => edges.probeHttp(question, ONE_PROBE_MS, signal)),
    shakeHands: (question) => limit(() => edges.probeAlpn(question, ONE_PROBE_MS, signal)),
    addresses: (host) => limit(() => addressesOf(host, (name) => dns.addresses(name))),
    caa: (name) => limit(() => dns.caa(name)),
    freshCaa: (name) => limit(() => freshCaa(edges.openDns, name, signal)),
  };
}

/** Those of a URL's host or an identifier: an address is its own. */
async function addressesOf(
  host: string,
  lookUp: (name: string) => Promise<readonly string[]>,
): Promise<readonly string[]> {
  if (host.includes(':') || /^[\d.]+$/.test(host)) return [host];
  return lookUp(host);
}

/** DNS that does not answer is a finding too. */
async function noting(note: (fault: Fault) => void, look: () => Promise<readonly Fault[]>): Promise<void> {
  try {
    for (const fault of await look()) note(fault);
  } catch (error) {
    const { code, message } = asEvercertError(error);
    if (code !== 'dns-failed') throw error;
    note({ code: 'dns-unanswered', why: plain(message, 300) });
  }
}

async function checkAnswer(proof: Proof, ports: Ports, tools: Tools): Promise<readonly Fault[]> {
  if (proof.type !== 'http-01' && proof.type !== 'tls-alpn-01') return [];
  const addresses = few(await tools.addresses(proof.challenge.name));
  if (addresses.length === 0) return [{ code: 'no-address' }];
  const look = proof.type === 'http-01' ? lookByHttp : lookByAlpn;
  const outcomes = await Promise.all(addresses.map((address) => look(proof, address, ports, tools)));
  return outcomes.flatMap((outcome, index) => {
    if (outcome.kind !== 'fault') return [];
    const isIpv6 = addresses[index]?.includes(':');
    const otherFamilyIsFine = outcomes.some(
      ({ kind }, other) => kind === 'fine' && addresses[other]?.includes(':') !== isIpv6,
    );
    return [otherFamilyIsFine ? { ...outcome.fault, otherFamilyIsFine } : outcome.fault];
  });
}

function few(addresses: readonly string[]): readonly string[] {
  const [ipv6, ipv4] = [true, false].map((isIpv6) =>
    addresses.filter((address) => address.includes(':') === isIpv6).slice(0, MAX_ADDRESSES),
  );
  return [...(ipv4 ?? []), ...(ipv6 ?? [])];
}

function lookByHttp({ challenge }: Proof, address: string, ports: Ports, tools: Tools): Promise<Outcome> {
  return follow(new URL(answerUrl(challenge)), address, challenge.keyAuthorization, ports, tools);
}

async function lookByAlpn(
  { challenge }: Proof,
  address: string,
  { https: port }: Ports,
  { shakeHands }: Tools,
): Promise<Outcome> {
  const serverName = serverNameOf(parseIdentifier(challenge.name));
  const sighting = await shakeHands({ address, port, serverName, protocol: ACME_TLS });
  return judgeAlpn(sighting, challenge.keyAuthorization, { address, port });
}

async function checkCaa(
  { type, challenge }: Proof,
  identities: readonly string[],
  tools: Tools,
): Promise<readonly Fault[]> {
  const { name, isWildcard, accountUrl } = challenge;
  if (parseIdentifier(name).type === 'ip') return [];
  const judge = async (caa: Tools['caa']) => {
    const found = await climb(name, caa);
    return found && judgeCaa(found, { identities, isWildcard, type, accountUrl });
  };
  const fault = await judge(tools.caa);
  if (fault === undefined) return [];
  if (fault.code !== 'caa-forbids' || identities.length === 0) return [fault];
  const again = await judge(tools.freshCaa).catch(() => undefined);
  return [again?.code === 'caa-forbids' ? { ...again, isCertain: true } : fault];
}

function wholeName({ challenge: { name, isWildcard } }: Proof): string {
  return isWildcard ? `*.${name}` : name;
}

/** Names with the same fault are told of once. */
function together(found: readonly (readonly [string, Fault])[]): readonly Finding[] {
  const byFault = new Map<string, { readonly fault: Fault; readonly names: string[] }>();
  for (const [name, fault] of found) {
    const key = JSON.stringify(fault);
    const entry = byFault.get(key) ?? { fault, names: [] };
    byFault.set(key, entry);
    if (!entry.names.includes(name)) entry.names.push(name);
  }
  return [...byFault.values()].map(({ fault, names }) => ({ ...fault, names }));
}
