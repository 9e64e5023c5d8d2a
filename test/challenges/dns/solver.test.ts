import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { proofValue } from '../../../src/challenges/dns/names.ts';
import type { DnsProvider, TxtRecord } from '../../../src/challenges/dns/provider.ts';
import { type DnsSolverEdges, dnsSolver } from '../../../src/challenges/dns/solver.ts';
import type { Challenge, PresentedChallenge } from '../../../src/challenges/solver.ts';
import { EvercertError } from '../../../src/errors.ts';
import { createTurnsByName } from '../../../src/promises.ts';
import { NEVER, rejection } from '../../unit-kit/expect.ts';

function challenge(name: string, keyAuthorization = name): Challenge {
  return { name, isWildcard: false, token: 't', keyAuthorization, accountUrl: 'https://ca.test/a/1' };
}

const refusal = (words: string) => new EvercertError('dns-provider', words, 'hint');
const nameOf = (name: string) => `_acme-challenge.${name}`;

/** A provider that notes what it holds and how many calls are under way. */
function setUp(provider: Partial<DnsProvider> = {}, edges: Partial<DnsSolverEdges> = {}) {
  const held = new Set<string>();
  const removed: (string | undefined)[] = [];
  const busy = new Map<string, number>();
  const most = { names: 0, ofOne: 0 };
  const during = async (name: string, work: () => void) => {
    busy.set(name, (busy.get(name) ?? 0) + 1);
    most.names = Math.max(most.names, busy.size);
    most.ofOne = Math.max(most.ofOne, busy.get(name) ?? 0);
    await turn();
    work();
    busy.set(name, (busy.get(name) ?? 0) - 1);
    if (busy.get(name) === 0) busy.delete(name);
  };
  const key = ({ name, value }: TxtRecord) => `${name} ${value}`;
  const propagated: unknown[] = [];
  const solver = dnsSolver(
    {
      add: async (record) => {
        await during(record.name, () => held.add(key(record)));
        return `id of ${record.name}`;
      },
      remove: async (record, trace) => {
        removed.push(trace);
        await during(record.name, () => held.delete(key(record)));
      },
      ...provider,
    },
    false,
    {
      resolveName: async (name) => name,
      propagated: async (records) => void propagated.push(Object.fromEntries(records)),
      inTurn: createTurnsByName(),
      signal: NEVER,
      ...edges,
    },
  );
  const traces = new Map<Challenge, string>();
  const remember = async (of: Challenge, trace: string) => void traces.set(of, trace);
  const presented = (all: readonly Challenge[]): PresentedChallenge[] =>
    all.map((each) => ({ ...each, trace: traces.get(each) }));
  return { solver, held, removed, most, propagated, remember, traces, presented };
}

const BOTH = [challenge('a.test', 'base'), challenge('a.test', 'wildcard')];

test('values of one name live together, one added after the other, and are waited for once', async () => {
  const { solver, held, most, propagated, remember, presented } = setUp();
  await solver.present(BOTH, remember);
  assert.equal(held.size, 2);
  assert.equal(most.ofOne, 1);
  assert.deepEqual(propagated, [{ [nameOf('a.test')]: BOTH.map(proofValue) }]);
  await solver.cleanUp(presented(BOTH));
  assert.equal(held.size, 0);
});

test('eight names at a time', async () => {
  const { solver, most, remember } = setUp();
  await solver.present(
    Array.from({ length: 40 }, (_, index) => challenge(`n${index}.test`)),
    remember,
  );
  assert.equal(most.names, 8);
});

test('what clean-up needs is told before the record is made, and outlives the CNAME', async () => {
  let target = 'x.other.test';
  const seen: (string | undefined)[] = [];
  const all = [challenge('a.test')];
  const add: DnsProvider['add'] = async () => void seen.push(ground.traces.get(all[0] as Challenge));
  const ground = setUp({ add }, { resolveName: async () => target });
  await ground.solver.present(all, ground.remember);
  assert.deepEqual(seen, ['{"name":"x.other.test"}']);
  target = 'elsewhere.test';
  const removed: string[] = [];
  const next = setUp(
    { remove: async ({ name }) => void removed.push(name) },
    { resolveName: async () => target },
  );
  await next.solver.cleanUp(ground.presented(all));
  assert.deepEqual(removed, ['x.other.test']);
});

