import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import type { ProviderDefinition } from '../../../src/challenges/dns/provider.ts';
import { findProvider, NATIVE_PROVIDERS } from '../../../src/challenges/dns/registry.ts';
import { createPackageLoader, packagePlaces } from '../../../src/system/packages.ts';
import { scratchDirectory } from '../../support/rig/scratch.ts';
import { rejection } from '../../unit-kit/expect.ts';
import { installExample, serveExample } from './example-package.ts';
import { edgesFor, record } from './provider-suite.ts';

const PAGE = readFileSync('docs/dns.md', 'utf8');
const { directory, remove } = scratchDirectory('dns-docs');
after(remove);

const loadNothing = async () => undefined;
const native = await Promise.all(
  [...NATIVE_PROVIDERS].sort().map((name) => findProvider(name, { loadPackage: loadNothing })),
);

/** The rows of the table under a heading, cells separated by ` | `. */
function tableUnder(heading: string): string[] {
  const section = PAGE.split(/^(?=##+ )/m).find((each) => each.startsWith(`${heading}\n`)) ?? '';
  const rows = section.split('\n').filter((line) => line.startsWith('|'));
  return rows.slice(2).map((row) =>
    row
      .slice(1, -1)
      .split('|')
      .map((cell) => cell.trim())
      .join(' | '),
  );
}

function rowsOf({ name, credentials }: ProviderDefinition): string[] {
  if (credentials === 'any') return [`\`${name}\` | all | all | no | all that the file holds`];
  return credentials.map((credential) => {
    const variables = credential.variables.map((variable) => `\`${variable}\``).join(', ');
    const needed = credential.optional === true ? 'no' : 'yes';
    return `\`${name}\` | \`${credential.name}\` | ${variables} | ${needed} | ${credential.help}`;
  });
}

test('every provider is in the table of docs/dns.md', () => {
  const names = tableUnder('## Providers').map((row) => row.split(' | ')[0]);
  assert.deepEqual(
    names,
    native.map(({ name }) => `\`${name}\``),
  );
});

test('the credentials in docs/dns.md are those of the providers', () => {
  assert.deepEqual(tableUnder('## Credentials'), native.flatMap(rowsOf));
});

test('the example package of docs/dns.md works as it is', async (t) => {
  installExample(`${directory}/node_modules`);
  const loadPackage = createPackageLoader(packagePlaces(directory, '/nowhere/main.js', undefined));
  const example = await findProvider('example', { loadPackage });
  const api = await serveExample(t);
  const { add, remove: takeAway } = example.create(api.credentials, edgesFor(t));
  await add(record('one'));
  await add(record('two'));
  await takeAway(record('one'), undefined);
  assert.deepEqual(api.values(record('').name), ['two']);

  const wrong = example.create({ ...api.credentials, token: 'Wr0ng' }, edgesFor(t));
  const { message } = await rejection(wrong.add(record('three')), 'dns-provider');
  assert.equal(message, 'example: the API answered with status 403: no such token: Bearer (secret)');
});
