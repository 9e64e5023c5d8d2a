import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { EvercertError } from '../../src/errors.ts';
import { createRevocationCheck } from '../../src/revocation/check.ts';
import type { RevocationQuery } from '../../src/revocation/values.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createHttpSender, type SendHttp } from '../../src/system/http.ts';
import { startRevocationServer } from '../support/revocation-server.ts';
import { freePort } from '../support/rig/ports.ts';
import { NOW } from '../unit-kit/clock.ts';
import { NEVER } from '../unit-kit/expect.ts';
import {
  certify,
  certifyCa,
  crlOf,
  ocspResponse,
  type Party,
  reason,
  STATUS,
  serialHex,
} from '../unit-kit/revocation.ts';

const HOUR = 3_600_000;
const ca = await certifyCa('Check');
const otherCa = await certifyCa('Check other');
const leaf = await certify({ name: 'leaf', serial: '9001' }, ca);
const revoked = await certify({ name: 'revoked', serial: '05' }, ca);
const crl = crlOf({ issuer: ca, entries: [{ serial: serialHex(revoked), extensions: [reason(1)] }] });

/** Waiting takes a twentieth of its time. */
const clock = {
  ...systemClock,
  now: () => NOW,
  sleep: (ms: number, signal: AbortSignal) => systemClock.sleep(ms / 20, signal),
};

/** Time goes from one sleeper to the next, whatever else this machine does meanwhile. */
function sleepersClock(t: TestContext) {
  const sleepers = new Set<{ at: number; wake: () => void }>();
  let now = 0;
  const pump = setInterval(() => {
    now = Math.min(...[...sleepers].map(({ at }) => at));
    for (const sleeper of [...sleepers].filter(({ at }) => at <= now)) {
      sleepers.delete(sleeper);
      sleeper.wake();
    }
  }, 20);
  t.after(() => clearInterval(pump));
  const sleep = (ms: number, signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const sleeper = { at: now + ms, wake: resolve };
      sleepers.add(sleeper);
      signal.addEventListener('abort', () => {
        sleepers.delete(sleeper);
        reject(signal.reason);
      });
    });
  return { ...clock, sleep };
}

async function meet(t: TestContext) {
  const server = await startRevocationServer();
  const { send, close } = createHttpSender(
    { connectTimeoutMs: 10_000, timeoutMs: 30_000, maxBytes: 1 << 20, maxSockets: 8 },
    undefined,
    {},
  );
  t.after(async () => {
    close();
    await server.close();
  });
  server.crls.set('/1.crl', { bytes: crl, etag: '"one"' });
  const url = (path: string) => server.baseUrl + path;
  const checkWith = (sender: SendHttp, signal = NEVER) =>
    createRevocationCheck({ send: sender, clock, signal, userAgent: 'unit/1' }).check;
  return { server, url, send, checkWith, check: checkWith(send) };
}

const query = (lineage: string, party: Party, more: Partial<RevocationQuery>): RevocationQuery => ({
  lineage,
  certPem: party.pem,
  issuerPem: ca.pem,
  ...more,
});

const good = { status: 'good', reason: undefined, source: 'ocsp', etag: undefined, validUntil: undefined };
const inCrl = {
  ...good,
  source: 'crl',
  etag: '"one"',
  validUntil: NOW + 90 * HOUR,
  nextCheckAt: NOW + 24 * HOUR,
};
const inOcsp = { ...good, nextCheckAt: NOW + 4 * HOUR };

function unknownOf(answer: unknown): EvercertError {
  assert.ok(answer instanceof EvercertError);
  assert.equal(answer.code, 'revocation-unknown');
  return answer;
}

