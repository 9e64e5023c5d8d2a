import 'reflect-metadata';
import assert from 'node:assert/strict';
import { appendFileSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { inspectVersion, sameStamps, stampsOf } from '../../src/lineage/inspect.ts';
import { PEM_FILES, versionPath } from '../../src/lineage/paths.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { issueChain, issuerPem, otherKey, rsaKey } from '../unit-kit/chains.ts';
import { failure } from '../unit-kit/expect.ts';
import { NAME, storeWith } from '../unit-kit/store.ts';

const issued = await issueChain(['a.example', 'b.example']);

async function damagedBy(spoil: (directory: string) => void) {
  const paths = await storeWith(issued, '0001');
  spoil(versionPath(paths, NAME, '0001'));
  return failure(() => inspectVersion(systemDisk, paths, NAME, '0001'), 'lineage-damaged');
}

test('a whole version: what it is, and its stamps', async () => {
  const paths = await storeWith(issued, '0001');
  const { version, names, key, stamps } = inspectVersion(systemDisk, paths, NAME, '0001');
  assert.deepEqual(
    [version, names, key],
    ['0001', ['a.example', 'b.example'], { type: 'ecdsa', curve: 'P-256' }],
  );
  assert.deepEqual(stamps, stampsOf(systemDisk, versionPath(paths, NAME, '0001')));
  assert.equal(stamps.length, 5);
});

test('an RSA version', async () => {
  const paths = await storeWith(await issueChain(['a.example'], rsaKey), '0001');
  assert.deepEqual(inspectVersion(systemDisk, paths, NAME, '0001').key, { type: 'rsa', bits: 2048 });
});

for (const file of PEM_FILES) {
  test(`damaged: ${file} is missing`, async () => {
    const { message } = await damagedBy((directory) => rmSync(`${directory}/${file}`));
    assert.match(message, new RegExp(`${file} is missing`));
  });
  test(`damaged: ${file} was edited`, async () => {
    await damagedBy((directory) => appendFileSync(`${directory}/${file}`, '\n'));
  });
  test(`damaged: ${file} is empty`, async () => {
    await damagedBy((directory) => writeFileSync(`${directory}/${file}`, ''));
  });
}

function rewrite(directory: string, key: string, cert: string): void {
  writeFileSync(`${directory}/privkey.pem`, key);
  writeFileSync(`${directory}/cert.pem`, cert);
  writeFileSync(`${directory}/fullchain.pem`, cert + issuerPem);
  writeFileSync(`${directory}/combined.pem`, key + cert + issuerPem);
}

test('damaged: the key of another certificate', async () => {
  const { message } = await damagedBy((directory) => rewrite(directory, otherKey, issued.leafPem));
  assert.match(message, /privkey\.pem is not the key of cert\.pem/);
});

test('damaged: no certificate, no key', async () => {
  assert.match(
    (await damagedBy((directory) => rewrite(directory, issued.keyPem, 'x'))).message,
    /is no certificate/,
  );
  assert.match(
    (await damagedBy((directory) => rewrite(directory, 'x', issued.leafPem))).message,
    /is no private key/,
  );
});

test('a directory in place of a file is told', async () => {
  const paths = await storeWith(issued, '0001');
  const file = `${versionPath(paths, NAME, '0001')}/cert.pem`;
  rmSync(file);
  mkdirSync(file);
  failure(() => inspectVersion(systemDisk, paths, NAME, '0001'), 'store-access');
});

test('stamps are the same when all of their numbers are', () => {
  assert.ok(
    sameStamps(
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
      [
        [1, 2, 3],
        [4, 5, 6],
      ],
    ),
  );
  assert.ok(!sameStamps([[1, 2, 3]], [[1, 2, 4]]));
  assert.ok(!sameStamps([[1, 2, 3]], []));
  assert.ok(!sameStamps([], [[1, 2, 3]]));
});
