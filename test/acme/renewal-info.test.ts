import assert from 'node:assert/strict';
import { createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createRenewalInfo, pollFailureKind } from '../../src/acme/renewal-info.ts';
import { EvercertError } from '../../src/errors.ts';
import { createHttpSender, type HttpRequest, type HttpResponse } from '../../src/system/http.ts';
import { readLeaf } from '../../src/x509/certificate.ts';
import { freePort } from '../support/rig/ports.ts';
import { meetRegistered } from '../unit-kit/ca.ts';
import { issueChain } from '../unit-kit/chains.ts';
import { fakeClock, NOW } from '../unit-kit/clock.ts';
import { assertPrintable, NEVER, rejection } from '../unit-kit/expect.ts';

const DIRECTORY = 'https://ca.example/directory';
const RENEWAL_INFO = 'https://ca.example/renewal-info';
const ID = 'aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE';
const OTHERS = { newNonce: `${DIRECTORY}/n`, newAccount: `${DIRECTORY}/a`, newOrder: `${DIRECTORY}/o` };
const WINDOW = { start: '2026-06-03T04:00:00Z', end: '2026-06-05T04:00:00.5+02:00' };
const DIRECTORY_BODY = { ...OTHERS, renewalInfo: RENEWAL_INFO };

type Canned = Partial<HttpResponse> | Error;
const json = (value: unknown, more: Partial<HttpResponse> = {}): Canned => ({
  body: JSON.stringify(value),
  ...more,
});

/** Polls a CA made of canned answers. */
function polling(info: Canned, directory: Canned = json(DIRECTORY_BODY)) {
  const requests: HttpRequest[] = [];
  const send = async (request: HttpRequest): Promise<HttpResponse> => {
    requests.push(request);
    const answer = request.url === DIRECTORY ? directory : info;
    if (answer instanceof Error) throw answer;
    return { status: 200, headers: {}, body: '', bytes: Buffer.alloc(0), ...answer };
  };
  const { poll } = createRenewalInfo({ send, clock: fakeClock(), signal: NEVER, userAgent: 'unit/1' });
  return { poll: () => poll(DIRECTORY, ID), requests };
}

const windowOf = (suggestedWindow: unknown, more: object = {}) => json({ suggestedWindow, ...more });

test('an answer, and how it was asked for (RFC 9773 section 4.1)', async () => {
  const body = windowOf(WINDOW, { explanationURL: 'https://ca.example/incident' });
  const { poll, requests } = polling({ ...body, headers: { 'retry-after': '21600' } });
  assert.deepEqual(await poll(), {
    start: Date.parse('2026-06-03T04:00:00Z'),
    end: Date.parse('2026-06-05T02:00:00.5Z'),
    explanationUrl: 'https://ca.example/incident',
    retryAfterMs: 21_600_000,
  });
  assert.deepEqual(
    requests.map(({ url, method, headers }) => [url, method, headers['User-Agent']]),
    [
      [DIRECTORY, 'GET', 'unit/1'],
      [`${RENEWAL_INFO}/${ID}`, 'GET', 'unit/1'],
    ],
  );
});

test('a slash at the end of renewalInfo is not doubled', async () => {
  const { poll, requests } = polling(
    windowOf(WINDOW),
    json({ ...DIRECTORY_BODY, renewalInfo: `${RENEWAL_INFO}/` }),
  );
  await poll();
  assert.equal(requests[1]?.url, `${RENEWAL_INFO}/${ID}`);
});

test('Retry-After as a date, or missing', async () => {
  const retryAfter = async (value?: string) => {
    const headers: Record<string, string> = value === undefined ? {} : { 'retry-after': value };
    const answer = await polling({ ...windowOf(WINDOW), headers }).poll();
    return answer === 'unsupported' ? answer : answer.retryAfterMs;
  };
  assert.equal(await retryAfter(new Date(NOW + 60_000).toUTCString()), 60_000);
  assert.equal(await retryAfter(), undefined);
  assert.equal(await retryAfter('soon'), undefined);
});

test('an explanation that cannot be shown is none', async () => {
  for (const explanationURL of ['https://ca.example/\u001b[2J', 7, `https://${'a'.repeat(3000)}`]) {
    const answer = await polling(windowOf(WINDOW, { explanationURL })).poll();
    assert.ok(answer !== 'unsupported' && answer.explanationUrl === undefined);
  }
});

test('a CA without renewalInfo is asked for its directory once', async () => {
  const { poll, requests } = polling(windowOf(WINDOW), json(OTHERS));
  assert.deepEqual([await poll(), await poll()], ['unsupported', 'unsupported']);
  assert.equal(requests.length, 1);
});

test('so is one whose directory fails', async () => {
  const { poll, requests } = polling(windowOf(WINDOW), { status: 503 });
  await rejection(poll(), 'acme-problem');
  await rejection(poll(), 'acme-problem');
  assert.equal(requests.length, 1);
});