test('one fetch of a CRL for all that name it', async (t) => {
  const { server, url, check } = await meet(t);
  const crlAt = { crl: url('/1.crl') };
  const answers = await check([
    query('a', leaf, crlAt),
    query('b', revoked, crlAt),
    query('c', leaf, { ...crlAt, issuerPem: otherCa.pem }),
    query('d', leaf, { ...crlAt, certPem: 'damaged' }),
    query('e', leaf, {}),
  ]);
  assert.deepEqual(answers.get('a'), inCrl);
  assert.deepEqual(answers.get('b'), {
    ...inCrl,
    status: 'revoked',
    reason: 'keyCompromise',
    etag: undefined,
    validUntil: undefined,
  });
  assert.match(unknownOf(answers.get('c')).message, /another CA/);
  assert.match(unknownOf(answers.get('d')).message, /does not decode/);
  assert.match(unknownOf(answers.get('e')).message, /neither/);
  assert.deepEqual(
    server.requests.map(({ method, path, userAgent }) => [method, path, userAgent]),
    [['GET', '/1.crl', 'unit/1']],
  );
});

test('an unchanged CRL is not transferred, if all were found good in it and it still holds', async (t) => {
  const { server, url, check } = await meet(t);
  const known = { crl: url('/1.crl'), etag: '"one"', validUntil: NOW + 3 * HOUR };
  const kept = { ...inCrl, validUntil: NOW + 3 * HOUR, nextCheckAt: NOW + 3 * HOUR };
  const answers = await check([query('a', leaf, known), query('b', leaf, known)]);
  assert.deepEqual([...answers.values()], [kept, kept]);
  const unlike: readonly Partial<RevocationQuery>[] = [
    { etag: '"two"' },
    { etag: undefined },
    { validUntil: NOW },
    { validUntil: undefined },
  ];
  for (const more of unlike)
    assert.deepEqual(
      (await check([query('a', leaf, known), query('b', leaf, { ...known, ...more })])).get('a'),
      inCrl,
    );
  assert.deepEqual((await check([query('a', leaf, { ...known, etag: '"old"' })])).get('a'), inCrl);
  assert.deepEqual(
    server.requests.map(({ status }) => status),
    [304, 200, 200, 200, 200, 200],
  );
});

test('what the server calls unchanged without being asked so is no answer', async (t) => {
  const { url, checkWith } = await meet(t);
  const send: SendHttp = async () => ({ status: 304, headers: {}, body: '', bytes: Buffer.alloc(0) });
  const answers = await checkWith(send)([query('a', leaf, { crl: url('/1.crl') })]);
  assert.match(unknownOf(answers.get('a')).message, /status 304/);
});

test('an entity tag that could not be sent back is not kept', async (t) => {
  const { server, url, check } = await meet(t);
  server.crls.set('/1.crl', { bytes: crl, etag: 'no quotes' });
  const answers = await check([query('a', leaf, { crl: url('/1.crl') })]);
  assert.deepEqual(answers.get('a'), { ...inCrl, etag: undefined });
});

test('the responder is asked first', async (t) => {
  const { server, url, check } = await meet(t);
  server.respond = () => ocspResponse({ leaf, issuer: ca });
  const both = { responder: url('/ocsp'), crl: url('/1.crl') };
  assert.deepEqual((await check([query('a', leaf, both)])).get('a'), inOcsp);
  server.respond = () => ocspResponse({ leaf, issuer: ca, status: STATUS.revoked(4) });
  const answers = await check([query('a', leaf, both)]);
  assert.deepEqual(answers.get('a'), { ...inOcsp, status: 'revoked', reason: 'superseded' });
  assert.deepEqual(
    server.requests.map(({ method, path }) => `${method} ${path}`),
    ['POST /ocsp', 'POST /ocsp'],
  );
});

test('the next check: half of the validity, an hour at least, a day at most', async (t) => {
  const { server, url, check } = await meet(t);
  const next = async (thisUpdate: number, nextUpdate: number | null) => {
    server.respond = () => ocspResponse({ leaf, issuer: ca, thisUpdate, nextUpdate });
    const answer = (await check([query('a', leaf, { responder: url('/') })])).get('a');
    return answer instanceof EvercertError ? answer : ((answer?.nextCheckAt ?? 0) - NOW) / HOUR;
  };
  assert.equal(await next(NOW - 10 * HOUR, NOW + 20 * HOUR), 5);
  assert.equal(await next(NOW - 10 * HOUR, NOW + HOUR), 1);
  assert.equal(await next(NOW, NOW + 200 * HOUR), 24);
  assert.equal(await next(NOW, null), 12);
});

