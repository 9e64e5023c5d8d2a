import pLimit from 'p-limit';
import { problemOf } from '../acme/problem.ts';
import { createRenewalInfo, pollFailureKind, type RenewalInfoAnswer } from '../acme/renewal-info.ts';
import { asEvercertError, EvercertError } from '../errors.ts';
import { CERTIFICATE, CHAIN, type StorePaths, versionPath } from '../lineage/paths.ts';
import { type BrokenLineage, type Lineage, rememberedState } from '../lineage/scan.ts';
import type { LiveFacts, State } from '../lineage/state.ts';
import { nextCheckAt, nextPollAt, wantsLook } from '../renewal/idle.ts';
import { isSenseless, withFailedPoll, withoutRenewalInfo, withSuggestion } from '../renewal/renewal-info.ts';
import { createRevocationCheck } from '../revocation/check.ts';
import type { RevocationAnswer, RevocationQuery } from '../revocation/values.ts';
import { readBundle } from './check-local.ts';
import type { Edges } from './edges.ts';

const POLLS_AT_A_TIME = 16;
/** A CA that failed so often in a row is left alone for this run. */
const MAX_FAILED_POLLS = 3;
const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

type ObserveEdges = Pick<Edges, 'disk' | 'clock' | 'signal' | 'emit' | 'http' | 'userAgent'>;

/** A whole lineage with what is known of it. */
interface Whole {
  readonly lineage: Lineage;
  readonly live: LiveFacts;
}

/** The lineages about whose live version the CA is to be asked again now. */
export function toObserve(lineages: readonly (Lineage | BrokenLineage)[], now: number): Whole[] {
  return lineages.flatMap((lineage) => {
    if (lineage.kind === 'broken' || lineage.live.kind !== 'whole') return [];
    return wantsLook(lineage, now) ? [{ lineage, live: lineage.live.facts }] : [];
  });
}

/**
 * Asks the CAs what they suggest (RFC 9773) and whether they revoked (OCSP, CRL), side by side. A look-up that failed is
 * no answer: it is remembered when to ask again, and nothing else.
 *
 * @returns by name the state of each as it is to be remembered
 */
export async function observe(
  edges: ObserveEdges,
  paths: StorePaths,
  whole: readonly Whole[],
): Promise<Map<string, State>> {
  const states = new Map<string, State>(whole.map(({ lineage }) => [lineage.name, rememberedState(lineage)]));
  const remember = (name: string, change: Partial<State>) =>
    states.set(name, { version: 1, ...states.get(name), ...change });
  const closers: (() => void)[] = [];
  try {
    await Promise.all([
      pollAll(edges, whole, remember, closers),
      checkAll(edges, paths, whole, remember, closers),
    ]);
  } finally {
    for (const close of closers) close();
  }
  return states;
}

type Remember = (name: string, change: Partial<State>) => void;

async function pollAll(
  edges: ObserveEdges,
  whole: readonly Whole[],
  remember: Remember,
  closers: (() => void)[],
): Promise<void> {
  const now = edges.clock.now();
  const wanted = whole.filter(({ lineage, live }) => nextPollAt(lineage.state, live, now) <= now);
  const limit = pLimit(POLLS_AT_A_TIME);
  const bundles = new Set(wanted.map(({ lineage }) => lineage.settings.caBundle));
  await Promise.all(
    [...bundles].map(async (bundle) => {
      // A bundle that is gone is the trouble of those that name it.
      const made = createPoll(edges, bundle, closers);
      const poll: Poll = async (live) => (await made)(live);
      const members = wanted.filter(({ lineage }) => lineage.settings.caBundle === bundle);
      await Promise.all(members.map((each) => limit(() => pollOne(edges, each, poll, remember))));
    }),
  );
}

type Poll = (live: LiveFacts) => Promise<RenewalInfoAnswer | 'unsupported'>;

async function createPoll(
  edges: ObserveEdges,
  bundle: string | undefined,
  closers: (() => void)[],
): Promise<Poll> {
  const { send, close } = await edges.http('look-up', readBundle(edges, bundle));
  closers.push(close);
  const { poll } = createRenewalInfo({ ...edges, send });
  const failed = new Map<string, { count: number; error: unknown }>();
  return async ({ server = '', renewalId = '' }) => {
    const before = failed.get(server);
    if (before !== undefined && before.count >= MAX_FAILED_POLLS) throw before.error;
    try {
      const answer = await poll(server, renewalId);
      failed.delete(server);
      return answer;
    } catch (error) {
      if (!isAboutOne(error)) failed.set(server, { count: (failed.get(server)?.count ?? 0) + 1, error });
      throw error;
    }
  };
}

