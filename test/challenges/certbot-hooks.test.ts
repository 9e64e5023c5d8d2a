import assert from 'node:assert/strict';
import { test } from 'node:test';
import { certbotHooksSolver } from '../../src/challenges/certbot-hooks.ts';
import { EvercertError } from '../../src/errors.ts';
import { challengeFor, presentAll, scriptedRuns } from '../unit-kit/challenge-hooks.ts';
import { rejection } from '../unit-kit/expect.ts';

const HOOKS = { proof: 'dns-01', auth: 'auth', cleanup: 'cleanup' } as const;
const BASE = challengeFor('a.example', 'base');
/** As the CA has it: without the "*.". */
const WILDCARD = { ...challengeFor('a.example', 'wild'), isWildcard: true };
const OTHER = challengeFor('b.example', 'other');
const ALL = [BASE, WILDCARD, OTHER];
/** SHA-256 of 'base-token.thumbprint', base64url. */
const BASE_DIGEST = 'qy50u7B67No60V2MprVujftaLdq1hG1dGcwmqfp3e9E';

/** What certbot documents for its manual plugin: variable, http-01, dns-01; of the first of three challenges. */
const VARIABLES: readonly (readonly [string, string | undefined, string | undefined])[] = [
  ['CERTBOT_DOMAIN', 'a.example', 'a.example'],
  ['CERTBOT_IDENTIFIER', 'a.example', 'a.example'],
  ['CERTBOT_ALL_DOMAINS', 'a.example,a.example,b.example', 'a.example,a.example,b.example'],
  ['CERTBOT_ALL_IDENTIFIERS', 'a.example,a.example,b.example', 'a.example,a.example,b.example'],
  ['CERTBOT_VALIDATION', 'base-token.thumbprint', BASE_DIGEST],
  ['CERTBOT_TOKEN', 'base-token', undefined],
  ['CERTBOT_REMAINING_CHALLENGES', '2', '2'],
];

for (const [index, proof] of (['http-01', 'dns-01'] as const).entries()) {
  test(`${proof}: the auth hook has certbot's variables, and no others`, async () => {
    const { runs, calls } = scriptedRuns();
    await presentAll(certbotHooksSolver({ ...HOOKS, proof }, runs), ALL);
    const expected = VARIABLES.map((row) => [row[0], row[1 + index]]).filter(
      ([, value]) => value !== undefined,
    );
    assert.deepEqual(Object.entries(calls[0]?.variables ?? {}).sort(), expected.sort());
  });

  test(`${proof}: the cleanup hook has the same, and what the auth hook wrote`, async () => {
    const { runs, calls } = scriptedRuns(() => ({ stdout: ' \n id\0 17 \n\n', output: 'noise' }));
    const solver = certbotHooksSolver({ ...HOOKS, proof }, runs);
    const { presented } = await presentAll(solver, ALL);
    await solver.cleanUp(presented);
    assert.deepEqual(
      calls.map(({ kind, command, about }) => `${kind} ${command} ${about}`),
      ['auth', 'cleanup'].flatMap((kind) => ALL.map(({ name }) => `${kind} ${kind} ${name}`)),
    );
    for (const [place, { variables }] of calls.slice(3).entries())
      assert.deepEqual(variables, { ...calls[place]?.variables, CERTBOT_AUTH_OUTPUT: 'id 17' });
  });
}

test('one hook after the other, and what remains is counted down', async () => {
  const { runs, calls } = scriptedRuns();
  await presentAll(certbotHooksSolver(HOOKS, runs), ALL);
  assert.deepEqual(
    calls.map(({ variables }) => variables.CERTBOT_REMAINING_CHALLENGES),
    ['2', '1', '0'],
  );
  assert.notEqual(calls[0]?.variables.CERTBOT_VALIDATION, calls[1]?.variables.CERTBOT_VALIDATION);
});

