import assert from 'node:assert/strict';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createServer as createTlsServer } from 'node:tls';
import { startListening } from '../../src/system/listening.ts';
import { freePort } from '../support/rig/ports.ts';

const HINTS = { taken: 'taken', addressFlag: '--address' };

/** A client that says `bytes` and never hangs up; `cut` resolves when the server does. */
function stay(t: TestContext, port: number, bytes: string): { cut: Promise<void> } {
  const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true }, () => socket.write(bytes));
  t.after(() => socket.destroy());
  const cut = new Promise<void>((resolve) => {
    socket.on('error', () => resolve()).on('end', () => resolve());
  });
  socket.resume();
  return { cut };
}

async function listen(t: TestContext, server: Server, limits: { connections: number; longestMs: number }) {
  const port = await freePort();
  const listening = await startListening(server, '127.0.0.1', port, HINTS, limits);
  t.after(() => listening.close());
  return port;
}

const SERVERS = {
  'a server that says nothing': () => createServer(() => undefined),
  'a handshake that does not come': () => createTlsServer({ handshakeTimeout: 50 }),
};

for (const [name, create] of Object.entries(SERVERS)) {
  test(`nobody stays for long: ${name}`, async (t) => {
    const port = await listen(t, create(), { connections: 100, longestMs: 150 });
    await Promise.all(['', 'x', '\x16\x03\x01\x02\x00\x01'].map((bytes) => stay(t, port, bytes).cut));
  });
}

test('many at once are turned away, until one has gone', async (t) => {
  const held: Socket[] = [];
  const server = createServer((socket) => void held.push(socket));
  const port = await listen(t, server, { connections: 2, longestMs: 60_000 });
  for (let count = 0; count < 2; count += 1) stay(t, port, 'x');
  while (held.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  await stay(t, port, 'x').cut;
  held.shift()?.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  stay(t, port, 'x');
  while (held.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
  assert.equal(held.length, 2);
});
