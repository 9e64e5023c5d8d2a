import assert from 'node:assert/strict';
import { generateKeyPairSync, X509Certificate } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { connect } from '../../src/acme/connection.ts';
import { AccountSchema } from '../../src/acme/resources.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createHttpSender } from '../../src/system/http.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, type Ground, standaloneOn, succeeds } from './kit.ts';
import { countOrders, requestsIn, since } from './pebble-log.ts';

const NAME = 'www.example.test';
/** directory, nonce, newOrder, authorization, challenge, order, finalize, order, certificate */
const MOST_REQUESTS = 9;
/** Doubling from 40 ms, ten questions last twenty seconds; two more for the certificate. */
const MOST_POLLS = 12;
const EAB = {
  'kid-1': 'zWNDZM6eQGHWpSRTPal5eIUYFTu7EajVIoguysqZ9wG44nMEtx3MUAsUDkMTQ12W',
  'kid-2': 'b10lLJs8l1GPIzsLP0s6pMt8O0XVGnfTaCeROxQM0BIt2XrJMDHJZBM5NuQmQJQH',
};

/** Without what is asked about the new certificate. */
function untilIssued(requests: readonly string[]): readonly string[] {
  return requests.slice(0, requests.findLastIndex((line) => line.includes('/certZ/')) + 1);
}

describe('an order at Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('takes at most nine requests on a warm account', async (t) => {
    const ground = await breakGround(t, { alwaysValid: true });
    await succeeds(ground.certonly(NAME, ground.standalone));
    const { pebble } = ground;
    const first = requestsIn(pebble.log());
    assert.ok(untilIssued(first).length <= MOST_REQUESTS + 1, first.join('\n'));
    const start = pebble.log().length;
    await succeeds(ground.renew(['--force-renewal']));
    const requests = requestsIn(since(pebble, start));
    assert.ok(untilIssued(requests).length <= MOST_REQUESTS, requests.join('\n'));
    const after = requests.slice(untilIssued(requests).length).join('\n');
    assert.match(after, /^GET \/dir\nGET \/[^\n]*renewalInfo\/$/);
    assert.equal(requests.filter((line) => line.includes('/order-plz')).length, 1);
  });

  test('a renew with nothing due asks nothing', async (t) => {
    const ground = await breakGround(t, { alwaysValid: true });
    await succeeds(ground.certonly(NAME, ground.standalone));
    const start = ground.pebble.log().length;
    await succeeds(ground.renew());
    await succeeds(ground.certonly(NAME, ground.standalone));
    assert.deepEqual(requestsIn(since(ground.pebble, start)), []);
  });

  test('succeeds although a fifth of the good nonces are refused', async (t) => {
    const ground = await breakGround(t, { nonceReject: 20 });
    for (const name of ['a.test', 'b.test', 'c.test'])
      await succeeds(ground.certonly(name, ground.standalone));
    const { stdout } = await succeeds(ground.renew(['--force-renewal']));
    assert.match(stdout, /3 certificates: 3 renewed/);
    assert.equal(countOrders(ground.pebble), 6);
  });

  test('waits for a CA that takes its time, ever longer between two questions', async (t) => {
    process.env.PEBBLE_VA_SLEEPTIME = '3';
    t.after(() => void delete process.env.PEBBLE_VA_SLEEPTIME);
    const ground = await breakGround(t, { noSleep: false });
    const names = ['a', 'b', 'c', 'd'].map((host) => `${host}.example.test`);
    await succeeds(ground.certonly(names.join(','), ground.standalone));
    assert.equal(ground.lineage('a.example.test').version, '0001');
    assert.doesNotMatch(ground.pebble.log(), /Disabling random VA sleeps/);
    const polls = requestsIn(ground.pebble.log()).filter((line) => line.includes('/my-order/'));
    assert.ok(polls.length <= MOST_POLLS, `${polls.length} polls`);
  });

  test('uses authorizations that are still valid', async (t) => {
    const ground = await breakGround(t, { authzReuse: 100 });
    await succeeds(ground.certonly(`${NAME},example.test`, ground.standalone));
    const start = ground.pebble.log().length;
    await succeeds(ground.renew(['--force-renewal']));
    const requests = requestsIn(since(ground.pebble, start));
    assert.deepEqual(
      requests.filter((line) => line.includes('/chalZ/')),
      [],
    );
    assert.equal(ground.lineage(NAME).version, '0002');
    await succeeds(
      ground.certonly(`${NAME},example.test,new.example.test`, [...ground.standalone, '--expand']),
    );
    assert.equal(ground.lineage(NAME).version, '0003');
  });
});

