import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakHookGround, type HookGround } from './hook-scripts.ts';
import { succeeds } from './kit.ts';
import { countOrders, requestsIn, since } from './pebble-log.ts';

const WILD = 'w.example.test';
const BOTH = `${WILD},*.${WILD}`;
const NONE_LEFT = (ground: HookGround) => assert.deepEqual(ground.list('challenges'), []);

describe("certbot's hooks at Pebble", { skip: skipWithout(['pebble', 'curl']) }, () => {
  test('dns-01 for a name and its wildcard, now and at the renewal', async (t) => {
    const ground = await breakHookGround(t);
    await succeeds(ground.certonly(BOTH, ground.manual('dns')));
    const steps = [1, 0].map((left) => `auth ${WILD} ${WILD},${WILD} ${left}`);
    const ends = [1, 0].map((left) => `cleanup ${WILD} [record of ${WILD}, ${left} to go]`);
    assert.deepEqual(ground.noted(), [...steps, ...ends]);
    assert.match(ground.lineage(WILD).certificate.subjectAltName ?? '', /DNS:\*\.w\.example\.test/);
    const { stdout } = await succeeds(ground.renew(['--force-renewal']));
    assert.match(stdout, /auth hook .*auth-dns\.sh: done/);
    assert.match(stdout, /\| an error message/);
    assert.deepEqual(ground.noted(), [...steps, ...ends]);
    assert.equal(ground.lineage(WILD).version, '0002');
    assert.deepEqual(await ground.txt(`_acme-challenge.${WILD}`), []);
    NONE_LEFT(ground);
  });

  test('http-01', async (t) => {
    const ground = await breakHookGround(t);
    await succeeds(ground.certonly('a.example.test,b.example.test', ground.manual('http')));
    const kinds = ground.noted().map((line) => line.split(' ')[0]);
    assert.deepEqual(kinds, ['auth', 'auth', 'cleanup', 'cleanup']);
    assert.deepEqual(ground.answers(), []);
  });

  test('an auth hook that fails stops the order before the CA is told, and is cleaned up', async (t) => {
    const ground = await breakHookGround(t);
    const flags = ground.manual(
      'dns',
      '[ $CERTBOT_DOMAIN != b.example.test ] || { echo broken >&2; exit 7; }',
    );
    const start = ground.pebble.log().length;
    const { status, stderr } = await ground.certonly('b.example.test,a.example.test', flags);
    assert.equal(status, 1);
    assert.match(stderr, /auth hook for b\.example\.test: exit 7\n/);
    assert.match(stderr, /\| broken/);
    const asked = requestsIn(since(ground.pebble, start));
    assert.ok(asked.includes('POST /order-plz'), asked.join('\n'));
    assert.deepEqual(
      asked.filter((line) => line.includes('/chalZ/')),
      [],
    );
    const noted = ground.noted();
    assert.equal(
      noted.filter((line) => line.startsWith('auth')).length,
      noted.filter((line) => line.startsWith('cleanup')).length,
    );
    for (const name of ['a', 'b'])
      assert.deepEqual(await ground.txt(`_acme-challenge.${name}.example.test`), []);
    NONE_LEFT(ground);
  });

  test('what a killed run left is taken away by the next, which knows what the auth hook wrote', async (t) => {
    const ground = await breakHookGround(t);
    const flag = join(ground.scratch, 'flag');
    writeFileSync(flag, '');
    const pid = `$(sed -n 's/^process \\([0-9]*\\),.*/\\1/p' ${ground.configDir}/.lock)`;
    const kill = `[ $CERTBOT_REMAINING_CHALLENGES = 1 ] && [ -e ${flag} ] && { rm ${flag}; kill -9 ${pid}; }; :`;
    const names = ['a', 'b', 'c'].map((host) => `${host}.example.test`);
    const flags = ground.manual('dns', kill);
    const { signal } = await ground.certonly(names.join(','), flags);
    assert.equal(signal, 'SIGKILL');
    const [first = '', second = ''] = ground.noted().map((line) => line.split(' ')[1]);
    assert.equal((await ground.txt(`_acme-challenge.${second}`)).length, 1);
    assert.equal(ground.list('challenges').length, 1);
    await succeeds(ground.certonly(names.join(','), flags));
    const noted = ground.noted();
    assert.deepEqual(noted.slice(0, 2), [
      `cleanup ${first} [record of ${first}, 2 to go]`,
      `cleanup ${second} []`,
    ]);
    assert.match(noted[2] ?? '', /^auth /);
    assert.equal(noted.length, 2 + 6);
    for (const name of names) assert.deepEqual(await ground.txt(`_acme-challenge.${name}`), [], name);
    NONE_LEFT(ground);
  });

  test('a run that is told to end ends its hook, and cleans up', async (t) => {
    const ground = await breakHookGround(t);
    const stuck = join(ground.scratch, 'stuck');
    const flags = ground.manual(
      'dns',
      `[ $CERTBOT_REMAINING_CHALLENGES = 1 ] || { : > ${stuck}; sleep 60; }`,
    );
    let end: (signal: NodeJS.Signals) => void = () => undefined;
    const ended = ground.certonly(BOTH, flags, {
      onStart: (kill) => {
        end = kill;
      },
    });
    await until('the hook is stuck', () => ground.list('..').includes('stuck'));
    end('SIGTERM');
    assert.equal((await ended).status, 143);
    assert.deepEqual(
      ground.noted().map((line) => line.split(' ')[0]),
      ['auth', 'auth', 'cleanup', 'cleanup'],
    );
    assert.deepEqual(await ground.txt(`_acme-challenge.${WILD}`), []);
    NONE_LEFT(ground);
  });
});

