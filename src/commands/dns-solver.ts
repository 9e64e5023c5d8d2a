import {
  type AuthoritiesOf,
  createAuthorities,
  createServers,
  firstHand,
  type ServerAt,
} from '../challenges/dns/authorities.ts';
import { readCredentials } from '../challenges/dns/credentials.ts';
import { followAliases } from '../challenges/dns/names.ts';
import { type PropagationEdges, untilPropagated } from '../challenges/dns/propagation.ts';
import type { DnsProvider, ProviderEdges } from '../challenges/dns/provider.ts';
import { findProvider } from '../challenges/dns/registry.ts';
import { dnsSolver } from '../challenges/dns/solver.ts';
import { createZoneOf, type ZoneOf } from '../challenges/dns/zone.ts';
import type { Solver } from '../challenges/solver.ts';
import { baseEnvironment } from '../deploy/hook-plan.ts';
import { EvercertError } from '../errors.ts';
import type { StorePaths } from '../lineage/paths.ts';
import type { ChallengeSettings } from '../lineage/settings.ts';
import { createTurnsByName, once } from '../promises.ts';
import type { DnsClient } from '../system/dns.ts';
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
export type DnsSettings = Extract<ChallengeSettings, { type: 'dns' }>;

/** Builds the solvers of a run for TXT records: records of one name come one after the other in all of them. */
export type DnsSolvers = (settings: DnsSettings) => Promise<Solver>;

const PROPAGATION_TIMEOUT_S = 120;
const SHELL_TIMEOUT_MS = 300_000;
/** Name servers know their answers, other than resolvers. Asked twice, the second time for twice as long. */
const SERVER_TIMEOUT_MS = 1000;
/** For all clean-ups together, after an interruption: nobody waits for long then. */
const LATE_MS = 30_000;

export function createDnsSolvers(edges: DnsSolverEdges, paths: StorePaths): DnsSolvers {
  const inTurn = createTurnsByName();
  const adding = createPhase(edges, edges.signal);
  const removing = createPhase(edges, late(edges));
  return async (settings) => {
    const { provider: name, resolvers, credentials: file, accountLabel = false } = settings;
    const definition = await findProvider(name, { loadPackage: await edges.packages(paths.root) });
    const credentials = readCredentials(definition, file, edges);
    const adder = definition.create(credentials, await adding.edgesFor(resolvers));
    const remover = definition.create(credentials, await removing.edgesFor(resolvers));
    const view = await adding.viewOf(resolvers);
    const { signal } = edges;
    return dnsSolver(together(adder, remover), accountLabel, {
      inTurn,
      signal,
      resolveName: (record) => followAliases(view, record),
      propagated: async (records) => {
        const { propagationTimeout = PROPAGATION_TIMEOUT_S } = settings;
        if (propagationTimeout === 0) return;
        await untilPropagated(records, propagationTimeout * 1000, propagationEdges(edges, view));
      },
    });
  };
}

/** Follows the signal of the run some time later. */
function late({ clock, signal }: DnsSolverEdges): AbortSignal {
  const controller = new AbortController();
  const follow = async () => {
    await clock.sleep(LATE_MS, controller.signal);
    controller.abort(signal.reason);
  };
  if (signal.aborted) void follow();
  else signal.addEventListener('abort', () => void follow(), { once: true });
  return controller.signal;
}

/** What an interruption ends at once, and what it leaves some time. */
function together(adder: DnsProvider, remover: DnsProvider): DnsProvider {
  return {
    add: (record) => adder.add(record).catch(asProviderError),
    remove: (record, trace) => remover.remove(record, trace).catch(asProviderError),
  };
}

/** Either all that is added, or all that is removed. */
interface Phase {
  readonly edgesFor: (resolvers: readonly string[] | undefined) => Promise<ProviderEdges>;
  readonly viewOf: (resolvers: readonly string[] | undefined) => Promise<View>;
}

function createPhase(edges: DnsSolverEdges, signal: AbortSignal): Phase {
  const connection = once(() => edges.http('dns-provider', undefined));
  const views = new Map<string, Promise<View>>();
  const viewOf: Phase['viewOf'] = (resolvers) => {
    const id = resolvers?.join(' ') ?? '';
    const view = views.get(id) ?? createView(edges, resolvers, signal);
    views.set(id, view);
    return view;
  };
  return {
    viewOf,
    edgesFor: async (resolvers) => ({
      request: async ({ method, url, headers = {}, body }) => {
        const { send } = await connection();
        const request = { method, url, headers, ...(body === undefined ? {} : { body }) };
        return send(request, signal);
      },
      zoneOf: (await viewOf(resolvers)).zoneOf,
      dns: (servers) => edges.dns(servers ?? resolvers, signal),
      exchange: async (server, message) => (await edges.sendDns())(server, message, signal),
      run: async (command, env, input) => {
        const run = input === undefined ? edges.runShell : edges.shellWith(input);
        const environment = { ...baseEnvironment(edges.environment), ...env };
        const result = await run(command, environment, SHELL_TIMEOUT_MS, signal);
        signal.throwIfAborted();
        return result;
      },
      now: edges.clock.now,
      sleep: (ms) => edges.clock.sleep(ms, signal),
    }),
  };
}

/** The DNS as it is before anything is added. */
interface View extends Pick<DnsClient, 'cname'> {
  readonly zoneOf: ZoneOf;
  readonly authoritiesOf: AuthoritiesOf;
  readonly serverAt: ServerAt;
}

async function createView(
  { dns }: DnsSolverEdges,
  resolvers: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<View> {
  const resolver = await dns(resolvers, signal);
  const authoritiesOf = createAuthorities(resolver);
  const serverAt = createServers((address) => dns([address], signal, SERVER_TIMEOUT_MS));
  const { cname, isZone } = firstHand(resolver, authoritiesOf, serverAt);
  return { cname, zoneOf: createZoneOf({ isZone }), authoritiesOf, serverAt };
}

function propagationEdges(
  { clock, emit, signal }: DnsSolverEdges,
  { zoneOf, authoritiesOf, serverAt }: View,
): PropagationEdges {
  return {
    zoneOf,
    authoritiesOf,
    txtAt: (address, name) => serverAt(address).txt(name),
    monotonic: clock.monotonic,
    sleep: (ms) => clock.sleep(ms, signal),
    unchecked: (names, why) =>
      emit({ type: 'warning', code: 'propagation-unchecked', detail: `${names.join(', ')}: ${why}` }),
  };
}

const OF_A_CA = new Set(['connection-failed', 'tls-failed', 'bad-answer']);

/** Those codes would have another CA asked: what a provider of another package throws unmended. */
function asProviderError(error: unknown): never {
  if (!(error instanceof EvercertError) || !OF_A_CA.has(error.code)) throw error;
  throw new EvercertError('dns-provider', error.message, error.hint, error, error.details);
}
