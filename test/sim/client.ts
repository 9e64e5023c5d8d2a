import type { Lineage } from '../../src/lineage/scan.ts';
import type { LiveFacts, State } from '../../src/lineage/state.ts';
import { nextAttemptAt, withFailure } from '../../src/renewal/backoff.ts';
import { decide, needsPerson, type Plan, timingOf } from '../../src/renewal/decide.ts';
import { dueAt } from '../../src/renewal/due.ts';
import { kindOf } from '../../src/renewal/failure-kind.ts';
import { withFailedPoll, withoutRenewalInfo, withSuggestion } from '../../src/renewal/renewal-info.ts';
import { movesOn } from '../../src/renewal/servers.ts';
import { FACTS, LINEAGE, SETTINGS } from '../unit-kit/examples.ts';
import { type Leaf, type ModelCa, order, type Refusal, renewalInfo } from './ca.ts';
import { HOUR, type Random } from './time.ts';

/** A machine with one certificate, driven by the rules under test. */
export interface Client {
  lineage: Lineage;
  readonly cas: readonly [ModelCa, ...ModelCa[]];
  readonly random: Random;
}

/** What one run of `renew` came to. */
export interface Run {
  readonly status: 0 | 1 | 3;
  readonly attempts: number;
  /** Who issued. */
  readonly issuedBy?: string;
}

/** Both clocks: the world's, and the machine's own. */
export interface Moment {
  readonly world: number;
  readonly own: number;
}

const FACTS_OF = { ...FACTS, names: SETTINGS.names };

export function createClient(
  name: string,
  cas: Client['cas'],
  leaf: Leaf,
  random: Random,
  renewBefore?: string,
): Client {
  const [first, ...others] = cas.map(({ server }) => server);
  const wish = renewBefore === undefined ? {} : { renewBefore };
  const settings = { ...SETTINGS, ...wish, server: first ?? '', fallbackServers: others };
  const client: Client = { lineage: { ...LINEAGE, name, settings }, cas, random };
  goLive(client, leaf, { world: leaf.notBefore + HOUR, own: leaf.notBefore + HOUR });
  return client;
}

/** The facts of the live version. */
export function liveOf({ lineage }: Client): LiveFacts {
  if (lineage.live.kind !== 'whole') throw new Error('nothing is live');
  return lineage.live.facts;
}

const leafOf = ({ notBefore, notAfter, server = '' }: LiveFacts): Leaf => ({ notBefore, notAfter, server });

function goLive(client: Client, leaf: Leaf, moment: Moment): void {
  const { live } = client.lineage;
  const before = live.kind === 'whole' ? Number(live.facts.version) : 0;
  const version = String(before + 1).padStart(4, '0');
  const facts: LiveFacts = { ...FACTS_OF, ...leaf, version };
  const state: State = { version: 1, live: facts, deployed: version };
  client.lineage = { ...client.lineage, live: { kind: 'whole', facts }, deployed: version, state };
  poll(client, moment);
}

function poll(client: Client, { world, own }: Moment): void {
  const { cas, random } = client;
  const facts = liveOf(client);
  const ca = cas.find(({ server }) => server === facts.server);
  if (ca === undefined) throw new Error('issued by nobody');
  const answer = renewalInfo(ca, leafOf(facts), world);
  const before = client.lineage.state?.renewalInfo;
  const { version } = facts;
  remember(client, {
    renewalInfo:
      answer === 'none'
        ? withoutRenewalInfo(version, own)
        : answer === 'temporary'
          ? withFailedPoll(before, version, answer, own)
          : withSuggestion(before, version, answer, own, random()),
  });
}

function remember(client: Client, change: Partial<State>): void {
  client.lineage = { ...client.lineage, state: { version: 1, ...client.lineage.state, ...change } };
}

/** One run of `renew`. */
export function run(client: Client, moment: Moment): Run {
  const { own } = moment;
  if ((client.lineage.state?.renewalInfo?.nextPollAt ?? 0) <= own && own < liveOf(client).notAfter) {
    poll(client, moment);
  }
  const plan = decide(client.lineage, own, undefined);
  if (plan.waiting !== undefined) return { status: plan.waiting.urgent ? 1 : 3, attempts: 0 };
  return plan.action === 'renew' ? attempt(client, plan, moment) : { status: 0, attempts: 0 };
}

function attempt(client: Client, { servers }: Plan, moment: Moment): Run {
  const { cas, lineage } = client;
  let attempts = 0;
  for (const server of servers ?? []) {
    const ca = cas.find((each) => each.server === server);
    if (ca === undefined) throw new Error(`no such CA: ${server}`);
    attempts += 1;
    const outcome = order(ca, lineage.name, leafOf(liveOf(client)), moment.world);
    if ('leaf' in outcome) {
      goLive(client, outcome.leaf, moment);
      return { status: 0, attempts, issuedBy: server };
    }
    if (!failed(client, server, outcome, moment.own)) break;
  }
  return { status: needsPerson(client.lineage, moment.own) ? 1 : 3, attempts };
}

/** @returns whether the next CA is to be asked */
function failed(client: Client, server: string, refusal: Refusal, now: number): boolean {
  const { code, retryAfterMs } = refusal;
  const { notBefore, notAfter } = liveOf(client);
  const mishap = { server, kind: kindOf(refusal), code, message: code, retryAfterMs };
  const failures = withFailure(client.lineage.state?.failures ?? [], mishap, notAfter - notBefore, now);
  remember(client, { failures });
  return failures.some((failure) => failure.server === server && movesOn(failure));
}

/** Before this no run has anything to do. Early rather than late. */
export function idleUntil({ lineage, cas }: Client, facts: LiveFacts, now: number): number {
  const timing = timingOf(lineage, facts);
  const { renewalInfo, failures = [] } = lineage.state ?? {};
  // Near the end waits become shorter as time passes.
  const isLate = now > timing.notAfter - (timing.notAfter - timing.notBefore) / 10;
  const waits = failures.map((failure) => nextAttemptAt(failure, timing, now));
  const wait = isLate || waits.length < cas.length ? now : Math.min(...waits);
  return Math.min(Math.max(dueAt(timing), wait), renewalInfo?.nextPollAt ?? 0);
}
