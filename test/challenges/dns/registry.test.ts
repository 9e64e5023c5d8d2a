import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { after, test } from 'node:test';
import type { ProviderDefinition, ProviderEdges } from '../../../src/challenges/dns/provider.ts';
import { findProvider } from '../../../src/challenges/dns/registry.ts';
import { EvercertError } from '../../../src/errors.ts';
import { createPackageLoader, packagePlaces } from '../../../src/system/packages.ts';
import { scratchDirectory } from '../../support/rig/scratch.ts';
import { failure, rejection } from '../../unit-kit/expect.ts';

const { directory, remove } = scratchDirectory('registry');
after(remove);

const EDGES = {} as ProviderEdges;
const RECORD = {
  name: '_acme-challenge.a.example',
  value: 'v',
  challenge: { name: 'a.example', isWildcard: false, token: 't', keyAuthorization: 'k', accountUrl: 'u' },
};
const loadNothing = async () => undefined;
const find = (name: string, loaded: unknown) => findProvider(name, { loadPackage: async () => loaded });

function provider(more: object = {}): { provider: unknown } {
  const create = () => ({ add: async () => 'trace', remove: async () => undefined });
  return { provider: { name: 'x', credentials: [], create, ...more } };
}

test('no such provider: what there is', async () => {
  const { message, hint } = await rejection(
    findProvider('nope', { loadPackage: loadNothing }),
    'bad-settings',
  );
  assert.match(message, /no DNS provider nope, and no npm package evercert-dns-nope is installed/);
  assert.match(hint, /cloudflare, .*acmesh:dns_xx.*evercert-dns-…/);
  for (const name of ['none:dns_x', 'constructor:x', 'acmesh:'])
    await rejection(findProvider(name, { loadPackage: loadNothing }), 'bad-settings');
  await rejection(findProvider('constructor', { loadPackage: loadNothing }), 'bad-settings');
});

test('a script of acme.sh, by its name', async () => {
  const { name, credentials } = await findProvider('acmesh:dns_cf', { loadPackage: loadNothing });
  assert.deepEqual([name, credentials], ['acmesh:dns_cf', 'any']);
});

const MALFORMED: Readonly<Record<string, unknown>> = {
  'what it exports': null,
  'provider:': {},
  'provider.create: is no function': provider({ create: 1 }),
  'provider.credentials: Invalid type: Expected Array': provider({ credentials: 'some' }),
  'provider.credentials.0.name: must be lower case': provider({
    credentials: [{ name: 'API-Token', variables: [], help: '' }],
  }),
  'provider.credentials.0.secret': provider({
    credentials: [{ name: 'a', variables: [], help: '', secret: true }],
  }),
  'its provider.name is not "x"': provider({ name: 'y' }),
};

for (const [why, loaded] of Object.entries(MALFORMED)) {
  test(`malformed package: ${why}`, async () => {
    const { message } = await rejection(find('x', loaded), 'bad-settings');
    assert.ok(message.startsWith('the package evercert-dns-x is no DNS provider: '), message);
    if (!why.includes('secret')) assert.ok(message.includes(why), message);
  });
}

test('a package whose code fails when it is loaded', async () => {
  const loadPackage = () => Promise.reject(new TypeError('\x1b[31mboom'));
  assert.match(
    (await rejection(findProvider('x', { loadPackage }), 'bad-settings')).message,
    /it cannot be loaded: TypeError: \[31mboom$/,
  );
});

test('all that a package throws is of its provider, and without secrets', async () => {
  const failing = async () => {
    throw new TypeError('no rights for TOKEN-1\x07');
  };
  const found = await find('x', provider({ create: () => ({ add: failing, remove: failing }) }));
  const { add, remove: removeRecord } = found.create({ token: 'TOKEN-1' }, EDGES);
  assert.equal((await rejection(add(RECORD), 'dns-provider')).message, 'x: no rights for (secret)');
  await rejection(removeRecord(RECORD, undefined), 'dns-provider');
  const interrupted = new EvercertError('interrupted', 'by a signal', 'h');
  const stopped = await find(
    'x',
    provider({ create: () => ({ add: () => Promise.reject(interrupted), remove: failing }) }),
  );
  await rejection(stopped.create({}, EDGES).add(RECORD), 'interrupted');
  const useless = await find('x', provider({ create: () => ({}) }));
  failure(() => useless.create({}, EDGES), 'bad-settings');
});

function install(path: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = `${directory}/${path}/${name}`;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const module = (name: string, trace: string) =>
  `export const provider = { name: '${name}', credentials: 'any', create: () => ({ add: async () => '${trace}', remove: async () => {} }) };`;

test('where packages are looked for', () => {
  const self = '/usr/lib/node_modules/a/node_modules/evercert/dist/main.js';
  const above = ['/usr/lib/node_modules/a/node_modules', '/usr/lib/node_modules'];
  assert.deepEqual(packagePlaces('/etc/evercert', self, undefined), ['/etc/evercert/node_modules', ...above]);
  assert.deepEqual(packagePlaces('/s', '/opt/evercert/dist/main.js', 'relative:/opt/packages:'), [
    '/s/node_modules',
    '/opt/packages',
  ]);
});

test('packages are found beside the store, beside evercert and in NODE_PATH', async () => {
  install('etc/node_modules/evercert-dns-a', {
    'package.json': '{"type":"module","exports":"./lib/a.js"}',
    'lib/a.js': module('a', 'etc'),
  });
  install('lib/node_modules/evercert-dns-a', {
    'package.json': '{"type":"module","main":"a.js"}',
    'a.js': module('a', 'lib'),
  });
  install('lib/node_modules/evercert-dns-b', {
    'package.json': '{"type":"module","main":"b.js"}',
    'b.js': module('b', 'lib'),
  });
  install('path/evercert-dns-c', {
    'package.json': '{}',
    'index.js':
      'exports.provider = { name: "c", credentials: [], create: () => ({ add: async () => "path", remove() {} }) };',
  });
  install('node_modules/evercert-dns-d', { 'package.json': '{"main":"d.js"}', 'd.js': '' });
  const places = packagePlaces(
    `${directory}/etc`,
    `${directory}/lib/node_modules/evercert/dist/main.js`,
    `relative:${directory}/path`,
  );
  const loadPackage = createPackageLoader(places);
  const traceOf = async (name: string) => {
    const definition: ProviderDefinition = await findProvider(name, { loadPackage });
    return definition.create({}, EDGES).add(RECORD);
  };
  assert.deepEqual(await Promise.all(['a', 'b', 'c'].map(traceOf)), ['etc', 'lib', 'path']);
  // Above the store and in a relative NODE_PATH nothing is looked for: whoever may write there is not asked.
  await rejection(traceOf('d'), 'bad-settings');
});
