import 'reflect-metadata';
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as x509 from '@peculiar/x509';
import { X509CrlGenerator, type X509CrlReason } from '@peculiar/x509';
import type { AcmeServer } from '../support/acme-server/index.ts';
import type { RunResult } from '../support/evercert.ts';
import { type RevocationServer, startRevocationServer } from '../support/revocation-server.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { type Bench, createBench, daysAhead, type Store, succeeds } from './kit.ts';

// A CA that tells of revocations by CRL and OCSP alone: it suggests no time of renewal.

const NAME = 'a.example.org';
const DAY = 86_400_000;
const KNOBS = { renewalInfo: false };
/** Nobody is asked about a certificate on its first day, nor twice a day. */
const NEXT_DAY = { env: daysAhead(1.2) };
const DAY_AFTER = { env: daysAhead(2.4) };

let server: RevocationServer;
let bench: Bench;
let silent: RevocationServer[];
/** Begun first and looked at last, since it takes its time. */
let hanging: Promise<{ result: RunResult; seconds: number }>;
before(async () => {
  server = await startRevocationServer();
  bench = await createBench(KNOBS);
  silent = await Promise.all(Array.from({ length: 8 }, () => startRevocationServer()));
  hanging = beSilent();
});
after(() => Promise.all([bench.close(), server.close(), ...silent.map(({ close }) => close())]));

/** Eight lineages, each with a responder of its own that answers nothing; the CRL that is asked then neither. */
async function beSilent() {
  const { close, ca, store: newStore } = await createBench(KNOBS);
  const store = newStore();
  for (const [index, mute] of silent.entries()) {
    mute.hangs = true;
    Object.assign(ca.knobs, { ocspUrl: `${mute.baseUrl}/ocsp`, crlUrl: `${mute.baseUrl}/1.crl` });
    succeeds(await store.certonly(`n${index}.example.org`));
  }
  const started = Date.now();
  const result = await store.renew([], NEXT_DAY);
  await close();
  return { result, seconds: (Date.now() - started) / 1000 };
}

interface Entry {
  readonly serial: string;
  readonly reason?: X509CrlReason;
}

/** What the CA lists from now on at this path. */
async function list(ca: AcmeServer, path: string, entries: readonly Entry[]): Promise<void> {
  const { certificate, keys } = ca.authority.intermediate;
  const crl = await X509CrlGenerator.create({
    issuer: certificate.subject,
    thisUpdate: new Date(Date.now() - DAY / 24),
    nextUpdate: new Date(Date.now() + 9 * DAY),
    signingAlgorithm: { name: 'ECDSA', hash: 'SHA-256' },
    signingKey: keys.privateKey,
    entries: entries.map(({ serial, reason }) => ({
      serialNumber: serial,
      revocationDate: new Date(Date.now() - DAY / 24),
      ...(reason === undefined ? {} : { reason }),
    })),
  });
  server.crls.set(path, { bytes: Buffer.from(crl.rawData), etag: `"${path}-${entries.length}"` });
}

const asked = (path: string) => server.requests.filter((request) => request.path === path);

/** A lineage whose CRL, at a path of its own, is empty. */
async function listed(path: string, flags: readonly string[] = []): Promise<Store> {
  const store = bench.store();
  bench.ca.knobs.crlUrl = `${server.baseUrl}${path}`;
  await list(bench.ca, path, []);
  succeeds(await store.certonly(NAME, flags));
  return store;
}

function serialOf(store: Store): string {
  return new x509.X509Certificate(store.read('live', NAME, 'cert.pem')).serialNumber;
}