describe('an account at Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('that must be bound to another is bound once, and renews without the key', async (t) => {
    const ground = await breakGround(t, { eab: EAB });
    const without = await ground.certonly(NAME, ground.standalone);
    assert.equal(without.status, 2);
    assert.match(without.stderr, /externalAccountRequired|--eab-kid/);
    const wrong = ['--eab-kid', 'kid-1', '--eab-hmac-key', EAB['kid-2']];
    const refused = await ground.certonly(NAME, [...ground.standalone, ...wrong]);
    assert.equal(refused.status, 1);
    assert.doesNotMatch(refused.stdout + refused.stderr, new RegExp(EAB['kid-2']));
    const flags = ['--eab-kid', 'kid-1', '--eab-hmac-key', EAB['kid-1']];
    await succeeds(ground.certonly(NAME, [...ground.standalone, ...flags]));
    const start = ground.pebble.log().length;
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
    const requests = requestsIn(since(ground.pebble, start));
    assert.equal(requests.filter((line) => line.includes('/sign-me-up')).length, 0);
  });

  test('takes the binding key from the environment', async (t) => {
    const ground = await breakGround(t, { eab: EAB });
    const env = { EVERCERT_EAB_HMAC_KEY: EAB['kid-2'] };
    await succeeds(ground.certonly(NAME, [...ground.standalone, '--eab-kid', 'kid-2'], { env }));
    assert.equal(ground.lineage(NAME).version, '0001');
  });
});

describe('an account that Pebble does not know', { skip: skipWithout(['pebble']) }, () => {
  /** A certificate whose account then has another URL, and perhaps another key, on our disk than at Pebble. */
  async function astray(t: TestContext, changeKey: boolean) {
    const ground = await breakGround(t, { alwaysValid: true });
    await succeeds(ground.certonly(NAME, ground.standalone));
    const folder = join(ground.configDir, 'accounts', ground.list('accounts')[0] ?? '');
    const file = join(folder, 'account.json');
    const record = (): { url: string } => JSON.parse(readFileSync(file, 'utf8'));
    const { url } = record();
    writeFileSync(file, JSON.stringify({ ...record(), url: `${url}0000` }));
    if (changeKey) {
      const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
      writeFileSync(join(folder, 'key.pem'), privateKey.export({ type: 'pkcs8', format: 'pem' }));
    }
    const { stderr } = await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0002');
    return { before: url, after: record().url, stderr };
  }

  test('by this URL is found by its key', async (t) => {
    const { before, after, stderr } = await astray(t, false);
    assert.deepEqual([after, stderr], [before, '']);
  });

  test('at all is made again', async (t) => {
    const { before, after, stderr } = await astray(t, true);
    assert.notEqual(after, before);
    assert.match(stderr, /had lost the account; it was made again/);
  });

  test('to be open is told, and not made again', async (t) => {
    const ground = await breakGround(t, { alwaysValid: true });
    await succeeds(ground.certonly(NAME, ground.standalone));
    await deactivate(ground);
    const { status, stderr } = await ground.renew(['--force-renewal']);
    assert.equal(status, 1);
    assert.match(stderr, /was closed: .*\n {4}hint: .*evercert register/);
    assert.equal(countOrders(ground.pebble), 1);
  });
});

