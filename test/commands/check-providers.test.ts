import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, test } from 'node:test';
import { run } from '../cli/kit.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const { directory, remove } = scratchDirectory('check-providers');
after(remove);

const SHELL = { EVERCERT_CONFIG_DIR: directory };
const NOBODY = ['--server', 'https://127.0.0.1:1/', '-m', 'me@a.example', '--agree-tos'];
const certonly = (provider: string, env: Record<string, string>) =>
  run(['certonly', '-d', 'a.example', '--dns', provider, ...NOBODY], { env: { ...SHELL, ...env } });

test('without credentials nothing is begun', async () => {
  for (const provider of ['cloudflare', 'exec', 'nope']) {
    const { status, stdout, stderr } = await certonly(provider, {});
    assert.match(stderr, /needs api_token|needs path|no DNS provider nope/);
    assert.deepEqual([status, stdout], [2, '']);
  }
  assert.deepEqual(readdirSync(`${directory}/archive`), []);
});

test('credentials of this shell alone are told', async () => {
  const TOLD = /^a\.example: exec has its credentials from variables of this shell/m;
  const { stdout, stderr } = await certonly('exec', { EXEC_PATH: '/bin/true' });
  assert.match(stdout + stderr, TOLD);
  const { stderr: without, stdout: quiet } = await certonly('route53', {});
  assert.doesNotMatch(without + quiet, /variables of this shell/);
});
