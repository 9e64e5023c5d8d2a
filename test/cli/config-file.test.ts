import assert from 'node:assert/strict';
import { chmodSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type Bench, createBench, fails, objects, run, type Store, succeeds } from './kit.ts';

let bench: Bench;
before(async () => {
  bench = await createBench();
});
after(() => bench.close());

function configure(store: Store, config: unknown, mode = 0o600): string {
  const path = store.path('config.json');
  writeFileSync(path, JSON.stringify(config));
  chmodSync(path, mode);
  return path;
}

describe('config.json', { concurrency: 4 }, () => {
  test('its flags count as typed; the command line is stronger', async () => {
    const store = await bench.seeded('a.example.org');
    configure(store, { 'keep-versions': 7, certonly: { 'key-type': 'rsa' } });
    succeeds(await store.certonly('a.example.org'));
    assert.equal(store.settings('a.example.org').keepVersions, 7);
    assert.deepEqual(store.settings('a.example.org').key, { type: 'rsa', bits: 2048 });
    succeeds(await store.certonly('a.example.org', ['--keep-versions', '2']));
    assert.equal(store.settings('a.example.org').keepVersions, 2);
  });

  test('a hook for renew runs', async () => {
    const store = await bench.seeded('a.example.org');
    const touched = join(store.scratch, 'touched');
    configure(store, { renew: { 'deploy-hook': `touch ${touched}` } });
    succeeds(await store.renew(['--force-renewal']));
    assert.ok(existsSync(touched));
  });

  test('quiet for renew alone', async () => {
    const store = await bench.seeded('a.example.org');
    configure(store, { renew: { quiet: true } });
    assert.equal(succeeds(await store.renew()).stdout, '');
    assert.match(succeeds(await store.renew(['--verbose'])).stdout, /not due|unchanged/);
    assert.match(succeeds(await store.certificates()).stdout, /valid/);
  });

  test('a file that others can write is not obeyed: exit 2, and nothing was run', async () => {
    const store = await bench.seeded('a.example.org');
    const touched = join(store.scratch, 'touched');
    const path = configure(store, { 'pre-hook': `touch ${touched}` }, 0o666);
    const result = fails(await store.renew(['--force-renewal']), 2, /can be written by other users/);
    assert.ok(result.stderr.includes(`chmod go-w ${path}`));
    assert.equal(existsSync(touched), false);
  });

  test('a mistake names the file and the key, as JSON too', async () => {
    const store = await bench.seeded('a.example.org');
    const path = configure(store, { renew: { concurrency: 1000 } });
    fails(
      await store.renew(),
      2,
      /^error: .*config\.json: "renew\.concurrency": .* from 1 to 64\n {4}hint: /,
    );
    const [event] = objects(await store.renew(['--json']));
    assert.ok(event);
    const { code, message } = event.error as { code: string; message: string };
    assert.equal(code, 'bad-settings');
    assert.ok(message.startsWith(`${path}: "renew.concurrency": `));
    succeeds(await store.renew(['--concurrency', '2']));
  });

  test('timer install says at once that its renewals would fail', async () => {
    const store = await bench.seeded('a.example.org');
    configure(store, { renew: { 'hook-timeout': 0 } });
    const argv = ['timer', 'install', '--print', '--config-dir', store.configDir];
    fails(await run(argv), 2, /"renew\.hook-timeout"/);
  });
});
