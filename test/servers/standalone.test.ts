import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { whenProcessEnds } from '../support/rig/cleanup.ts';
import { executable } from '../support/rig/executables.ts';
import { accepts } from '../support/rig/ports.ts';
import { until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { breakGround, type Ground, succeeds } from './kit.ts';

const LINEAGES = 20;

describe('--standalone against Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('proves several names of one certificate, over and over', async (t) => {
    const ground = await breakGround(t);
    const names = ['a.example.test', 'b.example.test', 'xn--bcher-kva.example.test'];
    await succeeds(ground.certonly('a.example.test,B.example.test,Bücher.example.test', ground.standalone));
    const expected = names.map((name) => `DNS:${name}`).join(', ');
    assert.equal(ground.lineage('a.example.test').certificate.subjectAltName, expected);
    await succeeds(ground.renew(['--force-renewal']));
    const { version, certificate } = ground.lineage('a.example.test');
    assert.equal(version, '0002');
    assert.equal(certificate.subjectAltName, expected);
    for (const name of names) assert.match(ground.pebble.log(), new RegExp(`Value:"${name}"`));
  });

  test('proves an IP address, beside a name and alone', async (t) => {
    const ground = await breakGround(t);
    await succeeds(ground.certonly('127.0.0.1', ground.standalone));
    assert.equal(ground.lineage('127.0.0.1').certificate.subjectAltName, 'IP Address:127.0.0.1');
    await succeeds(ground.certonly('c.example.test,127.0.0.1', ground.standalone));
    const { certificate } = ground.lineage('c.example.test');
    assert.equal(certificate.subjectAltName, 'DNS:c.example.test, IP Address:127.0.0.1');
    await succeeds(ground.renew(['--cert-name', '127.0.0.1', '--force-renewal']));
    assert.equal(ground.lineage('127.0.0.1').version, '0002');
  });

  test('a name that leads elsewhere fails with what the CA says, and is proven once it leads here', async (t) => {
    const ground = await breakGround(t);
    await ground.pebble.dns?.breakName('b.example.test');
    const failed = await ground.certonly('a.example.test,b.example.test', ground.standalone);
    assert.equal(failed.status, 1);
    assert.match(failed.stderr, /could not validate b\.example\.test\n/);
    assert.match(failed.stderr, /b\.example\.test: (dns|unauthorized|connection): \S/);
    assert.match(failed.stderr, /hint: /);
    assert.deepEqual(ground.list('live'), []);
    assert.equal(await accepts(ground.pebble.httpPort), false);
    await succeeds(ground.certonly('a.example.test', ground.standalone));
  });

  test('twenty lineages in one renew share the port', async (t) => {
    const ground = await breakGround(t);
    const names = Array.from({ length: LINEAGES }, (_, index) => `site${index}.example.test`);
    const [first = '', ...others] = names;
    await succeeds(ground.certonly(first, ground.standalone));
    for (const name of others) copySettings(ground, first, name);
    const { stdout } = await succeeds(ground.renew(['--force-renewal']));
    assert.match(stdout, new RegExp(`${LINEAGES} certificates: ${LINEAGES} renewed`));
    for (const name of names)
      assert.equal(ground.lineage(name).certificate.subjectAltName, `DNS:${name}`, name);
    const keys = names.map((name) => readFileSync(ground.live(name, 'privkey.pem'), 'utf8'));
    assert.equal(new Set(keys).size, LINEAGES);
    assert.equal(ordersIn(ground), LINEAGES + 1);
  });
});

/** A lineage that is wanted and not yet issued: a settings file beside those of another. */
function copySettings(ground: Ground, from: string, to: string): void {
  const path = (name: string): string => join(ground.configDir, 'renewal', `${name}.json`);
  const settings = readFileSync(path(from), 'utf8').replaceAll(from, to);
  writeFileSync(path(to), settings, { mode: 0o600 });
}

function ordersIn(ground: Ground): number {
  return ground.pebble.log().split('Added order ').length - 1;
}

describe('a web server on the port of --standalone', { skip: skipWithout(['pebble', 'nginx']) }, () => {
  test('is stopped and started by pre and post hooks', async (t) => {
    const ground = await breakGround(t);
    const port = ground.pebble.httpPort;
    const nginx = daemonNginx(t, port);
    const refused = await ground.certonly('a.example.test', [
      ...ground.standalone,
      '--pre-hook',
      nginx.start,
    ]);
    assert.equal(refused.status, 1);
    assert.match(refused.stderr, /cannot listen on 127\.0\.0\.1, port \d+: nginx \(pid \d+\) does/);
    const hooks = ['--pre-hook', nginx.stop, '--post-hook', nginx.start];
    await succeeds(ground.certonly('a.example.test', [...ground.standalone, ...hooks]));
    await until('nginx serves again', () => accepts(port));
    const pid = nginx.pid();
    await succeeds(ground.renew(['--force-renewal']));
    await until('nginx serves again', () => accepts(port));
    assert.equal(ground.lineage('a.example.test').version, '0002');
    assert.notEqual(nginx.pid(), pid);
  });

  test('is started again although the CA refuses', async (t) => {
    const ground = await breakGround(t, { domainBlocklist: ['forbidden.test'] });
    const nginx = daemonNginx(t, ground.pebble.httpPort);
    const hooks = ['--pre-hook', 'true', '--post-hook', nginx.start];
    const { status, stderr } = await ground.certonly('www.forbidden.test', [...ground.standalone, ...hooks]);
    assert.equal(status, 1);
    assert.match(stderr, /rejectedIdentifier/);
    await until('nginx serves again', () => accepts(ground.pebble.httpPort));
  });
});

/** An nginx as the init system starts it: detached, known by its pid file; commands for hooks. */
function daemonNginx(t: TestContext, port: number) {
  const { directory, remove } = scratchDirectory('nginx');
  chmodSync(directory, 0o755);
  const pidFile = join(directory, 'nginx.pid');
  writeFileSync(join(directory, 'nginx.conf'), daemonConfiguration(port));
  const pid = (): number => Number(readFileSync(pidFile, 'utf8'));
  const kill = (): void => {
    if (existsSync(pidFile)) process.kill(pid(), 'SIGTERM');
  };
  const forget = whenProcessEnds(kill);
  t.after(() => {
    kill();
    forget();
    remove();
  });
  const start = `${executable('nginx')} -p ${directory} -e ${join(directory, 'error.log')} -c nginx.conf`;
  const stopped = `while test -e ${pidFile}; do sleep 0.02; done`;
  return { start, stop: `${start} -s stop && ${stopped}`, pid };
}

function daemonConfiguration(port: number): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name}_temp;`,
  );
  return `
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid nginx.pid;
events { worker_connections 64; }
http { access_log off; ${temporary.join(' ')} server { listen 127.0.0.1:${port}; } }
`;
}
