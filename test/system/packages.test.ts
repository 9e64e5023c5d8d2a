import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { createPackageLoader, packagePlaces } from '../../src/system/packages.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const ESM = 'export const provider = 1;';
const COMMON = 'exports.provider = 1;';

/** A package.json, and what lies at entry.js. */
const FORMS: Readonly<Record<string, readonly [object, string]>> = {
  'a main': [{ main: './entry.js', type: 'module' }, ESM],
  'exports that are a file': [{ exports: './entry.js', type: 'module' }, ESM],
  'exports of the root': [{ exports: { '.': './entry.js' }, type: 'module' }, ESM],
  'exports for import alone': [
    { exports: { '.': { types: './x.d.ts', import: './entry.js' } }, type: 'module' },
    ESM,
  ],
  'conditions without a root': [{ exports: { import: { default: './entry.js' } }, type: 'module' }, ESM],
  'exports for require alone': [{ exports: { require: './entry.js' } }, COMMON],
  CommonJS: [{ main: 'entry.js' }, COMMON],
};

for (const [title, [manifest, code]] of Object.entries(FORMS)) {
  test(`a package is found by ${title}`, async (t) => {
    const { directory, remove } = scratchDirectory('packages');
    t.after(remove);
    const home = join(directory, 'evercert-dns-x');
    mkdirSync(home);
    writeFileSync(join(home, 'package.json'), JSON.stringify({ name: 'evercert-dns-x', ...manifest }));
    writeFileSync(join(home, 'entry.js'), code);
    const found = await createPackageLoader([join(directory, 'nothing'), directory])('evercert-dns-x');
    assert.equal((found as { provider: number }).provider, 1);
  });
}

test('what is not installed is nothing', async () => {
  assert.equal(await createPackageLoader(['/nonexistent'])('evercert-dns-x'), undefined);
});

test('the store comes first, then where evercert is, then NODE_PATH; nothing relative', () => {
  assert.deepEqual(packagePlaces('/store', '/usr/lib/node_modules/evercert/dist/main.js', '/a:b:/c'), [
    '/store/node_modules',
    '/usr/lib/node_modules',
    '/a',
    '/c',
  ]);
});
