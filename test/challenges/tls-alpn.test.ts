import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { tlsAlpnSolver } from '../../src/challenges/tls-alpn.ts';
import type { ListenTls, TlsAnswers } from '../../src/system/tls-alpn-server.ts';

const challenge = (name: string, token = name) => ({
  name,
  isWildcard: false,
  token,
  keyAuthorization: `${token}.thumbprint`,
  accountUrl: '',
});
const remember = async () => undefined;

function rig() {
  const log: string[] = [];
  const state: { answers?: TlsAnswers } = {};
  const listen: ListenTls = async (address, port, answers) => {
    log.push(`listen ${address} ${port}`);
    state.answers = answers;
    return { close: async () => void log.push('close') };
  };
  const namesFor = (serverName: string) => {
    const files = state.answers?.of(serverName);
    return files && new X509Certificate(files.certificate).subjectAltName;
  };
  return { log, namesFor, solver: tlsAlpnSolver(listen, '', 443, Date.now) };
}

test('each name by its own, addresses by their reverse names; then the port is free', async () => {
  const { log, namesFor, solver } = rig();
  assert.deepEqual([solver.type, solver.leavesTraces], ['tls-alpn-01', false]);
  const all = ['a.example', '192.0.2.1', '2001:db8::1'].map((name) => challenge(name));
  await solver.present(all, remember);
  const reverse = `1.${'0.'.repeat(23)}8.b.d.0.1.0.0.2.ip6.arpa`;
  assert.equal(namesFor('a.example'), 'DNS:a.example');
  assert.equal(namesFor('1.2.0.192.in-addr.arpa'), 'IP Address:192.0.2.1');
  assert.equal(namesFor(reverse), 'IP Address:2001:DB8:0:0:0:0:0:1');
  for (const other of ['192.0.2.1', 'b.example', '', '__proto__']) assert.equal(namesFor(other), undefined);
  await solver.cleanUp(all.slice(1));
  assert.deepEqual([namesFor('a.example'), namesFor(reverse)], ['DNS:a.example', undefined]);
  assert.deepEqual(log, ['listen  443']);
  await solver.cleanUp(all);
  await solver.cleanUp(all);
  assert.deepEqual(log, ['listen  443', 'close']);
});

test('two orders of one name come one after the other', async () => {
  const { log, namesFor, solver } = rig();
  const [first, second] = [challenge('a.example', 'one'), challenge('a.example', 'two')];
  await solver.present([first, challenge('b.example')], remember);
  let isPresented = false;
  const waiting = solver.present([challenge('c.example'), second], remember).then(() => {
    isPresented = true;
  });
  // What did not come to stand takes nothing away.
  await solver.cleanUp([second]);
  await new Promise((resolve) => setTimeout(resolve, 20));
  assert.deepEqual(
    [isPresented, namesFor('a.example'), namesFor('c.example')],
    [false, 'DNS:a.example', undefined],
  );
  await solver.cleanUp([first, challenge('b.example')]);
  await waiting;
  assert.equal(namesFor('c.example'), 'DNS:c.example');
  assert.deepEqual(log, ['listen  443', 'close', 'listen  443']);
});
