import 'reflect-metadata';
import assert from 'node:assert/strict';
import { readlinkSync } from 'node:fs';
import { test } from 'node:test';
import { readProblem } from '../../src/acme/problem.ts';
import { scriptsOf, tellFailure } from '../../src/commands/dehydrated.ts';
import { switchTo } from '../../src/commands/deploy-live.ts';
import type { DeployWork } from '../../src/commands/work.ts';
import { createHooks } from '../../src/deploy/hooks.ts';
import { EvercertError } from '../../src/errors.ts';
import { challengeFailed } from '../../src/issuance/failures.ts';
import { readLineage } from '../../src/lineage/scan.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { issueChain } from '../unit-kit/chains.ts';
import { fakeClock } from '../unit-kit/clock.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';
import { NAME, publish, storeWith } from '../unit-kit/store.ts';

const issued = await issueChain(SETTINGS.names);
const SCRIPT = '/etc/hook.sh';

/** A store whose second version is not live yet; commands are noted, and fail when they hold one of `bad`. */
async function rig() {
  const paths = await storeWith(issued, '0001');
  await publish(paths, '0002', issued);
  const done: string[] = [];
  const bad = new Set<string>();
  const run = async (command: string) => {
    done.push(command.replaceAll(paths.root, ''));
    const ok = ![...bad].some((word) => command.includes(word));
    return { ok, outcome: ok ? 'exit 0' : 'exit 1', output: '', stdout: '', ms: 1 };
  };
  const signal = NEVER;
  const edges = {
    disk: systemDisk,
    lookUpGroup: async () => undefined,
    clock: fakeClock(),
    emit: () => undefined,
    signal,
  };
  const work: DeployWork = {
    paths,
    edges,
    hooks: createHooks({ ...edges, run, environment: {}, directory: paths.hooks, timeoutMs: 1000 }),
    verify: async () => [],
  };
  const settings = { ...SETTINGS, hooks: { deploy: 'mine', dehydrated: SCRIPT } };
  const lineage = () => readLineage(systemDisk, paths, NAME, settings);
  return { paths, work, done, bad, lineage };
}

const FILES = ['privkey', 'cert', 'fullchain', 'chain'];
const filesIn = (directory: string) => FILES.map((file) => `'${directory}/${file}.pem'`).join(' ');

test('a script sees the files before they are live, and is told once they are', async () => {
  const { work, done, lineage } = await rig();
  const { live, entries } = await switchTo(work, lineage(), '0002');
  const version = `/archive/${NAME}/0002`;
  const created = Math.floor(live.notBefore / 1000);
  assert.deepEqual(done, [
    `'${SCRIPT}' 'sync_cert' ${filesIn(version)} '${version}/meta.json'`,
    'mine',
    `'${SCRIPT}' 'deploy_cert' '${SETTINGS.names[0]}' ${filesIn(`/live/${NAME}`)} '${created}'`,
  ]);
  assert.deepEqual(
    entries.map(({ name, done: isDone }) => [name, isDone]),
    [
      ['mine', true],
      [`${SCRIPT} deploy_cert`, true],
    ],
  );
});

test('where sync_cert fails nothing goes live', async () => {
  const { work, done, bad, lineage, paths } = await rig();
  bad.add('sync_cert');
  const { message } = await rejection(switchTo(work, lineage(), '0002'), 'hook-failed');
  assert.equal(message, '/etc/hook.sh sync_cert: exit 1');
  assert.equal(done.length, 1);
  assert.equal(readlinkSync(`${paths.live}/${NAME}`), `../archive/${NAME}/0001`);
});

test('deploy_cert that failed is an entry of its own in the queue', async () => {
  const { work, bad, lineage } = await rig();
  bad.add('deploy_cert');
  const { entries } = await switchTo(work, lineage(), '0002');
  assert.deepEqual(
    entries.map(({ name, done, failures }) => [name, done, failures]),
    [
      ['mine', true, 0],
      [`${SCRIPT} deploy_cert`, undefined, 1],
    ],
  );
});

test('a script is told why there is no certificate', async () => {
  const { work, done, lineage } = await rig();
  const failed = [{ name: 'a.example', type: 'dns', detail: "it's gone" }];
  await tellFailure(work, lineage(), challengeFailed('ca.example', failed, 'hint'));
  const problem = readProblem(429, { type: 'urn:ietf:params:acme:error:rateLimited', detail: 'too many' });
  await tellFailure(work, lineage(), new EvercertError('acme-problem', 'refused', 'wait', problem));
  await tellFailure(work, lineage(), new EvercertError('disk-full', 'full', 'make room'));
  assert.deepEqual(done, [
    `'${SCRIPT}' 'invalid_challenge' 'a.example' 'dns: it'\\''s gone'`,
    `'${SCRIPT}' 'request_failure' '429' 'rateLimited: too many' 'post' ''`,
  ]);
});

test('the scripts of a lineage: those that prove its names, and the one that is told of certificates', () => {
  const prover = (hook: string) => ({ type: 'dehydrated', proof: 'dns-01', hook }) as const;
  const challengeByName = { 'b.example': prover('/b.sh'), 'c.example': prover('/a.sh') };
  const settings = {
    ...SETTINGS,
    challenge: prover('/a.sh'),
    challengeByName,
    hooks: { dehydrated: '/c.sh' },
  };
  assert.deepEqual(scriptsOf(settings), ['/a.sh', '/b.sh', '/c.sh']);
  assert.deepEqual(scriptsOf({ ...SETTINGS, hooks: { dehydrated: '/c.sh' } }), ['/c.sh']);
  assert.deepEqual(scriptsOf(SETTINGS), []);
});
