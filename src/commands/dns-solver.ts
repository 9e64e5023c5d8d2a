import { readCredentials } from '../challenges/dns/credentials.ts';
import { followAliases } from '../challenges/dns/names.ts';
import { type PropagationEdges, untilPropagated } from '../challenges/dns/propagation.ts';
import type { DnsProvider, ProviderEdges } from '../challenges/dns/provider.ts';
import { findProvider } from '../challenges/dns/registry.ts';
import { dnsSolver } from '../challenges/dns/solver.ts';
import { createZoneOf } from '../challenges/dns/zone.ts';
import type { Solver } from '../challenges/solver.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import type { Edges } from './edges.ts';

export type DnsSolverEdges = Pick<
  Edges,
  | 'clock'
  | 'emit'
  | 'signal'
  | 'http'
  | 'dns'
  | 'sendDns'
  | 'runShell'
  | 'shellWith'
  | 'environment'
  | 'readOwned'
  | 'packages'
  | 'uid'
>;
type DnsSettings = Extract<ChallengeSettings, { type: 'dns' }>;

/** Builds the solvers of a run for TXT records: records of one name come one after the other in all of them. */
export type DnsSolvers = (settings: DnsSettings) => Promise<Solver>;

const PROPAGATION_TIMEOUT_S = 120;
const SHELL_TIMEOUT_MS = 300_000;
/** After an interruption nobody waits for long. */
const CLEAN_UP_SHELL_TIMEOUT_MS = 30_000;

export function createDnsSolvers(edges: DnsSolverEdges, paths: StorePaths): DnsSolvers {
  const inTurn = createTurns();
  const connection = once(() => edges.http('dns-provider', undefined));
  return async (settings) => {
    const loadPackage = await edges.packages(paths.root);
    const definition = await findProvider(settings.provider, { loadPackage });
    const credentials = readCredentials(definition, settings.credentials, edges);
    const { signal } = edges;
    const dns = await edges.dns(settings.resolvers, signal);
    const zoneOf = createZoneOf(dns);
    const phase = (until: AbortSignal, shellTimeoutMs: number) =>
      providerEdges(edges, connection, settings.resolvers, until, shellTimeoutMs);
    const never = new AbortController().signal;
    const adding = definition.create(credentials, await phase(signal, SHELL_TIMEOUT_MS));
    const removing = definition.create(credentials, await phase(never, CLEAN_UP_SHELL_TIMEOUT_MS));
    return dnsSolver(together(adding, removing), settings.accountLabel === true, {
      inTurn,
      signal,
      resolveName: (name) => followAliases(dns, name),
      propagated: async (records) => {
        const { propagationTimeout = PROPAGATION_TIMEOUT_S } = settings;
        if (propagationTimeout === 0) return;
        await untilPropagated(records, propagationTimeout * 1000, propagationEdges(edges, dns, zoneOf));
      },
    });
  };
}

/** What one signal ends, and what ends by its own time limits alone: a clean-up after an interruption. */
function together(adding: DnsProvider, removing: DnsProvider): DnsProvider {
  return {
    add: (record) => adding.add(record),
    remove: (record, trace) => removing.remove(record, trace),
  };
}

type Connection = () => ReturnType<Edges['http']>;

async function providerEdges(
  edges: DnsSolverEdges,
  connection: Connection,
  resolvers: readonly string[] | undefined,
  signal: AbortSignal,
  shellTimeoutMs: number,
): Promise<ProviderEdges> {
  return {
    request: async ({ method, url, headers = {}, body }) => {
      const { send } = await connection();
      const request = { method, url, headers, ...(body === undefined ? {} : { body }) };
      return send(request, signal);
    },
    zoneOf: createZoneOf(await edges.dns(resolvers, signal)),
    dns: (servers) => edges.dns(servers ?? resolvers, signal),
    exchange: async (server, message) => (await edges.sendDns())(server, message, signal),
    run: async (command, env, input) => {
      const run = input === undefined ? edges.runShell : edges.shellWith(input);
      const result = await run(command, env, shellTimeoutMs, signal);
      signal.throwIfAborted();
      return result;
    },
    now: edges.clock.now,
    sleep: (ms) => edges.clock.sleep(ms, signal),
  };
}

function propagationEdges(
  { clock, emit, signal, dns }: DnsSolverEdges,
  resolver: PropagationEdges['resolver'],
  zoneOf: PropagationEdges['zoneOf'],
): PropagationEdges {
  return {
    resolver,
    zoneOf,
    txtAt: async (address, name) => (await dns([address], signal)).txt(name),
    monotonic: clock.monotonic,
    sleep: (ms) => clock.sleep(ms, signal),
    unchecked: (names, why) =>
      emit({ type: 'warning', code: 'propagation-unchecked', detail: `${names.join(', ')}: ${why}` }),
  };
}

function createTurns(): <T>(name: string, work: () => Promise<T>) => Promise<T> {
  const last = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const done = (last.get(name) ?? Promise.resolve()).then(work);
    last.set(
      name,
      done.catch(() => undefined),
    );
    return done;
  };
}

function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}
