import assert from 'node:assert/strict';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { clockAt, evercert } from '../support/evercert.ts';
import { startFaultProxy } from '../support/fault-proxy/index.ts';
import { type PebbleOptions, startPebble } from '../support/rig/pebble.ts';
import { during } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { breakGround, type Ground, succeeds } from './kit.ts';
import { countOrders } from './pebble-log.ts';

const NAME = 'www.example.test';
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const LONG = { default: { description: 'long', validityPeriod: (90 * DAY) / 1000 } };
/** Pebble draws one for whoever names none. */
const PROFILES = {
  ...LONG,
  shortlived: { description: 'short', validityPeriod: (6 * DAY) / 1000 },
};

interface RememberedInfo {
  readonly start: number;
  readonly end: number;
  readonly chosenAt: number;
  readonly nextPollAt: number;
}

/** A lineage of 90 days at a Pebble that asks nobody. */
async function lineageAt(t: TestContext, flags: readonly string[] = [], options: PebbleOptions = {}) {
  const ground = await breakGround(t, { alwaysValid: true, profiles: LONG, ...options });
  await succeeds(ground.certonly(NAME, [...ground.standalone, ...flags]));
  return ground;
}

function edit(path: string, change: (content: Record<string, unknown>) => object): void {
  const content = JSON.parse(readFileSync(path, 'utf8'));
  writeFileSync(path, JSON.stringify({ ...content, ...change(content) }));
}

function editSettings({ configDir }: Ground, changes: object): void {
  edit(join(configDir, 'renewal', `${NAME}.json`), () => changes);
}

function remembered({ configDir }: Ground): RememberedInfo {
  return JSON.parse(readFileSync(join(configDir, 'state', `${NAME}.json`), 'utf8')).renewalInfo;
}

/** The next run asks the CA again, whenever it was asked last. */
function forgetPoll({ configDir }: Ground): void {
  edit(join(configDir, 'state', `${NAME}.json`), ({ renewalInfo }) =>
    renewalInfo === undefined ? {} : { renewalInfo: { ...renewalInfo, nextPollAt: 0 } },
  );
}

async function suggest({ pebble, live }: Ground, start: number, end: number): Promise<void> {
  const suggestedWindow = { start: new Date(start).toISOString(), end: new Date(end).toISOString() };
  await pebble.setRenewalInfo(readFileSync(live(NAME, 'cert.pem'), 'utf8'), { suggestedWindow });
}

const at = (time: number) => ({ env: clockAt(time) });

describe('a window that Pebble suggests', { skip: skipWithout(['pebble']) }, () => {
  test('is kept to: renewed at the time that was drawn from it, and not before', async (t) => {
    const ground = await lineageAt(t);
    const start = Math.floor(Date.now() / 1000) * 1000 + 20 * DAY;
    await suggest(ground, start, start + 2 * DAY);
    forgetPoll(ground);
    const first = await succeeds(ground.renew());
    assert.match(first.stdout, /not due/);
    const { chosenAt, ...info } = remembered(ground);
    assert.deepEqual([info.start, info.end], [start, start + 2 * DAY]);
    assert.ok(start <= chosenAt && chosenAt <= start + 2 * DAY, String(chosenAt));
    assert.match((await succeeds(ground.renew([], at(chosenAt - 60_000)))).stdout, /not due/);
    assert.equal(remembered(ground).chosenAt, chosenAt, 'drawn again although the window stands');
    const due = await succeeds(ground.renew([], at(chosenAt + 1000)));
    assert.match(due.stdout, /renewing: the CA suggests this time/);
    assert.equal(ground.lineage(NAME).version, '0002');
    assert.equal(countOrders(ground.pebble), 2);
  });

  test('in the past renews at once', async (t) => {
    const ground = await lineageAt(t);
    assert.match((await succeeds(ground.renew())).stdout, /not due/);
    await suggest(ground, Date.now() - 2 * DAY, Date.now() - DAY);
    forgetPoll(ground);
    assert.match((await succeeds(ground.renew())).stdout, /renewing: the CA suggests this time/);
    assert.equal(ground.lineage(NAME).version, '0002');
    assert.match((await succeeds(ground.renew())).stdout, /not due/);
  });

  test('that ends before it begins counts as none', async (t) => {
    const ground = await lineageAt(t);
    await suggest(ground, Date.now() - DAY, Date.now() - 2 * DAY);
    forgetPoll(ground);
    assert.match((await succeeds(ground.renew(['-v']))).stdout, /ends before it begins[\s\S]*not due/);
    assert.equal(ground.lineage(NAME).version, '0001');
  });
});

/** All that is asked of Pebble goes by a proxy, which notes it. */
async function watchedGround(t: TestContext) {
  const ground = await breakGround(t, { alwaysValid: true, profiles: LONG });
  const proxy = await startFaultProxy(join(ground.scratch, 'front.pem'));
  t.after(proxy.close);
  proxy.upstream = new URL(ground.pebble.directoryUrl).origin;
  const certonly = (caBundle: string, more: readonly string[] = []) => {
    const ca = ['--server', `${proxy.origin}/dir`, '--ca-bundle', caBundle];
    const account = ['--agree-tos', '--register-unsafely-without-email'];
    const argv = ['--config-dir', ground.configDir, ...ca, ...account, '-d', NAME, ...ground.standalone];
    return succeeds(evercert(['certonly', ...argv, ...more]));
  };
  const newOrders = () =>
    proxy.requests
      .filter(({ endpoint }) => endpoint === 'newOrder')
      .map(({ status, payload }) => [status, (payload as { replaces?: string }).replaces !== undefined]);
  return { ground, proxy, certonly, newOrders };
}