describe('chains of Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('are chosen by the name of their topmost issuer, also at a renewal', async (t) => {
    const ground = await breakGround(t, { alternateRoots: 2, chainLength: 2 });
    const roots = await Promise.all(
      [0, 1, 2].map(async (index) => commonName(await ground.pebble.rootPem(index))),
    );
    const [standard = '', , last = ''] = roots;
    assert.equal(new Set(roots).size, 3);
    await succeeds(ground.certonly(NAME, ground.standalone));
    assert.equal(topmostIssuer(ground), standard);
    await succeeds(
      ground.certonly(NAME, [...ground.standalone, '--preferred-chain', last, '--force-renewal']),
    );
    assert.equal(topmostIssuer(ground), last);
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0003');
    assert.equal(topmostIssuer(ground), last);
  });

  test('that do not exist are replaced by the default, with a warning', async (t) => {
    const ground = await breakGround(t);
    const wanted = ['--preferred-chain', 'No Such Root'];
    const { stderr } = await succeeds(ground.certonly(NAME, [...ground.standalone, ...wanted]));
    assert.match(stderr, /No Such Root/);
    assert.equal(topmostIssuer(ground), commonName(await ground.pebble.rootPem()));
  });
});

describe('--dry-run at Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('walks the whole order and keeps nothing but the account', async (t) => {
    const ground = await breakGround(t);
    const hook = ['--deploy-hook', 'echo deployed'];
    const { stdout } = await succeeds(ground.certonly(NAME, [...ground.standalone, ...hook, '--dry-run']));
    assert.match(ground.pebble.log(), /Issued certificate serial/);
    assert.doesNotMatch(stdout, /deployed/);
    for (const directory of ['live', 'archive', 'renewal', 'state'])
      assert.deepEqual(ground.list(directory), [], directory);
    await succeeds(ground.certonly(NAME, [...ground.standalone, '--dry-run']));
    const accounts = requestsIn(ground.pebble.log()).filter((line) => line.includes('/sign-me-up'));
    assert.equal(accounts.length, 1);
  });

  test('of renew leaves each file as it is', async (t) => {
    const ground = await breakGround(t);
    await succeeds(ground.certonly(NAME, ground.standalone));
    const before = [ground.list('archive', NAME), ground.lineage(NAME).fullchain, ground.list('.')];
    await succeeds(ground.renew(['--dry-run']));
    assert.equal(countOrders(ground.pebble), 2);
    const after = [ground.list('archive', NAME), ground.lineage(NAME).fullchain, ground.list('.')];
    assert.deepEqual(after, before);
  });

  test('tells of a name that cannot be proven', async (t) => {
    const ground = await breakGround(t);
    const elsewhere = standaloneOn(ground.pebble.tlsPort);
    const { status, stderr } = await ground.certonly(NAME, [...elsewhere, '--dry-run']);
    assert.equal(status, 1);
    assert.match(stderr, /could not validate www\.example\.test/);
  });
});

async function deactivate({ pebble, configDir, list }: Ground): Promise<void> {
  const folder = join(configDir, 'accounts', list('accounts')[0] ?? '');
  const { url } = JSON.parse(readFileSync(join(folder, 'account.json'), 'utf8'));
  const limits = { connectTimeoutMs: 10_000, timeoutMs: 10_000, maxBytes: 1 << 20, maxSockets: 1 };
  const { send, close } = createHttpSender(limits, readFileSync(pebble.caBundle, 'utf8'), {});
  const accountKey = readFileSync(join(folder, 'key.pem'), 'utf8');
  const connection = connect(
    { directoryUrl: pebble.directoryUrl, accountKey, accountUrl: url },
    { send, clock: systemClock, signal: new AbortController().signal, userAgent: 'test/1' },
  );
  const { body } = await connection.post(url, { status: 'deactivated' }, 'account', AccountSchema);
  assert.equal(body.status, 'deactivated');
  close();
}

function topmostIssuer(ground: Ground): string {
  const blocks = ground
    .lineage(NAME)
    .fullchain.split(/(?<=-----END CERTIFICATE-----\n)/)
    .filter(Boolean);
  return commonName(blocks.at(-1) ?? '', 'issuer');
}

function commonName(pem: string, field: 'issuer' | 'subject' = 'subject'): string {
  return /^CN=(.*)$/m.exec(new X509Certificate(pem)[field])?.[1] ?? '';
}