describe('a CRL', () => {
  test('that does not list the certificate is asked for once a day, and not sent again', async () => {
    const store = await listed('/quiet.crl');
    assert.match(succeeds(await store.renew([], NEXT_DAY)).stdout, /not due/);
    succeeds(await store.renew([], NEXT_DAY));
    assert.deepEqual(
      asked('/quiet.crl').map(({ status }) => status),
      [200],
    );
    succeeds(await store.renew([], DAY_AFTER));
    assert.deepEqual(
      asked('/quiet.crl').map(({ status }) => status),
      [200, 304],
    );
    assert.equal(store.live(NAME), '0001');
  });

  test('that lists it: renewed at the next look, with that reason, once', async () => {
    const store = await listed('/listed.crl');
    succeeds(await store.renew([], NEXT_DAY));
    await list(bench.ca, '/listed.crl', [{ serial: serialOf(store) }]);
    assert.match(succeeds(await store.renew([], DAY_AFTER)).stdout, /renewing: the CA revoked it/);
    assert.equal(store.live(NAME), '0002');
    assert.match(succeeds(await store.renew([], DAY_AFTER)).stdout, /not due/);
    assert.deepEqual(store.versions(NAME), ['0001', '0002']);
  });

  const keys = [
    ['keyCompromise', x509.X509CrlReason.keyCompromise, true],
    ['superseded', x509.X509CrlReason.superseded, false],
  ] as const;
  for (const [what, reason, isNew] of keys) {
    test(`${what}, --reuse-key: ${isNew ? 'a new key all the same' : 'the same key'}`, async () => {
      const store = await listed(`/${what}.crl`, ['--reuse-key']);
      const key = store.read('live', NAME, 'privkey.pem');
      await list(bench.ca, `/${what}.crl`, [{ serial: serialOf(store), reason }]);
      assert.match(succeeds(await store.renew([], NEXT_DAY)).stdout, /renewing: the CA revoked it/);
      assert.equal(store.live(NAME), '0002');
      assert.equal(store.read('live', NAME, 'privkey.pem') !== key, isNew);
    });
  }

  test('of 200 lineages is fetched once', async () => {
    const store = await listed('/many.crl');
    const template = store.settings(NAME) as { challenge: { roots: Record<string, string> } };
    const [root = ''] = Object.values(template.challenge.roots);
    for (let index = 1; index < 200; index += 1) {
      const name = `n${index}.example.org`;
      const settings = {
        ...template,
        names: [name],
        challenge: { type: 'webroot', roots: { [name]: root } },
      };
      writeFileSync(store.path('renewal', `${name}.json`), JSON.stringify(settings), { mode: 0o600 });
    }
    assert.match(succeeds(await store.renew(['--concurrency', '16'])).stdout, /199 renewed/);
    assert.equal(asked('/many.crl').length, 0);
    assert.match(succeeds(await store.renew([], NEXT_DAY)).stdout, /200 certificates: 200 unchanged/);
    assert.equal(asked('/many.crl').length, 1);
  });
});

describe('an OCSP responder', { skip: skipWithout(['openssl']) }, () => {
  /** openssl's answer for this CA, which revoked one certificate. */
  function answerer(ca: AcmeServer, serial: string, directory: string) {
    const revokedAt = '250101000000Z,keyCompromise';
    const index = `R\t400101000000Z\t${revokedAt}\t${serial.toUpperCase()}\tunknown\t/CN=x\n`;
    const files = { index, 'ca.pem': ca.issuer.certPem, 'ca.key': ca.issuer.keyPem };
    for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
    return (request: Buffer): Buffer => {
      writeFileSync(join(directory, 'request'), request);
      const words = 'ocsp -index index -CA ca.pem -rsigner ca.pem -rkey ca.key -ndays 9';
      const io = ['-reqin', 'request', '-respout', 'response'];
      execFileSync('openssl', [...words.split(' '), ...io], { cwd: directory, stdio: 'pipe' });
      return readFileSync(join(directory, 'response'));
    };
  }

  test('that says revoked: renewed with that reason', async (t) => {
    const { directory, remove } = scratchDirectory('ocsp');
    const asking = await createBench({ ...KNOBS, ocspUrl: `${server.baseUrl}/ocsp` });
    t.after(() => Promise.all([asking.close(), remove()]));
    const store = asking.store();
    succeeds(await store.certonly(NAME, ['--reuse-key']));
    const key = store.read('live', NAME, 'privkey.pem');
    server.respond = answerer(asking.ca, serialOf(store), directory);
    assert.match(succeeds(await store.renew([], NEXT_DAY)).stdout, /renewing: the CA revoked it/);
    assert.equal(store.live(NAME), '0002');
    assert.notEqual(store.read('live', NAME, 'privkey.pem'), key);
  });
});

test('responders that hang hold a run up for 20 s, however many', async () => {
  const { result, seconds } = await hanging;
  assert.match(succeeds(result).stdout, /8 certificates: 8 unchanged/);
  assert.ok(seconds > 5 && seconds < 25, `${seconds} s`);
});
