import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createHookRuns } from '../../src/commands/hook-runs.ts';
import type { Event } from '../../src/events.ts';
import { createRunShell } from '../../src/system/process.ts';
import { fakeClock } from '../unit-kit/clock.ts';
import { NEVER } from '../unit-kit/expect.ts';

function rig(environment: Readonly<Record<string, string>>, timeoutMs = 20_000) {
  const events: Event[] = [];
  const emit = (event: Event) => void events.push(event);
  const edges = { runShell: createRunShell(0o022), emit, clock: fakeClock(), signal: NEVER, environment };
  const runs = createHookRuns(edges, timeoutMs);
  const run = (command: string, variables = {}) =>
    runs.run({ kind: 'auth', name: 'mine', about: 'a.example', command, variables }, NEVER);
  return { events, run };
}

test('a hook has our environment without what is secret, and of certbot what it is told', async () => {
  const environment = {
    PATH: '/usr/bin:/bin',
    MINE: 'a b',
    EVERCERT_EAB_HMAC_KEY: 'secret',
    CERTBOT_TOKEN: 'of another',
    CERTBOT_AUTH_OUTPUT: 'of another',
  };
  const { run } = rig(environment);
  const { stdout } = await run('echo "$MINE $PATH"; env | grep -e CERTBOT -e HMAC', { CERTBOT_DOMAIN: 'x' });
  assert.equal(
    stdout,
    'a b /usr/bin:/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/sbin\nCERTBOT_DOMAIN=x\n',
  );
});

test('it is told with all that it wrote, and ended when its time is up', async () => {
  const { run, events } = rig({ PATH: '/usr/bin:/bin' }, 100);
  assert.equal((await run('echo out; echo err >&2; exec sleep 60')).outcome, 'timed out after 0.1 s');
  const [event] = events;
  assert.ok(event?.type === 'hook');
  const { ms, ...told } = event;
  assert.ok(ms >= 100);
  const outcome = 'timed out after 0.1 s';
  assert.deepEqual(told, {
    type: 'hook',
    kind: 'auth',
    name: 'mine',
    ok: false,
    outcome,
    output: 'out\nerr\n',
  });
});
