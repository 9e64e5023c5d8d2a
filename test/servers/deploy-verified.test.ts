import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { evercert, type RunResult } from '../support/evercert.ts';
import { startHaproxy } from '../support/rig/haproxy.ts';
import { startNginx } from '../support/rig/nginx.ts';
import { startPostfix } from '../support/rig/postfix.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, type Ground, shellCommand, succeeds } from './kit.ts';

const NAME = 'www.example.test';

/** A server with version 0001, where it listens for `--verify`, and the command that reloads it. */
interface Served {
  readonly target: string;
  readonly reload: string;
}

const SERVERS: Record<
  string,
  { needs: readonly string[]; start: (t: TestContext, g: Ground) => Promise<Served> }
> = {
  nginx: {
    needs: ['nginx'],
    start: async (t, ground) => {
      const combined = ground.live(NAME, 'combined.pem');
      const nginx = await during(t, startNginx({ tls: { certificate: combined, key: combined } }));
      return { target: `127.0.0.1:${nginx.tlsPort}`, reload: shellCommand(nginx.reloadCommand) };
    },
  },
  HAProxy: {
    needs: ['haproxy'],
    start: async (t, ground) => {
      const haproxy = await during(t, startHaproxy({ crt: ground.live(NAME, 'combined.pem') }));
      return { target: `127.0.0.1:${haproxy.tlsPort}`, reload: `kill -USR2 ${haproxy.pid}` };
    },
  },
  Postfix: {
    needs: ['postfix', 'root'],
    start: async (t, ground) => {
      const chain = `smtpd_tls_chain_files = ${ground.live(NAME, 'combined.pem')}`;
      // A second smtpd, begun while the first one is busy, would read the new file without a reload.
      const settings = [chain, 'smtpd_tls_security_level = may', 'default_process_limit = 1'];
      const postfix = await during(t, startPostfix({ settings }));
      const target = `127.0.0.1:${postfix.smtpPort},starttls=smtp`;
      return { target, reload: shellCommand(postfix.reloadCommand) };
    },
  },
};

const deploy = (ground: Ground): Promise<RunResult> => evercert(['deploy', '--config-dir', ground.configDir]);

interface State {
  readonly deployed?: string;
  readonly served?: boolean;
}

function stateOf({ configDir }: Ground): State {
  return JSON.parse(readFileSync(join(configDir, 'state', `${NAME}.json`), 'utf8'));
}

for (const [server, { needs, start }] of Object.entries(SERVERS)) {
  describe(`--verify with ${server}`, { skip: skipWithout(['pebble', ...needs] as never) }, () => {
    test('a renewal that no hook brings to the server is not deployed, until one does', async (t) => {
      const ground = await breakGround(t);
      await succeeds(ground.certonly(NAME, ground.standalone));
      const { target, reload } = await start(t, ground);
      const gate = join(ground.scratch, 'gate');
      const hook = `test -e '${gate}' || exit 0; ${reload}`;
      const verify = ['--verify', `${target},sni=${NAME},within=2s`, '--reload-hook', hook];
      const first = await ground.certonly(NAME, [...ground.standalone, ...verify, '--force-renewal']);
      assert.equal(first.status, 1);
      assert.match(first.stderr, /failed: not served by 127\.0\.0\.1/);
      assert.deepEqual([stateOf(ground).deployed, stateOf(ground).served], ['0001', false]);
      writeFileSync(gate, '');
      const second = await succeeds(deploy(ground));
      assert.match(second.stdout, new RegExp(`${NAME}: served by 127`));
      assert.deepEqual([stateOf(ground).deployed, stateOf(ground).served], ['0002', true]);
      const third = await succeeds(ground.renew(['--force-renewal']));
      assert.match(third.stdout, /served by 127[\s\S]*1 renewed/);
      assert.equal(stateOf(ground).deployed, '0003');
    });
  });
}

describe('a deploy hook', { skip: skipWithout(['pebble']) }, () => {
  test('that fails five times and then works: one order, and retried by every renew whose time has come', async (t) => {
    const ground = await breakGround(t);
    const tries = join(ground.scratch, 'tries');
    const hook = `echo x >> '${tries}'; test $(wc -l < '${tries}') -gt 5`;
    const first = await ground.certonly(NAME, [...ground.standalone, '--deploy-hook', hook]);
    assert.equal(first.status, 1);
    const waiting = await ground.renew();
    assert.equal(waiting.status, 1);
    assert.match(waiting.stderr, /waiting to deploy again until .* after 1 failure/);
    for (const attempt of [2, 3, 4, 5]) {
      letTimePass(ground);
      const { status, stderr } = await ground.renew();
      assert.equal(status, 1, stderr);
      assert.equal(readFileSync(tries, 'utf8').split('\n').length - 1, attempt);
    }
    letTimePass(ground);
    const last = await succeeds(ground.renew());
    assert.match(last.stdout, /deploying again[\s\S]*1 deployed again/);
    assert.deepEqual(ground.list('archive', NAME), ['0001']);
    assert.equal(stateOf(ground).deployed, '0001');
    assert.equal(existsSync(join(ground.configDir, 'archive', NAME, '.pending')), false);
    await succeeds(ground.renew());
  });
});

/** All waits are over. */
function letTimePass({ configDir }: Ground): void {
  const path = join(configDir, 'state', `${NAME}.json`);
  writeFileSync(path, readFileSync(path, 'utf8').replaceAll(/"nextAt":\d+/g, '"nextAt":0'));
}