describe("dehydrated's hook script at Pebble", { skip: skipWithout(['pebble', 'curl']) }, () => {
  const AROUND = (triples: readonly number[]) => [
    'startup_hook 0',
    ...triples.map((count) => `deploy_challenge ${count}`),
    ...triples.map((count) => `clean_challenge ${count}`),
    'sync_cert 5',
    'deploy_cert 6',
  ];

  test('dns-01 for a name and its wildcard: one call each, or one for all', async (t) => {
    const ground = await breakHookGround(t);
    await succeeds(ground.certonly(BOTH, ground.dehydrated('dns')));
    const created = Date.parse(ground.lineage(WILD).certificate.validFrom) / 1000;
    const first = ground.noted();
    assert.deepEqual(first, [...AROUND([3, 3]), `  ${WILD} ${created}`, 'exit_hook 0']);
    const chained = ['--cert-name', WILD, '--dehydrated-hook-chain', '--force-renewal'];
    await succeeds(ground.certonly(BOTH, [...ground.dehydrated('dns'), ...chained]));
    assert.deepEqual(ground.noted().slice(0, 5), AROUND([6]));
    assert.deepEqual(await ground.txt(`_acme-challenge.${WILD}`), []);
    await succeeds(ground.renew());
    assert.deepEqual(ground.noted(), []);
    NONE_LEFT(ground);
  });

  test('http-01; what fails after the order is tried again without another', async (t) => {
    const ground = await breakHookGround(t);
    const flags = ground.dehydrated('http');
    const script = flags.at(-1) ?? '';
    const good = readFileSync(script, 'utf8');
    const failing = (verb: string) =>
      writeFileSync(script, good.replace('HANDLER=$1', `[ $1 != ${verb} ] || exit 4\nHANDLER=$1`));
    failing('sync_cert');
    const unseen = await ground.certonly('a.example.test', flags);
    assert.equal(unseen.status, 1);
    assert.match(unseen.stderr, /dehydrated-http\.sh sync_cert: exit 4/);
    assert.deepEqual(ground.noted(), [...AROUND([3]).slice(0, -2), 'exit_hook 1']);
    assert.deepEqual([ground.answers(), ground.list('live')], [[], []]);
    failing('deploy_cert');
    const untold = await ground.renew();
    assert.equal(untold.status, 1);
    assert.match(untold.stderr, /dehydrated-http\.sh deploy_cert: exit 4/);
    assert.deepEqual(ground.noted(), ['sync_cert 5']);
    writeFileSync(script, good);
    await succeeds(ground.renew(['--retry-now']));
    assert.match(ground.noted().join('\n'), /^deploy_cert 6\n {2}a\.example\.test \d+$/);
    assert.equal(ground.lineage('a.example.test').version, '0001');
    assert.equal(countOrders(ground.pebble), 1);
  });

  test('is told that a name could not be validated', async (t) => {
    const ground = await breakHookGround(t);
    const flags = ground.dehydrated('http');
    await ground.pebble.dns?.breakName('a.example.test');
    const { status } = await ground.certonly('a.example.test', flags);
    assert.equal(status, 1);
    assert.deepEqual(ground.noted(), [
      'startup_hook 0',
      'deploy_challenge 3',
      'clean_challenge 3',
      'invalid_challenge 2',
      'exit_hook 1',
    ]);
  });
});
