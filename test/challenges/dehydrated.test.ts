import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dehydratedSolver } from '../../src/challenges/dehydrated.ts';
import { createRunShell } from '../../src/system/process.ts';
import { challengeFor, presentAll, scriptedRuns } from '../unit-kit/challenge-hooks.ts';
import { NEVER, rejection } from '../unit-kit/expect.ts';

const HTTP = { proof: 'http-01', hook: '/etc/hook.sh' } as const;
const A = challengeFor('a.example', 'a');
const B = challengeFor('b.example', 'b');
const A_WORDS = "'a.example' 'a-token' 'a-token.thumbprint'";
const B_WORDS = "'b.example' 'b-token' 'b-token.thumbprint'";

test('one call for each challenge, with its triple', async () => {
  const { runs, calls } = scriptedRuns();
  const solver = dehydratedSolver(HTTP, runs);
  await solver.cleanUp((await presentAll(solver, [A, B])).presented);
  assert.deepEqual(
    calls.map(({ kind, name, command }) => [kind, name, command]),
    [
      ['auth', '/etc/hook.sh deploy_challenge', `'/etc/hook.sh' 'deploy_challenge' ${A_WORDS}`],
      ['auth', '/etc/hook.sh deploy_challenge', `'/etc/hook.sh' 'deploy_challenge' ${B_WORDS}`],
      ['cleanup', '/etc/hook.sh clean_challenge', `'/etc/hook.sh' 'clean_challenge' ${A_WORDS}`],
      ['cleanup', '/etc/hook.sh clean_challenge', `'/etc/hook.sh' 'clean_challenge' ${B_WORDS}`],
    ],
  );
  assert.deepEqual(calls[0]?.variables, { CHALLENGETYPE: 'http-01' });
});

test('HOOK_CHAIN: all triples in one call', async () => {
  const { runs, calls } = scriptedRuns();
  const solver = dehydratedSolver({ ...HTTP, chain: true }, runs);
  await solver.cleanUp((await presentAll(solver, [A, B])).presented);
  assert.deepEqual(
    calls.map(({ about, command }) => [about, command]),
    [
      ['a.example, b.example', `'/etc/hook.sh' 'deploy_challenge' ${A_WORDS} ${B_WORDS}`],
      ['a.example, b.example', `'/etc/hook.sh' 'clean_challenge' ${A_WORDS} ${B_WORDS}`],
    ],
  );
});

test('dns-01: the value is the content of the TXT record', async () => {
  const { runs, calls } = scriptedRuns();
  await presentAll(dehydratedSolver({ ...HTTP, proof: 'dns-01' }, runs), [A]);
  const digest = '5ifwqlaUeer-YKhl4UApDUa1pkt7t0bUb4w_icCw9JQ';
  assert.equal(calls[0]?.command, `'/etc/hook.sh' 'deploy_challenge' 'a.example' 'a-token' '${digest}'`);
});

for (const chain of [false, true]) {
  test(`a script that fails stops the order; what was begun is cleaned up (chain: ${chain})`, async () => {
    const { runs, calls } = scriptedRuns(({ kind }) => ({ ok: kind === 'cleanup', outcome: 'exit 1' }));
    const solver = dehydratedSolver({ ...HTTP, chain }, runs);
    const { error, presented } = await presentAll(solver, [A, B]);
    await rejection(Promise.reject(error), 'hook-failed');
    await solver.cleanUp(presented);
    const words = chain ? `${A_WORDS} ${B_WORDS}` : A_WORDS;
    assert.deepEqual(
      calls.map(({ command }) => command),
      [`'/etc/hook.sh' 'deploy_challenge' ${words}`, `'/etc/hook.sh' 'clean_challenge' ${words}`],
    );
  });

  test(`nothing begun, nothing to clean up (chain: ${chain})`, async () => {
    const { runs, calls } = scriptedRuns();
    await dehydratedSolver({ ...HTTP, chain }, runs).cleanUp([A, B]);
    assert.deepEqual(calls, []);
  });
}

test('the shell takes each word as it is', async () => {
  const { runs, calls } = scriptedRuns();
  await presentAll(dehydratedSolver({ ...HTTP, hook: `/x/it's a "$HOME".sh` }, runs), [A]);
  const { output } = await createRunShell(0o022)(`printf '%s|' ${calls[0]?.command}`, {}, 10_000, NEVER);
  assert.equal(output, `/x/it's a "$HOME".sh|deploy_challenge|a.example|a-token|a-token.thumbprint|`);
});
