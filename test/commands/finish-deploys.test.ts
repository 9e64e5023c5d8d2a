import 'reflect-metadata';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deployLive } from '../../src/commands/deploy-live.ts';
import { finishDeploys } from '../../src/commands/finish-deploys.ts';
import type { DeployWork } from '../../src/commands/work.ts';
import { createHooks } from '../../src/deploy/hooks.ts';
import { EvercertError } from '../../src/errors.ts';
import type { Event } from '../../src/events.ts';
import { pendingPath, type StorePaths, statePath } from '../../src/lineage/paths.ts';
import { createPending } from '../../src/lineage/pending.ts';
import { type Lineage, readLineage } from '../../src/lineage/scan.ts';
import type { Settings } from '../../src/lineage/settings.ts';
import { type State, writeState } from '../../src/lineage/state.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { issueChain } from '../unit-kit/chains.ts';
import { fakeClock, NOW } from '../unit-kit/clock.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { NAME, storeWith } from '../unit-kit/store.ts';

const issued = await issueChain(SETTINGS.names);

/** A store with one live version, and what is done there: commands, `?TARGET` for a glance, `!TARGET` for a check. */
async function rig(settings: Partial<Settings>) {
  const paths = await storeWith(issued, '0001');
  const done: string[] = [];
  const bad = new Set<string>();
  const events: Event[] = [];
  const controller = new AbortController();
  const disk = { isFull: false };
  const replaceFile: typeof systemDisk.replaceFile = async (...file) => {
    if (disk.isFull) throw new EvercertError('disk-full', 'no space left', 'make some');
    return systemDisk.replaceFile(...file);
  };
  const work: DeployWork = {
    paths,
    edges: {
      disk: { ...systemDisk, replaceFile },
      lookUpGroup: async () => undefined,
      clock: fakeClock(),
      emit: (event: Event) => events.push(event),
      signal: controller.signal,
    },
    hooks: createHooks({
      disk: systemDisk,
      run: async (command) => {
        done.push(command);
        if (command === 'signal') controller.abort(new EvercertError('interrupted', 'stop', 'go on'));
        const ok = !bad.has(command) && command !== 'signal';
        return { ok, outcome: ok ? 'exit 0' : 'exit 1', output: '', stdout: '', ms: 1 };
      },
      emit: (event) => events.push(event),
      signal: controller.signal,
      environment: {},
      directory: paths.hooks,
      timeoutMs: 1000,
    }),
    verify: async (checks, patience) => {
      const asked = checks.map(({ target }) => `${patience === 'once' ? '?' : '!'}${target}`);
      done.push(...asked);
      return asked.map((each) => ({ ok: !bad.has(each), outcome: 'another certificate' }));
    },
  };
  const lineage = (): Lineage => readLineage(systemDisk, paths, NAME, { ...SETTINGS, ...settings });
  /** One run for this lineage: what was done, and the error it ended with. */
  const run = async (again = false) => {
    done.length = 0;
    const rollout = await deployLive(work, lineage(), '0001', again);
    const failures = await finishDeploys(work, [rollout]);
    return { done: [...done], error: failures.get(NAME), state: stateOf(paths) };
  };
  // What was never written counts as deployed.
  await writeState(systemDisk, paths, NAME, { version: 1 });
  return { paths, work, disk, run, bad, events, lineage };
}

function stateOf(paths: StorePaths): State {
  return JSON.parse(readFileSync(statePath(paths, NAME), 'utf8'));
}

const open = ({ queue }: State) =>
  (queue?.entries ?? []).filter(({ done }) => done !== true).map(({ name }) => name);
const ALL = { hooks: { deploy: 'deploy', reload: 'reload' }, verify: ['a:443', 'b:443'] };

test('without hooks and checks a version is deployed at once', async () => {
  const { run } = await rig({});
  const { done, error, state } = await run();
  assert.deepEqual([done, error, state.deployed, state.queue], [[], undefined, '0001', undefined]);
});

