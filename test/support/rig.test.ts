import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { Resolver } from 'node:dns/promises';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { get } from 'node:https';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { startApache } from './rig/apache.ts';
import { parseDeb822, parseOneLine } from './rig/apt-sources.ts';
import { createAuthority } from './rig/authority.ts';
import { startHaproxy } from './rig/haproxy.ts';
import { startNginx } from './rig/nginx.ts';
import { startPebble } from './rig/pebble.ts';
import { accepts, freePort } from './rig/ports.ts';
import { during, startServer } from './rig/processes.ts';
import report, { type TestEvent } from './rig/reporter.ts';
import { skipWithout } from './rig/requirements.ts';
import { scratchDirectory } from './rig/scratch.ts';
import { servedByOpenssl, servedCertificate } from './rig/tls-client.ts';

function fetchJson(url: string, ca: Buffer): Promise<Record<string, unknown>> {
  return new Promise((resolve, reject) => {
    get(url, { ca, agent: false, headers: { 'user-agent': 'evercert-test' } }, async (response) => {
      let body = '';
      for await (const part of response.setEncoding('utf8')) body += part;
      resolve(JSON.parse(body));
    }).once('error', reject);
  });
}

/** A directory with privkey.pem, fullchain.pem and combined.pem, and a way to put a new certificate there. */
async function certificateFiles(t: TestContext) {
  const { directory, remove } = scratchDirectory('certificate');
  t.after(remove);
  const authority = await createAuthority();
  const paths = {
    certificate: join(directory, 'fullchain.pem'),
    key: join(directory, 'privkey.pem'),
    combined: join(directory, 'combined.pem'),
  };
  const replace = async (): Promise<string> => {
    const { key, certificate } = await authority.issue(['www.example.test', '127.0.0.1']);
    writeFileSync(paths.certificate, certificate);
    writeFileSync(paths.key, key);
    writeFileSync(paths.combined, key + certificate);
    return new X509Certificate(certificate).fingerprint256;
  };
  return { ...paths, replace };
}

describe('Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('offers its directory over TLS that its bundle verifies', async (t) => {
    const pebble = await during(
      t,
      startPebble({
        profiles: { shortlived: { description: 'Six days', validityPeriod: 518_400 } },
        eab: { 'kid-1': 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W' },
      }),
    );
    const directory = await fetchJson(pebble.directoryUrl, readFileSync(pebble.caBundle));
    assert.deepEqual(directory.meta, {
      caaIdentities: ['pebble.letsencrypt.org'],
      externalAccountRequired: true,
      profiles: { shortlived: 'Six days' },
      termsOfService: 'data:text/plain,Do%20what%20thou%20wilt',
    });
    assert.match(String(directory.renewalInfo), /^https:/);
  });

  test('shows its roots, one a chain', async (t) => {
    const pebble = await during(t, startPebble({ alternateRoots: 1 }));
    const [root, alternate] = [await pebble.rootPem(), await pebble.rootPem(1)];
    assert.ok(new X509Certificate(root).ca);
    assert.notEqual(root, alternate);
    await assert.rejects(pebble.rootPem(2), /404/);
  });

  test('validates by a DNS server of its own', async (t) => {
    const { dns } = await during(t, startPebble());
    assert.ok(dns);
    const resolver = new Resolver();
    resolver.setServers([dns.address]);
    await dns.setTxt('_acme-challenge.www.example.test', 'proof');
    assert.deepEqual(await resolver.resolveTxt('_acme-challenge.www.example.test'), [['proof']]);
    assert.deepEqual(await resolver.resolve4('any.example.test'), ['127.0.0.1']);
    await dns.setAddresses('other.example.test', ['127.0.0.2']);
    assert.deepEqual(await resolver.resolve4('other.example.test'), ['127.0.0.2']);
    await dns.clearTxt('_acme-challenge.www.example.test');
    await assert.rejects(resolver.resolveTxt('_acme-challenge.www.example.test'));
    await dns.breakName('broken.example.test');
    await assert.rejects(resolver.resolve4('broken.example.test'), { code: 'ESERVFAIL' });
  });

  test('leaves nothing behind', async () => {
    const pebble = await startPebble();
    await pebble.stop();
    assert.equal(existsSync(pebble.caBundle), false);
    assert.equal(await accepts(Number(new URL(pebble.directoryUrl).port)), false);
    assert.match(pebble.log(), /ACME directory available/);
  });
});