const at = '2026-06-03T04:00:00Z';
const BAD_WINDOWS: Record<string, unknown> = {
  'none at all': undefined,
  'no end': { start: at },
  'the end before the start': { start: WINDOW.end, end: at },
  'the end at the start': { start: at, end: at },
  'both long before 1970': { start: '0001-01-01T00:00:00Z', end: '0002-01-01T00:00:00Z' },
  'a number': { start: 1, end: 2 },
  'a date alone': { start: '2026-06-03', end: WINDOW.end },
  'no zone': { start: '2026-06-03T04:00:00', end: WINDOW.end },
  'a day that is none': { start: '2026-02-30T04:00:00Z', end: WINDOW.end },
  'an hour that is none': { start: '2026-06-03T24:00:00Z', end: WINDOW.end },
  'a zone that is none': { start: '2026-06-03T04:00:00+25:00', end: WINDOW.end },
  'a line of text': { start: 'June 3, 2026', end: WINDOW.end },
  'text around it': { start: ` ${at}`, end: WINDOW.end },
};

for (const [name, window] of Object.entries(BAD_WINDOWS)) {
  test(`a window refused: ${name}`, async () => {
    const error = await rejection(polling(windowOf(window)).poll(), 'bad-answer');
    assert.equal(pollFailureKind(error), 'long-term');
    assertPrintable(error.message);
  });
}

test('lower case, offsets and fractions are RFC 3339 too', async () => {
  const window = { start: '2026-06-03t04:00:00.123456789-02:30', end: '2026-06-05t04:00:00z' };
  const answer = await polling(windowOf(window)).poll();
  assert.ok(answer !== 'unsupported');
  assert.deepEqual(
    [answer.start, answer.end],
    [Date.parse('2026-06-03T06:30:00.123Z'), Date.parse(window.end.toUpperCase())],
  );
});

test('a time before 1970 counts as 1970, which state can hold', async () => {
  const answer = await polling(windowOf({ ...WINDOW, start: '0001-01-01T00:00:00Z' })).poll();
  assert.ok(answer !== 'unsupported');
  assert.equal(answer.start, 0);
});

test('what is no JSON, or a plain URL of a CA that speaks TLS, is refused', async () => {
  await rejection(polling({ body: '<html>' }).poll(), 'bad-answer');
  const plain = json({ ...OTHERS, renewalInfo: 'http://ca.example/renewal-info' });
  assert.match((await rejection(polling(windowOf(WINDOW), plain).poll(), 'bad-answer')).message, /not https/);
});

test('statuses: 5xx and 429 are temporary, others are not (RFC 9773 section 4.3.3)', async () => {
  const kindOf = async (status: number) =>
    pollFailureKind(await rejection(polling({ status }).poll(), 'acme-problem'));
  for (const status of [500, 502, 503, 504, 429]) assert.equal(await kindOf(status), 'temporary');
  for (const status of [201, 301, 400, 403, 404, 410]) assert.equal(await kindOf(status), 'long-term');
});

/** The error of a poll by a real sender. */
async function networkFailure(t: TestContext, directoryUrl: string): Promise<EvercertError> {
  const { send, close } = createHttpSender(
    { connectTimeoutMs: 200, timeoutMs: 200, maxBytes: 1000, maxSockets: 1 },
    undefined,
    {},
  );
  t.after(close);
  const { poll } = createRenewalInfo({ send, clock: fakeClock(), signal: NEVER, userAgent: 'unit/1' });
  return rejection(poll(directoryUrl, ID), 'connection-failed');
}

async function socketServer(t: TestContext, onSocket: (socket: Socket) => void): Promise<string> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    t.after(() => socket.destroy());
    onSocket(socket);
  });
  const port = await freePort();
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  t.after(() => server.close());
  return `http://127.0.0.1:${port}/`;
}

test('time-outs and cut connections are temporary; refused ones and unknown names are not', async (t) => {
  const silent = await socketServer(t, () => undefined);
  const cut = await socketServer(t, (socket) => socket.once('data', () => socket.destroy()));
  const short = await socketServer(t, (socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{')),
  );
  const kinds = await Promise.all(
    [silent, cut, short, `http://127.0.0.1:${await freePort()}/`, 'http://ca.invalid/'].map(async (url) =>
      pollFailureKind(await networkFailure(t, url)),
    ),
  );
  assert.deepEqual(kinds.slice(0, 4), ['temporary', 'temporary', 'temporary', 'long-term']);
  const unresolved = Object.assign(new TypeError(), { code: 'ENOTFOUND' });
  assert.equal(pollFailureKind(new EvercertError('connection-failed', 'm', 'h', unresolved)), 'long-term');
  assert.equal(pollFailureKind(new EvercertError('tls-failed', 'm', 'h', unresolved)), 'long-term');
});

test('a CA that issued nothing of the kind answers 404', async (t) => {
  const { ca } = await meetRegistered(t);
  const { send, close } = createHttpSender(
    { connectTimeoutMs: 5000, timeoutMs: 5000, maxBytes: 1 << 16, maxSockets: 1 },
    undefined,
    {},
  );
  t.after(close);
  const { poll } = createRenewalInfo({ send, clock: fakeClock(), signal: NEVER, userAgent: 'unit/1' });
  const { renewalId = '' } = readLeaf((await issueChain(['a.example'])).leafPem);
  assert.match(
    (await rejection(poll(ca.directoryUrl, renewalId), 'acme-problem')).message,
    /refused renewalInfo/,
  );
});
