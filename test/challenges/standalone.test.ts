import assert from 'node:assert/strict';
import { test } from 'node:test';
import { standaloneSolver } from '../../src/challenges/standalone.ts';
import { EvercertError } from '../../src/errors.ts';
import type { ListenHttp, Respond } from '../../src/system/http-server.ts';
import { rejection } from '../unit-kit/expect.ts';

const challenge = (token: string) => ({
  name: 'a.example',
  isWildcard: false,
  token,
  keyAuthorization: `${token}.thumbprint`,
  accountUrl: '',
});
const remember = async () => undefined;
const path = (token: string) => `/.well-known/acme-challenge/${token}`;

/** A listener that counts; `fails` times it cannot listen. */
function rig(fails = 0) {
  const log: string[] = [];
  const state: { respond?: Respond; fails: number } = { fails };
  const listen: ListenHttp = async (address, port, respond) => {
    log.push(`listen ${address} ${port}`);
    state.fails -= 1;
    if (state.fails >= 0) throw new EvercertError('port-in-use', 'taken', 'free it');
    state.respond = respond;
    return { close: async () => void log.push('close') };
  };
  return { log, state, solver: standaloneSolver(listen, '127.0.0.1', 8080) };
}

test('one listener for all challenges, for as long as there is one', async () => {
  const { log, state, solver } = rig();
  await Promise.all([
    solver.present([challenge('one')], remember),
    solver.present([challenge('two')], remember),
  ]);
  assert.deepEqual(log, ['listen 127.0.0.1 8080']);
  assert.equal(state.respond?.(path('one')), 'one.thumbprint');
  assert.equal(state.respond?.(path('two')), 'two.thumbprint');
  await solver.cleanUp([challenge('one')]);
  assert.equal(state.respond?.(path('one')), undefined);
  assert.deepEqual(log, ['listen 127.0.0.1 8080']);
  await solver.cleanUp([challenge('two')]);
  assert.deepEqual(log, ['listen 127.0.0.1 8080', 'close']);
});

test('nothing else is answered', async () => {
  const { state, solver } = rig();
  await solver.present([challenge('one')], remember);
  for (const other of ['/', path(''), path('two'), `${path('one')}/`, 'one', '__proto__'])
    assert.equal(state.respond?.(other), undefined, other);
});

test('cleaning up is safe without present, and twice', async () => {
  const { log, solver } = rig();
  await solver.cleanUp([challenge('one')]);
  await solver.present([challenge('one')], remember);
  await solver.cleanUp([challenge('one')]);
  await solver.cleanUp([challenge('one')]);
  assert.deepEqual(log, ['listen 127.0.0.1 8080', 'close']);
});

test('a port that was taken is tried again by the next order', async () => {
  const { log, solver } = rig(1);
  await rejection(solver.present([challenge('one')], remember), 'port-in-use');
  await solver.cleanUp([challenge('one')]);
  await solver.present([challenge('two')], remember);
  assert.deepEqual(log, ['listen 127.0.0.1 8080', 'listen 127.0.0.1 8080']);
});

test('an order that comes while the last one ends has a listener', async () => {
  const { log, state, solver } = rig();
  await solver.present([challenge('one')], remember);
  await Promise.all([solver.cleanUp([challenge('one')]), solver.present([challenge('two')], remember)]);
  assert.deepEqual(log, ['listen 127.0.0.1 8080', 'close', 'listen 127.0.0.1 8080']);
  assert.equal(state.respond?.(path('two')), 'two.thumbprint');
});