describe('`replaces` at Pebble', { skip: skipWithout(['pebble']) }, () => {
  test('is told, and accepted', async (t) => {
    const { ground, proxy, certonly, newOrders } = await watchedGround(t);
    await certonly(proxy.caBundle);
    await succeeds(ground.renew(['--force-renewal']));
    await succeeds(ground.renew(['--force-renewal']));
    assert.deepEqual(newOrders(), [
      [201, false],
      [201, true],
      [201, true],
    ]);
    assert.equal(ground.lineage(NAME).version, '0003');
  });

  test('by an order that was lost with all that was known of it: the next goes on without', async (t) => {
    const { ground, proxy, certonly, newOrders } = await watchedGround(t);
    await certonly(proxy.caBundle);
    // To Pebble a certificate is replaced when the one after it is made.
    proxy.inject({ endpoint: 'finalize', fault: { kind: 'lost-reply' } });
    assert.equal((await ground.renew(['--force-renewal'])).status, 1);
    rmSync(join(ground.configDir, 'archive', NAME, '.pending'), { recursive: true });
    const { stdout } = await succeeds(ground.renew(['--force-renewal']));
    assert.deepEqual(newOrders(), [
      [201, false],
      [201, true],
      [409, true],
      [201, false],
    ]);
    assert.match(stdout, /alreadyReplaced|replaces/);
    assert.equal(ground.lineage(NAME).version, '0002');
    await succeeds(ground.renew(['--force-renewal']));
    assert.equal(ground.lineage(NAME).version, '0003');
  });
});

describe('a profile at Pebble', { skip: skipWithout(['pebble']) }, () => {
  const lifetimeOf = (ground: Ground) => {
    const { validFrom, validTo } = ground.lineage(NAME).certificate;
    return Math.round((Date.parse(validTo) - Date.parse(validFrom)) / DAY);
  };

  test('of six days, required: renewed when half of them is over, not by the rule of long lives', async (t) => {
    const ground = await lineageAt(t, ['--required-profile', 'shortlived'], { profiles: PROFILES });
    assert.equal(lifetimeOf(ground), 6);
    const { stdout } = await succeeds(ground.renew());
    assert.match(stdout, /not due: valid until .* \(5 days\)/);
  });

  test('that Pebble does not offer: told what it offers; only preferred: its default is taken', async (t) => {
    const ground = await lineageAt(t, ['--preferred-profile', 'unheard']);
    assert.equal(lifetimeOf(ground), 90);
    const other = ['--required-profile', 'unheard'];
    const refused = await ground.certonly('other.example.test', [...ground.standalone, ...other]);
    assert.notEqual(refused.status, 0);
    assert.match(refused.stderr, /does not offer the profile "unheard", but default\n[\s\S]*hint: /);
    assert.equal(countOrders(ground.pebble), 1);
  });

  test('changed in the settings is a reason to renew', async (t) => {
    const ground = await lineageAt(t, ['--required-profile', 'default'], { profiles: PROFILES });
    assert.equal(lifetimeOf(ground), 90);
    editSettings(ground, { requiredProfile: 'shortlived' });
    assert.match((await succeeds(ground.renew())).stdout, /renewing: its profile in the settings changed/);
    assert.equal(lifetimeOf(ground), 6);
    assert.match((await succeeds(ground.renew())).stdout, /not due/);
    assert.equal(countOrders(ground.pebble), 2);
  });
});

describe('a second CA to fall back on', { skip: skipWithout(['pebble']) }, () => {
  test('gives the certificate while the first is away; the first is asked again when one is due', async (t) => {
    const second = await during(t, startPebble({ alwaysValid: true, profiles: LONG }));
    const { ground, proxy, certonly } = await watchedGround(t);
    const bundle = join(ground.scratch, 'both.pem');
    writeFileSync(bundle, readFileSync(proxy.caBundle, 'utf8') + readFileSync(second.caBundle, 'utf8'));
    await certonly(bundle, ['--fallback-server', second.directoryUrl]);
    const firstIssuer = ground.lineage(NAME).certificate.issuer;
    await proxy.refuse();
    const due = Date.now() + 62 * DAY;
    const fell = await succeeds(ground.renew([], at(due)));
    assert.match(fell.stdout, /asking the next CA/);
    assert.equal(ground.lineage(NAME).version, '0002');
    assert.notEqual(ground.lineage(NAME).certificate.issuer, firstIssuer);
    await proxy.listen();

    // The certificate is as old as the real clock says: not due, whichever CA it is of.
    assert.match((await succeeds(ground.renew([], at(Date.now() + DAY)))).stdout, /not due/);
    assert.equal(countOrders(ground.pebble), 1);
    await succeeds(ground.renew([], at(due + DAY)));
    assert.equal(ground.lineage(NAME).version, '0003');
    assert.deepEqual([countOrders(ground.pebble), countOrders(second)], [2, 1]);
  });
});