test('where OCSP fails, the CRL answers', async (t) => {
  const { server, url, check } = await meet(t);
  const both = query('a', leaf, { responder: url('/ocsp'), crl: url('/1.crl') });
  const failing = [
    () => 500,
    () => Buffer.from('x'),
    () => ocspResponse({ leaf, issuer: ca, status: STATUS.unknown }),
  ];
  for (const respond of failing) {
    server.respond = respond;
    assert.deepEqual((await check([both])).get('a'), inCrl);
  }
  const refused = `http://127.0.0.1:${await freePort()}/`;
  assert.deepEqual((await check([{ ...both, responder: refused }])).get('a'), inCrl);
  const neither = unknownOf((await check([{ ...both, crl: url('/none') }])).get('a'));
  assert.match(neither.message, /answered with status 404/);
  assert.match(neither.details.join(), /by OCSP: .*does not know the certificate/);
  const alone = unknownOf((await check([{ ...both, responder: refused, crl: undefined }])).get('a'));
  assert.match(alone.message, /connection refused/);
});

test('a host that hangs costs ten seconds once, and nobody else waits', async (t) => {
  const [{ server: slow, url: slowUrl }, { url, check }] = [await meet(t), await meet(t)];
  slow.hangs = true;
  const stuck = Array.from({ length: 30 }, (_, index) =>
    query(`s${index}`, leaf, { responder: slowUrl('/'), crl: url('/1.crl') }),
  );
  const lost = query('lost', leaf, { responder: slowUrl('/') });
  const started = performance.now();
  const answers = await check([...stuck, lost, query('quick', leaf, { crl: url('/1.crl') })]);
  for (const { lineage } of [...stuck, { lineage: 'quick' }]) assert.deepEqual(answers.get(lineage), inCrl);
  assert.match(unknownOf(answers.get('lost')).message, /did not answer within 10 s/);
  assert.equal(slow.requests.length, 4);
  assert.ok(performance.now() - started < 2000);
});

test('after 20 s the rest is unknown', async (t) => {
  const never: SendHttp = (_, signal) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
  const { check } = createRevocationCheck({
    send: never,
    clock: sleepersClock(t),
    signal: NEVER,
    userAgent: 'unit/1',
  });
  const queries = Array.from({ length: 100 }, (_, index) =>
    query(`${index}`, leaf, { responder: `http://host${index}.example/` }),
  );
  const answers = await check(queries);
  const messages = [...answers.values()].map((answer) => unknownOf(answer).message);
  assert.equal(messages.length, 100);
  assert.equal(messages.filter((message) => /within 10 s/.test(message)).length, 32);
  assert.ok(messages.filter((message) => /no answer within 20 s/.test(message)).length >= 36);
});

test('an interrupted run ends at once, with its reason', async (t) => {
  const { server, url, send, checkWith } = await meet(t);
  server.hangs = true;
  const stop = new AbortController();
  const reasonOfStop = new EvercertError('interrupted', 'SIGINT', 'hint');
  const running = checkWith(
    send,
    stop.signal,
  )([query('a', leaf, { responder: url('/'), crl: url('/1.crl') })]);
  setTimeout(() => stop.abort(reasonOfStop), 20);
  await assert.rejects(running, reasonOfStop);
  await assert.rejects(checkWith(send, stop.signal)([]), reasonOfStop);
});

test('a bug is not hidden', async (t) => {
  const { checkWith, url } = await meet(t);
  const bug = new TypeError('bug');
  const send: SendHttp = () => Promise.reject(bug);
  await assert.rejects(checkWith(send)([query('a', leaf, { crl: url('/') })]), bug);
});
