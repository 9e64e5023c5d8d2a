import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import type { DnsProvider, ProviderEdges } from '../../src/challenges/dns/provider.ts';
import type { Challenge } from '../../src/challenges/solver.ts';
import { createDnsSolvers, type DnsSolverEdges } from '../../src/commands/dns-solver.ts';
import { type ErrorCode, EvercertError } from '../../src/errors.ts';
import type { Event } from '../../src/events.ts';
import { storePaths } from '../../src/lineage/paths.ts';
import { systemClock } from '../../src/system/clock.ts';
import { rejection } from '../unit-kit/expect.ts';

const CHALLENGE: Challenge = {
  name: 'a.test',
  isWildcard: false,
  token: 't',
  keyAuthorization: 't.k',
  accountUrl: 'https://ca.test/a/1',
};
const remember = async () => undefined;
const unused = async (): Promise<never> => assert.fail('nobody asks for this');

/** A run with one provider, made by `create`, and a clock that stands still. */
function aRun(create: (edges: ProviderEdges) => Partial<DnsProvider>, isInterrupted = false) {
  const controller = new AbortController();
  const interrupt = () => controller.abort(new EvercertError('interrupted', 'stop', 'now'));
  if (isInterrupted) interrupt();
  const waits: { ms: number; pass: () => void }[] = [];
  const events: Event[] = [];
  const empty = { txt: [], cname: undefined, exists: false, isZone: true, ns: [], addresses: [], caa: [] };
  const dns = Object.fromEntries(
    Object.entries(empty).map(([question, none]) => [question, async () => none]),
  );
  const failing: { code: ErrorCode } = { code: 'connection-failed' };
  const nothing = { add: async () => undefined, remove: async () => undefined };
  const provider = {
    name: 'x',
    credentials: [],
    create: (_: unknown, edges: ProviderEdges) => ({ ...nothing, ...create(edges) }),
  };
  const edges: DnsSolverEdges = {
    clock: {
      ...systemClock,
      sleep: (ms, signal) =>
        new Promise((pass, reject) => {
          if (signal.aborted) reject(signal.reason);
          signal.addEventListener('abort', () => reject(signal.reason), { once: true });
          waits.push({ ms, pass });
        }),
    },
    emit: (event) => events.push(event),
    signal: controller.signal,
    http: async () => ({
      send: async () => Promise.reject(new EvercertError(failing.code, 'trouble', 'hint')),
      close: () => undefined,
    }),
    dns: async () => dns as never,
    sendDns: unused,
    runShell: unused,
    shellWith: () => unused,
    environment: {},
    uid: 0,
    readOwned: () => undefined,
    packages: async () => async () => ({ provider }),
  };
  const build = createDnsSolvers(edges, storePaths('/nowhere'));
  const solver = () => build({ type: 'dns', provider: 'x', propagationTimeout: 0 });
  return { build, solver, interrupt, waits, events, failing };
}

test('an interruption ends an addition at once, and a clean-up half a minute later', async () => {
  const { solver, interrupt, waits } = aRun(({ sleep }) => ({
    add: async () => void (await sleep(1000)),
    remove: () => sleep(1000),
  }));
  const { present, cleanUp } = await solver();
  const presented = rejection(present([CHALLENGE], remember), 'interrupted');
  await turn();
  interrupt();
  await presented;
  const cleaned = cleanUp([CHALLENGE]).then(
    () => 'cleaned',
    (error) => error.code,
  );
  await turn();
  assert.deepEqual(
    waits.map(({ ms }) => ms),
    [1000, 30_000, 1000],
  );
  waits[1]?.pass();
  assert.equal(await cleaned, 'interrupted');
});

test('also when the interruption was there before', async () => {
  const { solver, waits } = aRun(({ sleep }) => ({ remove: () => sleep(1000) }), true);
  const { cleanUp } = await solver();
  const cleaned = rejection(cleanUp([CHALLENGE]), 'interrupted');
  await turn();
  waits.find(({ ms }) => ms === 30_000)?.pass();
  await cleaned;
});

test('a clean-up that is done by then is well', async () => {
  const { solver, interrupt, waits } = aRun(({ sleep }) => ({ remove: () => sleep(1000) }));
  const { cleanUp } = await solver();
  interrupt();
  const cleaned = cleanUp([CHALLENGE]);
  await turn();
  waits[1]?.pass();
  await cleaned;
});

test('trouble with the API of a provider is none of a CA', async () => {
  const { solver, failing } = aRun(({ request }) => ({
    add: async () => void (await request({ method: 'GET', url: 'https://api.test/' })),
  }));
  const { present } = await solver();
  for (const code of ['connection-failed', 'tls-failed', 'bad-answer'] as const) {
    failing.code = code;
    await rejection(present([CHALLENGE], remember), 'dns-provider');
  }
});

test('one name has one change at a time, in all lineages of a run', async () => {
  let [busy, most] = [0, 0];
  const { solver } = aRun(() => ({
    add: async () => {
      busy += 1;
      most = Math.max(most, busy);
      await turn();
      busy -= 1;
      return undefined;
    },
  }));
  const solvers = await Promise.all([solver(), solver(), solver()]);
  await Promise.all(solvers.map(({ present }) => present([CHALLENGE], remember)));
  assert.equal(most, 1);
});

test('what could not be checked is a warning', async () => {
  const { build, waits, events } = aRun(() => ({}));
  const { present } = await build({ type: 'dns', provider: 'x' });
  const presented = present([CHALLENGE], remember);
  while (waits.length === 0) await turn();
  assert.deepEqual(
    waits.map(({ ms }) => ms),
    [30_000],
  );
  waits[0]?.pass();
  await presented;
  assert.deepEqual(events, [
    {
      type: 'warning',
      code: 'propagation-unchecked',
      detail: '_acme-challenge.a.test: none of its name servers answers here',
    },
  ]);
});
