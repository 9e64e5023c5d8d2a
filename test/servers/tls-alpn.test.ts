import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { connect, createServer, isIP } from 'node:net';
import { describe, type TestContext, test } from 'node:test';
import { parseIdentifier } from '../../src/x509/identifier.ts';
import { accepts, freePort, WITHOUT_IPV6 } from '../support/rig/ports.ts';
import { until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { servedByOpenssl } from '../support/rig/tls-client.ts';
import { listenOn } from '../unit-kit/listen.ts';
import { breakGround, type Ground, succeeds } from './kit.ts';
import { countOrders } from './pebble-log.ts';

const [NAME, OTHER] = ['a.example.test', 'b.example.test'];

const REFUSED = /no certificate[\s\S]*alert/;

/** Flags that have Pebble ask a server of evercert's own, at all addresses. */
const by = ({ pebble }: Ground) => ({
  'tls-alpn': ['--tls-alpn', '--tls-alpn-01-port', String(pebble.tlsPort)],
  standalone: ['--standalone', '--http-01-port', String(pebble.httpPort)],
});

const altNamesOf = (names: readonly string[]): string[] => names.map((name) => parseIdentifier(name).value);

function namesIn(ground: Ground, lineage: string): string[] {
  const text = ground.lineage(lineage).certificate.subjectAltName ?? '';
  return altNamesOf(text.split(', ').map((entry) => entry.replace(/^(?:DNS|IP Address):/, '')));
}

describe('--tls-alpn against Pebble', { skip: skipWithout(['pebble', 'openssl']), concurrency: 2 }, () => {
  test('proves several names at once, over and over', async (t) => {
    const ground = await breakGround(t);
    await succeeds(ground.certonly(`${NAME},${OTHER}`, by(ground)['tls-alpn']));
    await succeeds(ground.renew(['--force-renewal']));
    assert.deepEqual(namesIn(ground, NAME), [NAME, OTHER]);
    assert.equal(ground.lineage(NAME).version, '0002');
    assert.equal(await accepts(ground.pebble.tlsPort), false);
  });

  test('proves one name for two certificates in one run, and others by http-01', async (t) => {
    const ground = await breakGround(t);
    const ways = by(ground)['tls-alpn'];
    await succeeds(ground.certonly(NAME, ways));
    const port = ['--http-01-port', String(ground.pebble.httpPort)];
    const second = ['--cert-name', 'second', '--challenge', `${OTHER}=standalone`, ...port];
    await succeeds(ground.certonly(`${NAME},${OTHER}`, [...ways, ...second]));
    await succeeds(ground.renew(['--force-renewal']));
    assert.deepEqual([ground.lineage(NAME).version, ground.lineage('second').version], ['0002', '0002']);
  });

  for (const how of ['tls-alpn', 'standalone'] as const) {
    test(`IPv4 and IPv6 addresses are proven by ${how}, beside a name and alone`, {
      skip: WITHOUT_IPV6,
    }, async (t) => {
      const ground = await breakGround(t);
      const flags = by(ground)[how];
      await succeeds(ground.certonly('127.0.0.1,::1', flags));
      assert.deepEqual(namesIn(ground, '127.0.0.1'), ['127.0.0.1', '::1']);
      await succeeds(ground.certonly(`${NAME},0:0:0:0:0:0:0:1`, flags));
      assert.deepEqual(namesIn(ground, NAME), [NAME, '::1']);
      const { names } = JSON.parse(readFileSync(`${ground.configDir}/renewal/${NAME}.json`, 'utf8'));
      assert.deepEqual([names, isIP(names[1])], [[NAME, '::1'], 6]);
      await succeeds(ground.renew(['--force-renewal']));
      assert.deepEqual([ground.lineage('127.0.0.1').version, ground.lineage(NAME).version], ['0002', '0002']);
    });

    test(`a name of IPv6 alone is proven by ${how}`, { skip: WITHOUT_IPV6 }, async (t) => {
      const ground = await breakGround(t);
      await ground.pebble.dns?.setIpv6Addresses(NAME, ['::1']);
      const flag = how === 'tls-alpn' ? '--tls-alpn-01-address' : '--http-01-address';
      await succeeds(ground.certonly(NAME, [...by(ground)[how], flag, '::1']));
      assert.deepEqual(namesIn(ground, NAME), [NAME]);
    });
  }

  test('what a CA does not ask for is refused, as OpenSSL sees it', async (t) => {
    const { ground, port, ended, letIn } = await standing(t);
    const ask = (name: string, ...args: string[]) => servedByOpenssl(port, name, args);
    for (const version of ['-tls1_2', '-tls1_3']) {
      const { certificate, output } = await ask(NAME, '-alpn', 'acme-tls/1', version);
      assert.equal(certificate.subjectAltName, `DNS:${NAME}`);
      assert.match(output, /ALPN protocol: acme-tls\/1/);
      await assert.rejects(ask(NAME, '-alpn', 'h2', version), REFUSED);
      await assert.rejects(ask('c.example.test', '-alpn', 'acme-tls/1', version), REFUSED);
    }
    await assert.rejects(ask(NAME), REFUSED);
    assert.equal((await ask(NAME, '-tls1_2')).certificate.subjectAltName, 'DNS:acme.invalid');
    letIn();
    await succeeds(ended);
    assert.equal(ground.lineage(NAME).version, '0001');
  });

  test('a run that was killed leaves the port free, and nothing else', async (t) => {
    const { ground, port, flags, ended, kill, letIn } = await standing(t);
    kill();
    assert.equal((await ended).signal, 'SIGKILL');
    assert.equal(await accepts(port), false);
    assert.deepEqual(ground.list('challenges'), []);
    letIn();
    await until('Pebble has tried', () => ground.pebble.log().includes('set INVALID'));
    await succeeds(ground.certonly(NAME, flags));
    assert.deepEqual(namesIn(ground, NAME), [NAME]);
    assert.equal(countOrders(ground.pebble), 2);
  });
});

/** A run whose challenge stands while a proxy before it keeps Pebble waiting, until `letIn`. */
async function standing(t: TestContext) {
  const ground = await breakGround(t);
  const port = await freePort();
  let letIn = (): void => undefined;
  const released = new Promise<void>((resolve) => {
    letIn = resolve;
  });
  let hasCome = false;
  const proxy = createServer(async (incoming) => {
    hasCome = true;
    await released;
    const outgoing = connect(port, '127.0.0.1');
    for (const socket of [incoming, outgoing])
      socket.on('error', () => [incoming, outgoing].forEach((each) => void each.destroy()));
    incoming.pipe(outgoing).pipe(incoming);
  });
  await listenOn(t, proxy, { port: ground.pebble.tlsPort });
  let kill = (): void => undefined;
  const flags = ['--tls-alpn', '--tls-alpn-01-port', String(port)];
  const ended = ground.certonly(NAME, flags, {
    onStart: (killIt) => {
      kill = () => killIt('SIGKILL');
    },
  });
  await until('Pebble asks', () => hasCome);
  return { ground, port, flags, ended, kill, letIn };
}