test('the order: deploy hooks, reload, checks; then it is deployed', async () => {
  const { run, events } = await rig(ALL);
  const { done, error, state } = await run();
  assert.deepEqual(done, ['deploy', 'reload', '!a:443', '!b:443']);
  assert.deepEqual([error, state.deployed, state.queue], [undefined, '0001', undefined]);
  const served = events.flatMap((event) => (event.type === 'served' ? [[event.target, event.ok]] : []));
  assert.deepEqual(served, [
    ['a:443', true],
    ['b:443', true],
  ]);
});

test('before the first hook runs the disk knows what is to be done', async () => {
  const { work, run, paths } = await rig(ALL);
  let known: State | undefined;
  const { deploy } = work.hooks;
  Object.assign(work.hooks, {
    deploy: (...words: Parameters<typeof deploy>) => {
      known = stateOf(paths);
      return deploy(...words);
    },
  });
  await run();
  assert.ok(known);
  assert.deepEqual([known.live?.version, known.deployed], ['0001', undefined]);
  assert.deepEqual(open(known), ['deploy', 'reload', 'a:443', 'b:443']);
});

test('after a deploy hook that failed the reload runs, but counts for nothing, and nothing is checked', async () => {
  const { run, bad } = await rig(ALL);
  bad.add('deploy');
  const first = await run();
  assert.deepEqual(first.done, ['deploy', 'reload']);
  assert.equal(first.error?.message, 'deploy hook: deploy');
  assert.match(first.error?.hint ?? '', /evercert deploy --cert-name a\.example$/);
  assert.deepEqual(open(first.state), ['deploy', 'reload', 'a:443', 'b:443']);
  assert.equal(first.state.queue?.entries[0]?.nextAt, NOW + 60_000);
  bad.clear();
  const second = await run();
  assert.deepEqual(second.done, ['deploy', 'reload', '!a:443', '!b:443']);
  assert.equal(second.state.deployed, '0001');
});

test('a reload that failed is run again alone', async () => {
  const { run, bad } = await rig(ALL);
  bad.add('reload');
  const { done, error } = await run();
  assert.deepEqual([done, error?.message], [['deploy', 'reload'], 'reload hook: reload']);
  bad.clear();
  assert.deepEqual((await run()).done, ['reload', '!a:443', '!b:443']);
});

test('not served: a later glance is enough if it is served by then', async () => {
  const { run, bad } = await rig(ALL);
  bad.add('!b:443');
  const { error, state } = await run();
  assert.deepEqual([error?.code, error?.message], ['not-served', 'not served by b:443: another certificate']);
  assert.deepEqual(open(state), ['b:443']);
  const again = await run();
  assert.deepEqual([again.done, again.error, again.state.deployed], [['?b:443'], undefined, '0001']);
});

test('still not served: all hooks run once more, and all is checked', async () => {
  const { run, bad } = await rig(ALL);
  for (const each of ['!b:443', '?b:443']) bad.add(each);
  await run();
  const { done, state } = await run();
  assert.deepEqual(done, ['?b:443', 'deploy', 'reload', '!a:443', '!b:443']);
  assert.deepEqual(open(state), ['b:443']);
  assert.equal(state.queue?.entries.at(-1)?.failures, 2);
});

test('what a signal ended, or kept from being run, has not failed', async () => {
  const { run, paths } = await rig({ hooks: { deploy: 'signal', reload: 'reload' }, verify: ['a:443'] });
  const { done, error } = await run();
  assert.deepEqual([done, error?.code], [['signal'], 'interrupted']);
  const { queue } = stateOf(paths);
  assert.deepEqual(
    queue?.entries.map(({ failures, nextAt }) => [failures, nextAt]),
    [1, 2, 3].map(() => [0, undefined]),
  );
});

test('again: what is deployed is open until all of it has run once more', async () => {
  const { run, bad } = await rig(ALL);
  assert.equal((await run()).state.deployed, '0001');
  assert.deepEqual((await run()).done, []);
  bad.add('deploy');
  const { done, state } = await run(true);
  assert.deepEqual([done, state.deployed], [['deploy', 'reload'], undefined]);
});

