import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createApi } from '../../../src/challenges/dns/api.ts';
import { EvercertError } from '../../../src/errors.ts';
import { createHttpSender } from '../../../src/system/http.ts';
import { fakeClock } from '../../unit-kit/clock.ts';
import { NEVER, rejection } from '../../unit-kit/expect.ts';

const SPEC = { provider: 'x', base: 'https://x.test', headers: {}, secrets: [], explain: () => undefined };

function ask(request: () => Promise<{ status: number; body: string }>, base = SPEC.base) {
  const { now, sleep } = fakeClock();
  const edges = {
    now,
    sleep: (ms: number) => sleep(ms, NEVER),
    request: async () => ({ headers: {}, bytes: Buffer.alloc(0), ...(await request()) }),
  };
  return rejection(createApi({ ...SPEC, base }, edges).send('POST', '/records', {}), 'dns-provider');
}

test('a clear no has no cause; whatever may have been done all the same has one', async () => {
  const answers = { 400: true, 403: true, 404: true, 429: true, 500: false, 502: false, 504: false };
  for (const [status, isClear] of Object.entries(answers)) {
    const { cause } = await ask(async () => ({ status: Number(status), body: '{}' }));
    assert.equal(cause === undefined, isClear, status);
  }
  assert.ok((await ask(async () => ({ status: 200, body: '<html>' }))).cause !== undefined);
  const timeout = new EvercertError('connection-failed', 'no answer', 'hint');
  assert.equal((await ask(() => Promise.reject(timeout))).cause, timeout);
});

test('a URL that is none is no mistake of ours', async () => {
  const limits = { connectTimeoutMs: 1, timeoutMs: 1, maxBytes: 1, maxSockets: 1 };
  const { send } = createHttpSender(limits, undefined, {});
  const { message } = await ask(() => send({ url: 'x/', method: 'GET', headers: {} }, NEVER));
  assert.equal(message, 'x: one of its URLs is none');
});
