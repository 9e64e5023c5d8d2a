import assert from 'node:assert/strict';
import { test } from 'node:test';
import { observe } from '../../src/commands/observe.ts';
import type { Lineage } from '../../src/lineage/scan.ts';
import type { LiveFacts } from '../../src/lineage/state.ts';
import { systemDisk } from '../../src/system/disk.ts';
import type { HttpResponse } from '../../src/system/http.ts';
import { fakeClock, NOW } from '../unit-kit/clock.ts';
import { SETTINGS } from '../unit-kit/examples.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { emptyStore } from '../unit-kit/store.ts';

const CA = 'https://ca.example';
const DIRECTORY = { newNonce: CA, newAccount: CA, newOrder: CA, renewalInfo: `${CA}/info` };
const DAY = 86_400_000;
const timeAt = (ms: number) => new Date(ms).toISOString();
const WINDOW = { suggestedWindow: { start: timeAt(NOW + 10 * DAY), end: timeAt(NOW + 12 * DAY) } };

function lineageOf(renewalId: string): { lineage: Lineage; live: LiveFacts } {
  const life = { notBefore: NOW - 50 * DAY, notAfter: NOW + 40 * DAY };
  const live = { version: '0001', names: SETTINGS.names, stamps: [], server: CA, renewalId, ...life };
  const lineage: Lineage = {
    kind: 'lineage',
    name: renewalId,
    settings: SETTINGS,
    live: { kind: 'whole', facts: live },
    deployed: '0001',
    pinned: false,
    pending: undefined,
    stateUnreadable: false,
    state: undefined,
    settingsStamp: undefined,
  };
  return { lineage, live };
}

/** Asks about these certificates, one answer after the other; those that were asked for. */
async function asked(ids: readonly string[], statusOf: (id: string) => number): Promise<string[]> {
  const found: string[] = [];
  const send = async ({ url }: { url: string }): Promise<HttpResponse> => {
    const answer = (status: number, body: object) => ({
      status,
      headers: {},
      bytes: Buffer.alloc(0),
      body: JSON.stringify(body),
    });
    if (!url.includes('/info/')) return answer(200, DIRECTORY);
    const id = url.slice(`${CA}/info/`.length);
    found.push(id);
    return answer(statusOf(id), WINDOW);
  };
  const edges = {
    disk: systemDisk,
    clock: fakeClock(),
    signal: NEVER,
    emit: () => undefined,
    userAgent: 'unit/1',
  };
  await observe(
    { ...edges, http: async () => ({ send, close: () => undefined }) },
    emptyStore(),
    ids.map(lineageOf),
  );
  return found;
}

const MANY = Array.from({ length: 60 }, (_, i) => `id.${i}`);

test('certificates that the CA does not know keep nobody from asking about the others', async () => {
  assert.deepEqual(await asked(MANY, () => 404), MANY);
});

test('a CA that fails again and again is left alone for this run', async () => {
  for (const status of [500, 429]) assert.ok((await asked(MANY, () => status)).length < MANY.length);
});
