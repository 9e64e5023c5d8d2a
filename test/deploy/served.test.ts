import 'reflect-metadata';
import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { test } from 'node:test';
import { waitUntilAllServed, waitUntilServed } from '../../src/deploy/served.ts';
import { parseVerifyTarget } from '../../src/deploy/verify.ts';
import { EvercertError } from '../../src/errors.ts';
import type { ProbeQuestion, ProbeTls } from '../../src/system/tls-probe.ts';
import { issueChain, rsaKey } from '../unit-kit/chains.ts';
import { fakeClock } from '../unit-kit/clock.ts';
import { NEVER } from '../unit-kit/expect.ts';
import { leafDer } from '../unit-kit/leaf-der.ts';

const names = ['www.example.com'];
const leaf = { der: leafDer((await issueChain(names)).leafPem), names };
const old = leafDer((await issueChain(['old.example.com'], rsaKey)).leafPem);
const refused = new EvercertError('not-served', 'connection refused', 'x');

/** A probe that finds these in turn, the last one for ever. */
function finding(...answers: readonly (Buffer | EvercertError)[]) {
  const asked: (ProbeQuestion & { timeoutMs: number })[] = [];
  const probe: ProbeTls = async (question, timeoutMs) => {
    const answer = answers[Math.min(asked.length, answers.length - 1)];
    asked.push({ ...question, timeoutMs });
    if (answer instanceof Buffer) return answer;
    throw answer;
  };
  return { probe, asked };
}

const wait = (probe: ProbeTls, text: string, clock = fakeClock(), expected = leaf) =>
  waitUntilServed(probe, parseVerifyTarget(text), expected, clock, NEVER);

test('served at once: asked once, by the name and for the key of the certificate', async () => {
  const { probe, asked } = finding(leaf.der);
  const clock = fakeClock();
  assert.deepEqual(await wait(probe, 'h:443', clock), { served: true });
  assert.deepEqual(clock.slept, []);
  const address = { host: 'h', port: 443 };
  const serverName = 'www.example.com';
  assert.deepEqual(asked, [
    { address, serverName, starttls: undefined, keyType: 'ecdsa', timeoutMs: 10_000 },
  ]);
  const other = finding(old);
  await wait(other.probe, 'h:443,sni=x.example', clock, { der: old, names });
  assert.deepEqual([other.asked[0]?.keyType, other.asked[0]?.serverName], ['rsa', 'x.example']);
});

test('served after a while: the pauses grow', async () => {
  const { probe, asked } = finding(refused, old, old, old, old, old, old, leaf.der);
  const clock = fakeClock();
  assert.deepEqual(await wait(probe, 'h:443', clock), { served: true });
  assert.deepEqual(clock.slept, [200, 400, 800, 1600, 3200, 5000, 5000]);
  assert.equal(asked.length, 8);
});

test('another one until the time is over: which, and asked to the very end', async () => {
  const { probe, asked } = finding(old);
  const clock = fakeClock();
  const result = await wait(probe, 'h:443,within=3s', clock);
  const { serialNumber, validTo } = new X509Certificate(old);
  const seen = { serial: serialNumber.toLowerCase(), notAfter: Date.parse(validTo) };
  const until = new Date(seen.notAfter).toISOString().slice(0, 10);
  const why = `it serves another certificate (serial ${seen.serial}, valid until ${until})`;
  assert.deepEqual(result, { served: false, why, seen });
  assert.deepEqual(clock.slept, [200, 400, 800, 1600]);
  assert.deepEqual(
    asked.map(({ timeoutMs }) => timeoutMs),
    [3000, 2800, 2400, 1600, 1000],
  );
});

test('the last reason is told', async () => {
  const { probe } = finding(old, refused);
  const result = await wait(probe, 'h:443,within=1s');
  assert.deepEqual(result, { served: false, why: 'connection refused' });
  const garbage = await wait(finding(Buffer.from('x')).probe, 'h:443,within=1s');
  assert.deepEqual(garbage, { served: false, why: 'it serves a certificate that cannot be read' });
});

test('an interruption and a bug go on up', async () => {
  const controller = new AbortController();
  const probe: ProbeTls = async () => {
    controller.abort(new TypeError('stop'));
    throw refused;
  };
  const target = parseVerifyTarget('h:443');
  await assert.rejects(waitUntilServed(probe, target, leaf, fakeClock(), controller.signal), /stop/);
  const bug: ProbeTls = () => Promise.reject(new RangeError('bug'));
  await assert.rejects(waitUntilServed(bug, target, leaf, fakeClock(), NEVER), RangeError);
});

test('several side by side: each has its own answer', async () => {
  const probe: ProbeTls = async ({ address }) => {
    if ('path' in address) throw refused;
    return address.port === 1 ? leaf.der : old;
  };
  const targets = ['h:1', 'h:2,within=1s', 'unix:/x,within=1s'].map(parseVerifyTarget);
  const results = await waitUntilAllServed(probe, targets, leaf, fakeClock(), NEVER);
  assert.deepEqual(
    results.map((result) => (result.served ? 'served' : result.why.slice(0, 27))),
    ['served', 'it serves another certifica', 'connection refused'],
  );
});