test('clean-up without present takes the plain name; a trace that is no such thing says nothing', async () => {
  const removed: string[] = [];
  const { solver } = setUp({ remove: async ({ name }, trace) => void removed.push(`${name} ${trace}`) });
  for (const trace of [undefined, '', '{"name":1}', 'null'])
    await solver.cleanUp([{ ...challenge('a.test'), trace }]);
  assert.deepEqual(removed, Array(4).fill(`${nameOf('a.test')} undefined`));
});

test('the trace of the provider comes back to it', async () => {
  const { solver, removed, remember, presented } = setUp();
  await solver.present(BOTH, remember);
  await solver.cleanUp(presented(BOTH));
  assert.deepEqual(removed, Array(2).fill(`id of ${nameOf('a.test')}`));
});

test('after a failure nothing more is begun, and only what was begun is taken away', async () => {
  const all = Array.from({ length: 40 }, (_, index) => challenge(`n${index}.test`));
  const touched: string[] = [];
  const add: DnsProvider['add'] = async ({ name }) => {
    touched.push(name);
    if (touched.length === 3) throw refusal('no');
    await turn();
    return undefined;
  };
  const removed: string[] = [];
  const { solver, propagated, remember, presented } = setUp({
    add,
    remove: async ({ name }) => void removed.push(name),
  });
  await rejection(solver.present(all, remember), 'dns-provider');
  assert.ok(touched.length <= 8, `${touched.length}`);
  assert.deepEqual(propagated, []);
  await solver.cleanUp(presented(all));
  assert.deepEqual(removed.sort(), touched.sort());
});

test('what could not be added is no leftover when it is refused in the same words', async () => {
  const refuses = async (): Promise<undefined> => Promise.reject(refusal('wrong key'));
  const same = setUp({ add: refuses, remove: refuses });
  await rejection(same.solver.present(BOTH, same.remember), 'dns-provider');
  await same.solver.cleanUp(BOTH);
  const other = setUp({ add: refuses, remove: async () => Promise.reject(refusal('another')) });
  await rejection(other.solver.present(BOTH, other.remember), 'dns-provider');
  await rejection(other.solver.cleanUp(BOTH), 'dns-provider');
});

test('an add of which nobody knows how it ended is a leftover until it is removed', async () => {
  const silent = async (): Promise<undefined> => {
    throw new EvercertError('dns-provider', 'no answer', 'hint', new TypeError('timed out'));
  };
  const { solver, remember } = setUp({ add: silent, remove: silent });
  await rejection(solver.present(BOTH, remember), 'dns-provider');
  await rejection(solver.cleanUp(BOTH), 'dns-provider');
});

test('a name without a zone, and a provider without credentials, leave nothing', async () => {
  for (const code of ['dns-failed', 'credentials-missing'] as const) {
    const refuses = () => Promise.reject(new EvercertError(code, 'there is none', 'hint'));
    const { solver, remember } = setUp({ add: refuses, remove: refuses });
    await rejection(solver.present(BOTH, remember), code);
    await solver.cleanUp(BOTH);
  }
});

test('clean-up tries all, then tells what failed', async () => {
  const tried: string[] = [];
  const remove: DnsProvider['remove'] = async ({ name }) => {
    tried.push(name);
    if (name.includes('n1')) throw refusal(`cannot remove ${name}`);
  };
  const all = ['n1.test', 'n2.test', 'n11.test'].map((name) => challenge(name));
  const { message } = await rejection(setUp({ remove }).solver.cleanUp(all), 'dns-provider');
  assert.equal(tried.length, 3);
  assert.equal(message, 'cannot remove _acme-challenge.n1.test (and 1 more failed)');
});

test('an interruption: nothing is added, but all is taken away', async () => {
  const interrupted = new EvercertError('interrupted', 'stop', 'now');
  const controller = new AbortController();
  const { solver, held, remember, presented } = setUp(
    {},
    { signal: controller.signal, propagated: async () => controller.signal.throwIfAborted() },
  );
  await solver.present(BOTH, remember);
  controller.abort(interrupted);
  await solver.cleanUp(presented(BOTH));
  assert.equal(held.size, 0);
  await rejection(solver.present(BOTH, remember), 'interrupted');
  assert.equal(held.size, 0);
});