test('a failing auth hook stops the order; those that were begun are cleaned up', async () => {
  const { runs, calls } = scriptedRuns(({ kind, variables }) =>
    kind === 'auth' && variables.CERTBOT_REMAINING_CHALLENGES === '1'
      ? { ok: false, outcome: 'exit 3', output: 'one\n\x1b[31mtwo\r\n\n', stdout: 'half' }
      : { stdout: 'whole' },
  );
  const solver = certbotHooksSolver(HOOKS, runs);
  const { error, presented } = await presentAll(solver, ALL);
  assert.ok(error instanceof EvercertError);
  assert.deepEqual([error.code, error.message], ['hook-failed', 'auth hook for a.example: exit 3']);
  assert.deepEqual(error.details, ['one', '[31mtwo']);
  await solver.cleanUp(presented);
  assert.deepEqual(
    calls.map(({ kind, variables }) => [kind, variables.CERTBOT_AUTH_OUTPUT]),
    [
      ['auth', undefined],
      ['auth', undefined],
      ['cleanup', 'whole'],
      ['cleanup', 'half'],
    ],
  );
});

test('what a killed run had begun is cleaned up, without an output where there is none yet', async () => {
  const { runs, calls } = scriptedRuns();
  const left = [{ ...BASE, trace: 'id 1' }, { ...WILDCARD, trace: '' }, OTHER];
  await certbotHooksSolver(HOOKS, runs).cleanUp(left);
  assert.deepEqual(
    calls.map(({ variables }) => [variables.CERTBOT_AUTH_OUTPUT, variables.CERTBOT_REMAINING_CHALLENGES]),
    [
      ['id 1', '2'],
      ['', '1'],
    ],
  );
});

test('a hook is on record before it runs', async () => {
  const order: string[] = [];
  const { runs } = scriptedRuns(({ kind }) => {
    order.push(kind);
    return { stdout: 'said' };
  });
  await certbotHooksSolver(HOOKS, runs).present(
    [BASE],
    async (_, trace) => void order.push(`remember ${trace}`),
  );
  assert.deepEqual(order, ['remember ', 'auth', 'remember said']);
});

test('a cleanup hook that fails keeps no other from being run, and is told', async () => {
  const { runs, calls } = scriptedRuns(({ about }) => ({ ok: about !== 'a.example', outcome: 'exit 1' }));
  const left = ALL.map((challenge) => ({ ...challenge, trace: '' }));
  const { message } = await rejection(certbotHooksSolver(HOOKS, runs).cleanUp(left), 'hook-failed');
  assert.equal(message, 'cleanup hook for a.example: exit 1; a.example: exit 1');
  assert.equal(calls.length, 3);
});

test('without a cleanup hook nothing is left to take away', async () => {
  const { runs, calls } = scriptedRuns();
  const solver = certbotHooksSolver({ proof: 'dns-01', auth: 'auth' }, runs);
  assert.equal(solver.leavesTraces, false);
  await solver.cleanUp([{ ...BASE, trace: '' }]);
  assert.deepEqual(calls, []);
});

test('an interrupted run begins no further hook, and cleans up with a signal of its own', async () => {
  const rig = scriptedRuns(({ kind }, signal) => {
    if (kind === 'auth') rig.interrupt();
    return { ok: kind === 'cleanup' && !signal.aborted, outcome: 'interrupted' };
  });
  const solver = certbotHooksSolver(HOOKS, rig.runs);
  const { error, presented } = await presentAll(solver, ALL);
  assert.equal(error instanceof EvercertError && error.code, 'interrupted');
  await solver.cleanUp(presented);
  assert.deepEqual(
    rig.calls.map(({ kind }) => kind),
    ['auth', 'cleanup'],
  );
});

test('the clean-up of an interrupted run does not last for ever', async () => {
  const waits: number[] = [];
  const rig = scriptedRuns((_, signal) => ({ ok: !signal.aborted, outcome: 'interrupted' }));
  const runs = { ...rig.runs, clock: { sleep: async (ms: number) => void waits.push(ms) } };
  rig.interrupt();
  const left = ALL.map((challenge) => ({ ...challenge, trace: '' }));
  await rejection(certbotHooksSolver(HOOKS, runs).cleanUp(left), 'hook-failed');
  assert.deepEqual(waits, [20_000]);
  assert.equal(rig.signals.at(-1)?.aborted, true);
});

test('hooks of two orders do not run among each other', async () => {
  const { runs, calls } = scriptedRuns();
  const solver = certbotHooksSolver(HOOKS, runs);
  await Promise.all([presentAll(solver, [BASE, WILDCARD]), presentAll(solver, [OTHER, OTHER])]);
  assert.deepEqual(
    calls.map(({ about }) => about),
    ['a.example', 'a.example', 'b.example', 'b.example'],
  );
});