/** The CA is there, and has something against this certificate; it may know all others. */
function isAboutOne(error: unknown): boolean {
  const status = problemOf(error)?.status ?? 0;
  return status >= 400 && status < 500 && status !== 429;
}

async function pollOne(
  { clock, signal, emit }: ObserveEdges,
  { lineage: { name, state }, live }: Whole,
  poll: Poll,
  remember: Remember,
): Promise<void> {
  const { version } = live;
  const before = state?.renewalInfo;
  try {
    const answer = await poll(live);
    const now = clock.now();
    const random = clock.randomBelow(2 ** 32) / 2 ** 32;
    const renewalInfo =
      answer === 'unsupported'
        ? withoutRenewalInfo(version, now)
        : isSenseless(before, live, answer, now)
          ? withFailedPoll(before, version, 'long-term', now)
          : withSuggestion(before, version, answer, now, random);
    remember(name, { renewalInfo });
    if (renewalInfo.explanationUrl !== undefined && renewalInfo.explanationUrl !== before?.explanationUrl) {
      emit({
        type: 'warning',
        lineage: name,
        code: 'renewal-explained',
        detail: renewalInfo.explanationUrl,
      });
    }
  } catch (thrown) {
    signal.throwIfAborted();
    const error = asEvercertError(thrown);
    remember(name, { renewalInfo: withFailedPoll(before, version, pollFailureKind(error), clock.now()) });
    emit({ type: 'lookup-failed', lineage: name, about: 'renewal-info', error });
  }
}

async function checkAll(
  edges: ObserveEdges,
  paths: StorePaths,
  whole: readonly Whole[],
  remember: Remember,
  closers: (() => void)[],
): Promise<void> {
  const now = edges.clock.now();
  const wanted = whole.filter(({ lineage, live }) => nextCheckAt(lineage.state, live, now) <= now);
  if (wanted.length === 0) return;
  const answers = await askAll(edges, paths, wanted, closers);
  edges.signal.throwIfAborted();
  for (const each of wanted) keepAnswer(edges, each, answers.get(each.lineage.name), remember);
}

/** @returns by name; where nobody can be asked at all, the same error for each */
async function askAll(
  edges: ObserveEdges,
  paths: StorePaths,
  wanted: readonly Whole[],
  closers: (() => void)[],
): Promise<ReadonlyMap<string, RevocationAnswer | EvercertError>> {
  try {
    const { send, close } = await edges.http('look-up', undefined);
    closers.push(close);
    const { check } = createRevocationCheck({ ...edges, send });
    return await check(wanted.flatMap((each) => queryFor(edges, paths, each)));
  } catch (thrown) {
    edges.signal.throwIfAborted();
    const error = asEvercertError(thrown);
    return new Map(wanted.map(({ lineage }) => [lineage.name, error]));
  }
}

function queryFor(
  { disk }: ObserveEdges,
  paths: StorePaths,
  { lineage: { name, state }, live }: Whole,
): RevocationQuery[] {
  const { version, responder, crl } = live;
  const directory = versionPath(paths, name, version);
  const certPem = disk.readText(`${directory}/${CERTIFICATE}`);
  const issuerPem = disk.readText(`${directory}/${CHAIN}`);
  if (certPem === undefined || issuerPem === undefined) return [];
  const known = state?.revocation;
  const isGood = known?.version === version && known.status === 'good';
  const { etag, validUntil } = isGood ? known : {};
  return [{ lineage: name, certPem, issuerPem, responder, crl, etag, validUntil }];
}

function keepAnswer(
  { clock, emit }: ObserveEdges,
  { lineage: { name, state }, live: { version } }: Whole,
  answer: RevocationAnswer | EvercertError | undefined,
  remember: Remember,
): void {
  if (answer === undefined) return;
  if (!(answer instanceof EvercertError)) {
    remember(name, { revocation: revocationOf(version, answer) });
    return;
  }
  const before = state?.revocation?.version === version ? state.revocation : undefined;
  const wait = before === undefined ? HOUR_MS : DAY_MS / 4;
  const nextCheckAt = clock.now() + wait;
  remember(name, { revocation: { ...(before ?? { version, status: 'unknown' }), nextCheckAt } });
  emit({ type: 'lookup-failed', lineage: name, about: 'revocation', error: answer });
}

function revocationOf(version: string, answer: RevocationAnswer): NonNullable<State['revocation']> {
  const { status, reason, etag, validUntil, nextCheckAt: next } = answer;
  return {
    version,
    status,
    nextCheckAt: Math.round(next),
    ...(reason === undefined ? {} : { reason }),
    ...(etag === undefined ? {} : { etag }),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}