test('a hook that was taken away is forgotten', async () => {
  const { run, bad, work, lineage } = await rig(ALL);
  bad.add('deploy');
  await run();
  const without = { ...lineage(), settings: SETTINGS };
  await finishDeploys(work, [await deployLive(work, without, '0001', false)]);
  assert.equal(stateOf(work.paths).deployed, '0001');
});

test('state that tells of another certificate of this number says nothing of this one', async () => {
  const { run, paths } = await rig(ALL);
  const { live } = (await run()).state;
  assert.ok(live);
  const other = { ...live, stamps: [], notAfter: live.notAfter - 1 };
  await writeState(systemDisk, paths, NAME, { version: 1, live: other, deployed: '0001' });
  assert.deepEqual((await run()).done, ['deploy', 'reload', '!a:443', '!b:443']);
});

test('other things that state remembers stay', async () => {
  const { run, bad, paths } = await rig(ALL);
  bad.add('deploy');
  const { state: known } = await run();
  const renewalInfo = { version: '0001', nextPollAt: 8 };
  await writeState(systemDisk, paths, NAME, { ...known, lastSuccessAt: 7, renewalInfo });
  bad.clear();
  const { state } = await run();
  assert.deepEqual([state.deployed, state.lastSuccessAt, state.renewalInfo?.nextPollAt], ['0001', 7, 8]);
});

test('a version that has just gone live ends what was remembered of the time before', async () => {
  const { run, paths } = await rig(ALL);
  const failure = { server: '', kind: 'local', code: 'disk-full', message: '', count: 1 } as const;
  await writeState(systemDisk, paths, NAME, {
    version: 1,
    lastSuccessAt: 7,
    renewalInfo: { version: '0001', nextPollAt: 8 },
    failures: [{ ...failure, firstAt: 1, lastAt: 1, nextAt: 2 }],
  });
  const { state } = await run();
  assert.deepEqual([state.lastSuccessAt, state.renewalInfo, state.failures], [NOW, undefined, undefined]);
});

test('a state that cannot be written is an error, but holds up no hook; the renewal stays under way', async () => {
  const { run, paths, disk } = await rig(ALL);
  const { server, names, key } = SETTINGS;
  const order = { version: 1 as const, server, names, key, createdAt: 0 };
  await createPending(systemDisk, paths, NAME, issued.keyPem, { ...order, target: '0001' });
  disk.isFull = true;
  const { done, error } = await run();
  assert.deepEqual([done, error?.code], [['deploy', 'reload', '!a:443', '!b:443'], 'disk-full']);
  assert.ok(systemDisk.exists(pendingPath(paths, NAME)));
  disk.isFull = false;
  assert.equal((await run()).state.deployed, '0001');
  assert.equal(systemDisk.exists(pendingPath(paths, NAME)), false);
});

test('several lineages: one command once, for those that want it', async () => {
  const { work, lineage } = await rig(ALL);
  const told: string[][] = [];
  Object.assign(work.hooks, {
    reload: async ({ name }: { name: string }, deployments: readonly { lineage: string }[]) => {
      told.push([name, ...deployments.map((each) => each.lineage)]);
      return { ok: true, outcome: 'exit 0' };
    },
  });
  const rollout = await deployLive(work, lineage(), '0001', false);
  const named = (name: string, reload: string) => ({
    ...rollout,
    lineage: { ...rollout.lineage, name },
    deployment: { ...rollout.deployment, lineage: name },
    hooks: { ...rollout.hooks, reload: [{ name: reload, command: reload }] },
    entries: [{ kind: 'reload' as const, name: reload, failures: 0 }],
  });
  const failures = await finishDeploys(work, [named('a', 'one'), named('b', 'two'), named('c', 'one')]);
  assert.deepEqual(told, [
    ['one', 'a', 'c'],
    ['two', 'b'],
  ]);
  assert.deepEqual([...failures.keys()], ['a', 'b', 'c']);
});
