import 'reflect-metadata';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { problemError, readProblem } from '../../src/acme/problem.ts';
import { EvercertError } from '../../src/errors.ts';
import { downloadCertificate } from '../../src/issuance/download.ts';
import { issuerNames } from '../../src/x509/certificate.ts';
import { authority, issueChain, pemOf } from '../unit-kit/chains.ts';
import { rejection } from '../unit-kit/expect.ts';
import { scripted, urlOf } from '../unit-kit/scripted.ts';

const { chain, leafPem } = await issueChain(['a.example']);
const other = leafPem + pemOf(authority.crossSigned);
const link = `<${urlOf('index')}>;rel="index", <${urlOf('other')}>;rel="alternate"`;

async function download(
  preferred: string | undefined,
  answers: Parameters<typeof scripted>[0] = { cert: [{ body: chain, link }], other: [{ body: other }] },
) {
  const { connection, log } = scripted(answers);
  const { pem, preferredFound } = await downloadCertificate(connection, urlOf('cert'), preferred);
  return [pem === chain ? 'default' : pem === other ? 'alternate' : '', preferredFound, log.length];
}

test('the chain that is preferred, else the default one', async () => {
  assert.deepEqual(await download(undefined), ['default', true, 1]);
  assert.deepEqual(await download('Unit Root X1'), ['default', true, 1]);
  assert.deepEqual(await download('Unit Root X2'), ['alternate', true, 2]);
  assert.deepEqual(await download('Unit Root X3'), ['default', false, 2]);
  assert.deepEqual(await download('Unit Root X2', { cert: [{ body: chain }] }), ['default', false, 1]);
});

test('a topmost issuer comes before any other of that name, whatever their order', async () => {
  const long = chain + pemOf(authority.crossSigned);
  const answers = {
    cert: [{ body: long, link: `<${urlOf('top')}>;rel="alternate", <${urlOf('lost')}>;rel="alternate"` }],
    top: [{ body: chain }],
    lost: [problemError(readProblem(404, {}), 'ca.example', 'certificate')],
  };
  const { connection, log } = scripted(answers);
  const chosen = await downloadCertificate(connection, urlOf('cert'), 'Unit Root X1');
  assert.deepEqual([chosen.pem === chain, chosen.preferredFound], [true, true]);
  assert.deepEqual(log, ['get cert', 'get top', 'get lost']);
});

test('an issuer that is not the topmost one will do when no chain ends at it', async () => {
  const [issuer = ''] = issuerNames(chain);
  assert.deepEqual(await download(issuer), ['default', true, 2]);
  assert.deepEqual(await download(issuer.slice(1)), ['default', false, 2]);
});

test('no more than ten alternates are asked for', async () => {
  const many = Array.from({ length: 50 }, () => `<${urlOf('other')}>;rel="alternate"`).join();
  assert.deepEqual(await download('X', { cert: [{ body: chain, link: many }], other: [{ body: other }] }), [
    'default',
    false,
    11,
  ]);
});

test('an alternate that cannot be reached is a failure', async () => {
  const down = new EvercertError('connection-failed', 'down', 'x');
  await rejection(download('X', { cert: [{ body: chain, link }], other: [down] }), 'connection-failed');
});

test('a chain that is none is told when it matters', async () => {
  const answers = { cert: [{ body: '-----BEGIN CERTIFICATE-----' }] };
  assert.deepEqual(await download(undefined, answers), ['', true, 1]);
  await rejection(download('X', answers), 'chain-bad');
});

test('what is not even PEM is no chain', async () => {
  await assert.rejects(download(undefined, { cert: [{ body: '<html>' }] }), /BEGIN CERTIFICATE/);
});
