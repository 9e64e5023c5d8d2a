import 'reflect-metadata';
import assert from 'node:assert/strict';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { test } from 'node:test';
import {
  type Account,
  listAccounts,
  readAccount,
  readAccountKey,
  writeAccount,
  writeAccountKey,
} from '../../src/lineage/accounts.ts';
import { accountPath, storePaths } from '../../src/lineage/paths.ts';
import { systemDisk } from '../../src/system/disk.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { ecKey } from '../unit-kit/chains.ts';
import { failure } from '../unit-kit/expect.ts';

const server = 'https://ca.example/directory';
const account: Account = { version: 1, server, url: 'https://ca.example/acct/1', email: 'a@a.example' };

function store() {
  const paths = storePaths(scratchDirectory('unit').directory);
  mkdirSync(paths.accounts);
  return paths;
}

test('key and record are read as they were written, for this CA alone', async () => {
  const paths = store();
  assert.equal(readAccount(systemDisk, paths, server), undefined);
  assert.equal(readAccountKey(systemDisk, paths, server), undefined);
  await writeAccountKey(systemDisk, paths, server, ecKey);
  await writeAccount(systemDisk, paths, account);
  assert.deepEqual(readAccount(systemDisk, paths, server), account);
  assert.equal(readAccountKey(systemDisk, paths, server), ecKey);
  assert.equal(readAccount(systemDisk, paths, 'https://other.example/directory'), undefined);
});

test('two CAs that share a folder are told', async () => {
  const paths = store();
  await writeAccountKey(systemDisk, paths, server, ecKey);
  await writeAccount(systemDisk, paths, account);
  failure(() => readAccount(systemDisk, paths, `${server}?tenant=2`), 'bad-settings');
});

test('the folder has mode 0700, the files 0600', async () => {
  const paths = store();
  await writeAccountKey(systemDisk, paths, server, ecKey);
  await writeAccount(systemDisk, paths, account);
  const folder = accountPath(paths, server);
  const modes = ['', '/key.pem', '/account.json'].map((file) => statSync(folder + file).mode & 0o777);
  assert.deepEqual(modes, [0o700, 0o600, 0o600]);
});

for (const text of [
  '',
  '{}',
  '{"version":1,"server":"x","url":"no url"}',
  '{"version":1,"server":"x","url":"https://x/","key":1}',
]) {
  test(`an account record that is no good is as none: ${text}`, () => {
    const paths = store();
    mkdirSync(accountPath(paths, server));
    writeFileSync(`${accountPath(paths, server)}/account.json`, text);
    assert.equal(readAccount(systemDisk, paths, server), undefined);
  });
}

test('a key that is none is told; all accounts are listed, but for those without a whole record', async () => {
  const paths = store();
  const other = { ...account, server: 'https://b.example/directory' };
  await writeAccountKey(systemDisk, paths, server, 'key\n');
  failure(() => readAccountKey(systemDisk, paths, server), 'account-damaged');
  assert.deepEqual(listAccounts(systemDisk, paths), []);
  await writeAccountKey(systemDisk, paths, other.server, ecKey);
  await writeAccount(systemDisk, paths, other);
  await writeAccount(systemDisk, paths, account);
  assert.deepEqual(
    listAccounts(systemDisk, paths).map(({ server: at }) => at),
    [other.server, server],
  );
});
