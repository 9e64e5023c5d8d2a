import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import type { Challenge, PresentedChallenge, Solver } from '../../src/challenges/solver.ts';
import { cleanLeftovers } from '../../src/commands/clean-leftovers.ts';
import { journalled } from '../../src/commands/journalled.ts';
import type { SolverEdges } from '../../src/commands/solvers.ts';
import { EvercertError } from '../../src/errors.ts';
import type { Event } from '../../src/events.ts';
import { listPresented, readPresented, recordPresented } from '../../src/lineage/presented.ts';
import type { ChallengeSettings } from '../../src/lineage/settings.ts';
import { systemDisk as disk } from '../../src/system/disk.ts';
import { rejection } from '../unit-kit/expect.ts';
import { emptyStore } from '../unit-kit/store.ts';

const SETTINGS: ChallengeSettings = { type: 'dns', provider: 'exec', credentials: '/nowhere' };
const OTHERS: ChallengeSettings = { type: 'dns', provider: 'httpreq' };
const none = async () => undefined;

function challenge(token: string): Challenge {
  return {
    name: 'a.test',
    isWildcard: false,
    token,
    keyAuthorization: `${token}.x`,
    accountUrl: 'https://c.test/1',
  };
}

function stand(cleanUp: Solver['cleanUp'], settings = SETTINGS, paths = emptyStore()) {
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const present: Solver['present'] = async (challenges, remember) => {
    for (const each of challenges) await remember(each, `trace of ${each.token}`);
  };
  const inner: Solver = { type: 'dns-01', leavesTraces: true, present, cleanUp };
  const solver = journalled({ disk, emit }, paths, { lineage: 'a', index: 0, count: 1 }, settings, inner);
  const onRecord = () =>
    listPresented(disk, paths).flatMap((id) =>
      readPresented(disk, paths, id).challenges.map(({ token, trace }) => `${id} ${token} ${trace}`),
    );
  return { solver, onRecord, events, paths };
}

const refuses: Solver['cleanUp'] = async () => {
  throw new EvercertError('dns-provider', 'not now', 'later');
};

test('what could not be cleaned up stays on record beside what comes next', async () => {
  const { solver, onRecord, paths } = stand(refuses);
  await solver.present([challenge('one')], none);
  await solver.cleanUp([challenge('one')]);
  await solver.present([challenge('two')], none);
  assert.deepEqual(onRecord(), ['a.0 one trace of one', 'a.0 two trace of two']);
  const later = stand(none, SETTINGS, paths);
  await later.solver.present([challenge('two')], none);
  await later.solver.cleanUp([challenge('two')]);
  assert.deepEqual(onRecord(), ['a.0 one trace of one']);
});

test('what other settings left is not touched', async () => {
  const { solver, onRecord, paths } = stand(refuses);
  await solver.present([challenge('one')], none);
  const other = stand(none, OTHERS, paths);
  await other.solver.present([challenge('two')], none);
  assert.deepEqual(onRecord(), ['a.0 one trace of one', 'a.1 two trace of two']);
  await other.solver.cleanUp([challenge('two')]);
  assert.deepEqual(onRecord(), ['a.0 one trace of one']);
});

test('a record that cannot be read is left, and stands in nobody’s way', async () => {
  const { solver, paths } = stand(none);
  await solver.present([challenge('one')], none);
  writeFileSync(`${paths.challenges}/a.0.json`, '{"torn');
  await solver.present([challenge('two')], none);
  assert.deepEqual(listPresented(disk, paths), ['a.0', 'a.1']);
  await solver.cleanUp([challenge('two')]);
  assert.deepEqual(listPresented(disk, paths), ['a.0']);
});

test('a clean-up that stumbles is told, whatever it throws, with the file that gives it up', async () => {
  const { solver, events, paths } = stand(async () => {
    throw new TypeError('a bug');
  });
  await solver.cleanUp([challenge('one')]);
  await solver.present([challenge('one')], none);
  await solver.cleanUp([challenge('one')]);
  const [, last] = events;
  assert.ok(last?.type === 'warning' && last.code === 'cleanup-failed');
  assert.match(last.detail, /a bug/);
  assert.ok(last.detail.includes(`${paths.challenges}/a.0.json`), last.detail);
});

test('leftovers that nothing can clean up hold up no run', async () => {
  const { paths, events } = stand(none);
  const emit = (event: Event) => void events.push(event);
  const broken = { disk, emit, packages: () => Promise.reject(new TypeError('a bug')) };
  const challenges: PresentedChallenge[] = [challenge('one')];
  await recordPresented(disk, paths, 'a.0', { version: 1, lineage: 'a', settings: SETTINGS, challenges });
  await cleanLeftovers(broken as unknown as SolverEdges, paths);
  const [first] = events;
  assert.ok(first?.type === 'warning' && first.code === 'cleanup-failed');
  assert.ok(first.detail.includes(`${paths.challenges}/a.0.json`), first.detail);
});

test('a present that cannot be recorded presents nothing', async () => {
  const { solver, paths } = stand(none);
  writeFileSync(paths.challenges, 'no directory');
  await rejection(solver.present([challenge('one')], none), 'store-access');
});