describe('nginx', { skip: skipWithout(['nginx', 'openssl']) }, () => {
  test('serves a webroot, and a new certificate after a reload only', async (t) => {
    const files = await certificateFiles(t);
    const first = await files.replace();
    const nginx = await during(t, startNginx({ tls: files }));
    writeFileSync(join(nginx.webroot, 'hello'), 'from the webroot');
    const response = await fetch(`http://127.0.0.1:${nginx.httpPort}/hello`);
    assert.equal(await response.text(), 'from the webroot');
    assert.equal((await servedCertificate(nginx.tlsPort)).fingerprint, first);
    const second = await files.replace();
    assert.equal((await servedByOpenssl(nginx.tlsPort)).fingerprint, first);
    await nginx.reload();
    assert.equal((await servedByOpenssl(nginx.tlsPort, 'www.example.test')).fingerprint, second);
  });
});

describe('HAProxy', { skip: skipWithout(['haproxy']) }, () => {
  test('serves a new certificate after a reload only', async (t) => {
    const files = await certificateFiles(t);
    const first = await files.replace();
    const haproxy = await during(t, startHaproxy({ crt: files.combined }));
    assert.equal((await servedCertificate(haproxy.tlsPort)).fingerprint, first);
    assert.match(await haproxy.admin('show info'), /^Name: HAProxy/);
    const second = await files.replace();
    assert.equal((await servedCertificate(haproxy.tlsPort)).fingerprint, first);
    await haproxy.reload();
    assert.equal((await servedCertificate(haproxy.tlsPort)).fingerprint, second);
  });
});

describe('Apache', { skip: skipWithout(['apache2']) }, () => {
  test('serves a webroot, and a new certificate after a reload only', async (t) => {
    const files = await certificateFiles(t);
    const first = await files.replace();
    const apache = await during(t, startApache({ tls: files }));
    assert.equal((await fetch(`http://127.0.0.1:${apache.httpPort}/none`)).status, 404);
    assert.equal((await servedCertificate(apache.tlsPort)).fingerprint, first);
    const second = await files.replace();
    await apache.reload();
    assert.equal((await servedCertificate(apache.tlsPort)).fingerprint, second);
  });
});

describe('a server process', () => {
  test('that ends at once is reported with its log', async () => {
    const failing = {
      command: '/bin/sh',
      args: ['-c', 'echo no such luck; exit 3'],
      ports: [await freePort()],
    };
    await assert.rejects(startServer(failing), /did not start\nno such luck/);
  });

  test('that is not installed is reported by name', async () => {
    const absent = { command: '/nonexistent/server', args: [], ports: [await freePort()] };
    await assert.rejects(startServer(absent), /\/nonexistent\/server/);
  });
});

test('the reporter gives a file one line, and a failure in full', async () => {
  const file = join(process.cwd(), 'test', 'renewal', 'decide.test.ts');
  const at = (nesting: number, name: string) => ({ file, nesting, name });
  const failureType = 'testCodeFailure';
  async function* events(): AsyncGenerator<TestEvent> {
    yield { type: 'test:start', data: at(0, 'decide') };
    yield { type: 'test:start', data: at(1, 'one day late') };
    yield { type: 'test:stdout', data: { file, message: 'printed\n' } };
    yield { type: 'test:pass', data: at(1, 'in time') };
    const error = Object.assign(new Error('failed', { cause: 'not due' }), { failureType });
    yield { type: 'test:fail', data: { ...at(1, 'one day late'), details: { error } } };
    yield { type: 'test:pass', data: { ...at(0, 'decide'), details: { type: 'suite', duration_ms: 1234 } } };
    yield { type: 'test:diagnostic', data: { nesting: 0, message: 'tests 2' } };
  }
  let text = '';
  for await (const part of report(events())) text += part;
  assert.match(text, /^✖ renewal\/decide +1\.2 s {2}1 passed, 1 failed\n/);
  assert.match(text, /✖ renewal\/decide > decide > one day late\n {4}not due\n\n {4}printed\n/);
  assert.match(text, /\n✖ renewal\/decide > decide > one day late\nℹ tests 2\n$/);
});

test('what apt knows of Debian is read from both formats', () => {
  const uri = 'http://mirror.example/debian';
  const keyring = '/usr/share/keyrings/debian.gpg';
  const stanza = `Types: deb\n# remark\nURIs: ${uri}\nSuites: stable\nComponents: main\nSigned-By: ${keyring}\n`;
  assert.deepEqual(parseDeb822(`${stanza}\nURIs: http://x.example/other\nComponents: contrib\n`), [
    { uri, signedBy: keyring },
  ]);
  assert.deepEqual(parseDeb822(`Enabled: no\n${stanza}`), []);
  assert.deepEqual(parseOneLine(`# deb http://x.example/debian sid main\ndeb ${uri} stable main contrib\n`), [
    { uri },
  ]);
  assert.deepEqual(parseOneLine(`deb [arch=amd64 signed-by=${keyring}] ${uri} stable main\n`), [
    { uri, signedBy: keyring },
  ]);
});
