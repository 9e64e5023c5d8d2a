import pLimit from 'p-limit';
import * as v from 'valibot';
import { EvercertError } from '../../errors.ts';
import type { Challenge, PresentedChallenge, Remember, Solver } from '../solver.ts';
import { proofName, proofValue } from './names.ts';
import type { DnsProvider, TxtRecord } from './provider.ts';

export interface DnsSolverEdges {
  /** Where a record is to be made for this name: CNAMEs are followed. */
  readonly resolveName: (name: string) => Promise<string>;
  /** Resolves when the CA could see them. @param records values by name */
  readonly propagated: (records: ReadonlyMap<string, readonly string[]>) => Promise<void>;
  /** Does the work after all that was given for this name before, also for other lineages. */
  readonly inTurn: <T>(name: string, work: () => Promise<T>) => Promise<T>;
  /** Aborted by an interruption: nothing more is added. */
  readonly signal: AbortSignal;
}

/** What clean-up must know of a record. */
const TraceSchema = v.strictObject({ name: v.string(), trace: v.optional(v.string()) });

/** Names that are worked on side by side. */
const NAMES_AT_A_TIME = 8;

/** Proves by TXT records, dns-01 or dns-account-01. */
export function dnsSolver(provider: DnsProvider, isAccountLabel: boolean, edges: DnsSolverEdges): Solver {
  /** Values that a present that failed never came to. */
  const untouched = new Set<string>();
  /** Why values could not be added: the words of the provider. */
  const refused = new Map<string, string>();
  return {
    type: isAccountLabel ? 'dns-account-01' : 'dns-01',
    leavesTraces: true,
    present: async (challenges, remember) => {
      for (const challenge of challenges) untouched.add(proofValue(challenge));
      const limit = pLimit(NAMES_AT_A_TIME);
      const records = await Promise.all(
        challenges.map((challenge) => limit(() => recordOf(challenge, isAccountLabel, edges.resolveName))),
      );
      await forEachName(
        records,
        edges,
        untilFailure(edges.signal, async (record) => {
          untouched.delete(record.value);
          const added = add(provider, record, proofName(record.challenge, isAccountLabel), remember);
          await added.catch((error: unknown) => {
            if (isRefusal(error)) refused.set(record.value, error.message);
            throw error;
          });
        }),
      );
      await edges.propagated(valuesByName(records));
    },
    cleanUp: async (challenges) => {
      const touched = challenges.filter((challenge) => !untouched.delete(proofValue(challenge)));
      const records = touched.map((challenge) => presentedRecord(challenge, isAccountLabel));
      const traces = new Map(records.map(({ record, trace }) => [record, trace]));
      await forEachName([...traces.keys()], edges, async (record) => {
        // Who may not add in the same words may not remove: there is nothing.
        await provider.remove(record, traces.get(record)).catch((error: unknown) => {
          if (!isRefusal(error) || refused.get(record.value) !== error.message) throw error;
        });
      });
    },
  };
}

/** A clear no. What has a cause ended otherwise: without an answer, perhaps, to a change that was made. */
function isRefusal(error: unknown): error is EvercertError {
  if (!(error instanceof EvercertError)) return false;
  if (error.code === 'credentials-missing') return true;
  return (error.code === 'dns-provider' || error.code === 'dns-failed') && error.cause === undefined;
}

/** Nothing more is begun once something failed. */
function untilFailure(
  signal: AbortSignal,
  work: (record: TxtRecord) => Promise<void>,
): (record: TxtRecord) => Promise<void> {
  let hasFailed = false;
  return async (record) => {
    signal.throwIfAborted();
    if (hasFailed) return;
    try {
      await work(record);
    } catch (error) {
      hasFailed = true;
      throw error;
    }
  };
}

async function recordOf(
  challenge: Challenge,
  isAccountLabel: boolean,
  resolveName: DnsSolverEdges['resolveName'],
): Promise<TxtRecord> {
  const name = await resolveName(proofName(challenge, isAccountLabel));
  return { name, value: proofValue(challenge), challenge };
}

/** What is remembered is there before the record is: a CNAME may lead elsewhere by the time of the clean-up. */
async function add(
  provider: DnsProvider,
  record: TxtRecord,
  plainName: string,
  remember: Remember,
): Promise<void> {
  const { name, challenge } = record;
  if (name !== plainName) await remember(challenge, JSON.stringify({ name }));
  const trace = await provider.add(record);
  if (trace !== undefined) await remember(challenge, JSON.stringify({ name, trace }));
}

function presentedRecord(
  presented: PresentedChallenge,
  isAccountLabel: boolean,
): { record: TxtRecord; trace: string | undefined } {
  const { trace: told, ...challenge } = presented;
  const plain = { name: proofName(challenge, isAccountLabel), trace: undefined };
  const { name, trace } = told === undefined ? plain : readTrace(told, plain);
  return { record: { name, value: proofValue(challenge), challenge }, trace };
}

/** A trace that is none of ours says nothing. */
function readTrace(text: string, otherwise: v.InferOutput<typeof TraceSchema>) {
  try {
    const result = v.safeParse(TraceSchema, JSON.parse(text));
    return result.success ? result.output : otherwise;
  } catch {
    return otherwise;
  }
}

function valuesByName(records: readonly TxtRecord[]): ReadonlyMap<string, readonly string[]> {
  const byName = new Map<string, string[]>();
  for (const { name, value } of records) byName.set(name, [...(byName.get(name) ?? []), value]);
  return byName;
}

/** All have ended, well or not, when this one does. @throws the first failure, and how many there were */
async function forEachName(
  records: readonly TxtRecord[],
  { inTurn }: DnsSolverEdges,
  work: (record: TxtRecord) => Promise<void>,
): Promise<void> {
  const limit = pLimit(NAMES_AT_A_TIME);
  const names = [...new Set(records.map(({ name }) => name))];
  const results = await Promise.all(
    names.map((name) =>
      limit(async () => {
        const own = records.filter((record) => record.name === name);
        return Promise.allSettled(own.map((record) => inTurn(name, () => work(record))));
      }),
    ),
  );
  const failures = results.flat().flatMap((each) => (each.status === 'rejected' ? [each.reason] : []));
  if (failures.length > 0) throw together(failures);
}

function together(failures: readonly unknown[]): unknown {
  const [first] = failures;
  if (failures.length === 1 || !(first instanceof EvercertError)) return first;
  const { code, message, hint } = first;
  const others = failures.length - 1;
  return new EvercertError(code, `${message} (and ${others} more failed)`, hint, first, first.details);
}
