import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { beginningWith, type RunOptions, type RunResult } from '../support/evercert.ts';
import { freePort } from '../support/rig/ports.ts';
import { until } from '../support/rig/processes.ts';
import { skipWithout } from '../support/rig/requirements.ts';
import { startHeldWebroot } from './held-webroot.ts';
import { breakGround, filesBelow, type Ground, standaloneOn, succeeds } from './kit.ts';
import { countOrders, requestsIn, since } from './pebble-log.ts';

const NAME = 'www.example.test';
/** Milliseconds after the next run asked for the order. */
const MOMENTS = { 'at once': 0, later: 500 } as const;

/** A ground whose web server keeps Pebble waiting, so that no order can be done before `release`. */
async function heldGround(t: TestContext) {
  const ground = await breakGround(t);
  const web = await startHeldWebroot(ground.scratch, ground.pebble.httpPort);
  t.after(web.close);
  const certonly = (run?: RunOptions) =>
    ground.certonly(`${NAME},example.test`, ['--webroot', '-w', web.webroot], run);
  return { ground, web, certonly };
}

/** Starts a run, and kills it once `condition` holds. */
async function killedWhen(
  start: (options: RunOptions) => Promise<RunResult>,
  condition: () => boolean,
): Promise<void> {
  let kill: (signal: NodeJS.Signals) => void = () => undefined;
  const ended = start({
    onStart: (killIt) => {
      kill = killIt;
    },
  });
  await until('the run is where it is to die', condition);
  kill('SIGKILL');
  assert.equal((await ended).signal, 'SIGKILL');
}

/** Permissions of all files and directories in a tree. */
function modesBelow(directory: string): string[] {
  const paths = readdirSync(directory, { recursive: true, encoding: 'utf8' });
  return paths.map((path) => (statSync(join(directory, path)).mode & 0o777).toString(8)).sort();
}

function hasPending({ list }: Ground): boolean {
  return list('archive', NAME).includes('.pending');
}

describe('a run that died after its order was placed', { skip: skipWithout(['pebble']) }, () => {
  test('is finished by the next with the same order', async (t) => {
    const { ground, web, certonly } = await heldGround(t);
    await killedWhen(certonly, () => countOrders(ground.pebble) === 1);
    assert.ok(hasPending(ground));
    web.release();
    await succeeds(certonly());
    assert.equal(countOrders(ground.pebble), 1);
    assert.equal(ground.lineage(NAME).version, '0001');
    assert.equal(hasPending(ground), false);
  });

  test('is finished with the same order and key when it died while the CA validated', async (t) => {
    const { ground, web, certonly } = await heldGround(t);
    const env = beginningWith('process.umask(0o077)');
    await killedWhen(
      (run) => certonly({ ...run, env }),
      () => web.asked() === 2,
    );
    assert.deepEqual(modesBelow(web.webroot), ['644', '644', '755', '755']);
    const key = readFileSync(join(ground.configDir, 'archive', NAME, '.pending', 'privkey.pem'), 'utf8');
    web.release();
    await until('Pebble has validated both names', () => ground.pebble.log().split('set VALID').length > 2);
    const start = ground.pebble.log().length;
    await succeeds(certonly());
    assert.equal(countOrders(ground.pebble), 1);
    assert.deepEqual(
      requestsIn(since(ground.pebble, start)).filter((line) => line.includes('/chalZ/')),
      [],
    );
    assert.equal(readFileSync(ground.live(NAME, 'privkey.pem'), 'utf8'), key);
    // Nor are the directories left that the killed run had made.
    assert.deepEqual(readdirSync(web.webroot), []);
  });

  for (const [moment, waitMs] of Object.entries(MOMENTS)) {
    test(`is finished with the same order while the CA still validates, and is done ${moment}`, async (t) => {
      const { ground, web, certonly } = await heldGround(t);
      await killedWhen(certonly, () => web.asked() === 2);
      const start = ground.pebble.log().length;
      const asked = () => requestsIn(since(ground.pebble, start));
      const second = certonly();
      const readsOrder = () => asked().some((line) => line.includes('/my-order/'));
      await until('the next run reads the order', readsOrder);
      await sleep(waitMs);
      web.release();
      await succeeds(second);
      assert.equal(countOrders(ground.pebble), 1);
      assert.deepEqual(filesBelow(web.webroot), []);
    });
  }

  test('of renew is finished by a renew that is not forced', async (t) => {
    const { ground, web, certonly } = await heldGround(t);
    web.release();
    await succeeds(certonly());
    const before = ground.lineage(NAME);
    web.hold();
    await killedWhen(
      (options) => ground.renew(['--force-renewal'], options),
      () => countOrders(ground.pebble) === 2,
    );
    assert.equal(ground.lineage(NAME).fingerprint, before.fingerprint);
    web.release();
    const { stdout } = await succeeds(ground.renew());
    assert.match(stdout, /1 renewed/);
    assert.equal(countOrders(ground.pebble), 2);
    assert.equal(ground.lineage(NAME).version, '0002');
    assert.deepEqual(filesBelow(web.webroot), []);
  });

  test('and whose URL was never heard is found among more than a page of orders', async (t) => {
    const { ground, web, certonly } = await heldGround(t);
    web.release();
    for (const name of ['a.test', 'b.test', 'c.test', 'd.test'])
      await succeeds(ground.certonly(name, ['--webroot', '-w', web.webroot]));
    web.hold();
    await killedWhen(certonly, () => web.asked() > 4);
    const file = join(ground.configDir, 'archive', NAME, '.pending', 'order.json');
    const { orderUrl, ...unheard } = JSON.parse(readFileSync(file, 'utf8'));
    assert.match(orderUrl, /\/my-order\//);
    writeFileSync(file, JSON.stringify(unheard));
    web.release();
    await succeeds(certonly());
    const pages = requestsIn(ground.pebble.log()).filter((line) => line.includes('/list-orderz/'));
    assert.deepEqual([countOrders(ground.pebble), pages.length], [5, 2]);
    assert.equal(ground.lineage(NAME).version, '0001');
  });

  test('with nobody left to answer the CA costs one order more', async (t) => {
    const { ground, web } = await heldGround(t);
    const elsewhere = standaloneOn(await freePort());
    const first = (run: RunOptions) => ground.certonly(NAME, elsewhere, run);
    await killedWhen(first, () => web.asked() === 1);
    web.close();
    await until('Pebble gives it up', () => ground.pebble.log().includes('set INVALID'));
    await succeeds(ground.certonly(NAME, ground.standalone));
    assert.equal(countOrders(ground.pebble), 2);
    assert.equal(ground.lineage(NAME).version, '0001');
  });
});
