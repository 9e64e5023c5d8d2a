import assert from 'node:assert/strict';
import { test } from 'node:test';
import { webrootSolver } from '../../src/challenges/webroot.ts';
import { EvercertError } from '../../src/errors.ts';
import { rejection } from '../unit-kit/expect.ts';

function rig(claims: readonly string[] = []) {
  const calls: string[] = [];
  const files = {
    claim: (root: string) => (claims.includes(root) ? '.well-known' : undefined),
    place: (root: string, token: string, content: string) =>
      void calls.push(`place ${root} ${token} ${content}`),
    remove: (root: string, token: string, claimed = '') =>
      void calls.push(`remove ${root} ${token} ${claimed}`.trimEnd()),
  };
  return { calls, solver: webrootSolver(files, { 'a.example': '/a', 'b.example': '/b' }) };
}

const challenge = (name: string) => ({
  name,
  isWildcard: false,
  token: `${name}-token`,
  keyAuthorization: 'answer',
  accountUrl: '',
});
const remember = async () => undefined;

test('each name has the directory of its own', async () => {
  const { calls, solver } = rig();
  assert.equal(solver.type, 'http-01');
  await solver.present([challenge('a.example')], remember);
  await solver.present([challenge('b.example')], remember);
  await solver.cleanUp([challenge('a.example')]);
  assert.deepEqual(calls, [
    'place /a a.example-token answer',
    'place /b b.example-token answer',
    'remove /a a.example-token',
  ]);
});

test('directories are on record before they are made, and go with what has them on record', async () => {
  const { calls, solver } = rig(['/a']);
  const [first, second] = [challenge('a.example'), { ...challenge('a.example'), token: 'second' }];
  await solver.present([first, second, challenge('b.example')], async ({ token }, trace) => {
    calls.push(`remember ${token} ${trace}`);
  });
  await solver.cleanUp([second, { ...first, trace: '.well-known' }]);
  assert.deepEqual(calls, [
    'remember a.example-token .well-known',
    'place /a a.example-token answer',
    'place /a second answer',
    'place /b b.example-token answer',
    'remove /a second',
    'remove /a a.example-token .well-known',
  ]);
});

test('a name without a directory is told', async () => {
  const { calls, solver } = rig();
  await rejection(solver.present([challenge('c.example')], remember), 'bad-settings');
  assert.deepEqual(calls, []);
});

for (const name of ['constructor', '__proto__', 'toString']) {
  test(`a name of Object.prototype has no directory: ${name}`, async () => {
    const { calls, solver } = rig();
    await rejection(solver.present([challenge(name)], remember), 'bad-settings');
    assert.deepEqual(calls, []);
  });
}

test('what fails rejects, and throws nothing at once', async () => {
  const fail = () => {
    throw new EvercertError('webroot-failed', 'no', 'yes');
  };
  const solver = webrootSolver({ claim: () => undefined, place: fail, remove: fail }, { a: '/a' });
  await rejection(solver.present([challenge('a')], remember), 'webroot-failed');
});
