import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseCommand } from '../../src/cli/parse.ts';
import { type LineageOptions, wantedSettings } from '../../src/commands/wanted-settings.ts';
import { EvercertError } from '../../src/errors.ts';
import { encodeJson } from '../../src/lineage/decode.ts';
import { checkSettings, decodeSettings, type Settings } from '../../src/lineage/settings.ts';

const NAMES = ['a.example', '*.a.example', '192.0.2.1'];
const SURROUNDINGS = {
  environment: {},
  terminal: false,
  absolute: (path: string) => (path.startsWith('/') ? path : `/cwd/${path}`),
  uid: 0,
  readOwned: () => undefined,
};

const oneOf = (...values: string[]) => fc.constantFrom(...values);
const HOW = oneOf(
  ...['webroot', 'webroot:/w', 'webroot:w', 'standalone', 'static', 'tls-alpn', 'dns', 'dns:', 'dns:desec'],
  ...['dns:acmesh:dns_cf,credentials=/f', 'dns:exec,credentials=f', 'dns-account:desec', 'dns-persist'],
  ...['manual', 'dehydrated', 'manual:x', '', 'http'],
);
const VALUES: Readonly<Record<string, fc.Arbitrary<string>>> = {
  'webroot-path': oneOf('/w', 'www', '/ö'),
  'http-01-port': oneOf('1', '65535', '0'),
  'http-01-address': oneOf('', '::', '192.0.2.7'),
  'tls-alpn-01-port': oneOf('1', '65535'),
  'tls-alpn-01-address': oneOf('', '::1'),
  'dns-provider': oneOf('desec', 'acmesh:dns_cf', 'x y', 'UPPER', 'a:b:c'),
  'dns-credentials': oneOf('', '/f', 'f', '/f\u0000', `/${'f'.repeat(5000)}`),
  'dns-propagation-timeout': oneOf('0', '86400', '86401'),
  'dns-resolvers': oneOf('', '192.0.2.1', '::1,192.0.2.1:53', ',', '1,2,3,4,5,6,7,8,9,10,11'),
  'manual-auth-hook': oneOf('x', 'x y \'z\' "q"', 'x\ny'),
  'manual-cleanup-hook': oneOf('', 'x'),
  'dehydrated-hook': oneOf('', '/x', 'x'),
  'preferred-challenges': oneOf('http', 'dns', 'dns,http', 'tls-alpn', 'tls-alpn,http'),
  challenge: fc
    .tuple(oneOf('', '', 'a.example=', 'A.Example=', '*.a.example=', '192.0.2.1=', 'b.example='), HOW)
    .map((parts) => parts.join('')),
};
const SWITCHES = [
  'standalone',
  'tls-alpn',
  'manual',
  'webroot',
  'dehydrated-hook-chain',
  'no-dehydrated-hook-chain',
];

const FLAG = fc.oneof(
  ...Object.entries(VALUES).map(([flag, value]) => value.map((text) => `--${flag}=${text}`)),
  HOW.map((how) => `--challenge=${how}`),
  oneOf(...SWITCHES).map((flag) => `--${flag}`),
);
/** Words that say enough by themselves, for some of the names. */
const ENOUGH = [
  ['--standalone'],
  ['--tls-alpn', '--tls-alpn-01-port=8443'],
  ['-w', '/w'],
  ['--dns=desec', '--dns-credentials=/f'],
  ['--manual', '--manual-auth-hook=x', '--manual-cleanup-hook=y'],
  ['--dehydrated-hook=/x', '--dehydrated-hook-chain'],
  ['--challenge=static', '--challenge=*.a.example=dns-account:desec', '--dns-resolvers=::1'],
  ['--challenge=dns-persist', '--challenge=192.0.2.1=webroot:/w'],
];
const MORE = fc.array(FLAG, { maxLength: 2 });
const LINE = fc.tuple(fc.constantFrom(...ENOUGH), MORE).map((parts) => parts.flat());

async function optionsOf(line: readonly string[]): Promise<LineageOptions> {
  const command = await parseCommand(['certonly', ...line], SURROUNDINGS);
  assert.ok(command.verb === 'certonly');
  return command.options.lineage;
}

/** Undefined where it is refused: by a usage error with a hint, and nothing else. */
async function settingsOf(
  names: readonly string[],
  line: readonly string[],
  old: Settings | undefined,
): Promise<Settings | undefined> {
  try {
    return checkSettings(wantedSettings(names, await optionsOf(line), old));
  } catch (error) {
    assert.ok(error instanceof EvercertError, String(error));
    assert.equal(error.code, 'usage', error.message);
    assert.notEqual(error.hint, '');
    return undefined;
  }
}

const readAgain = (settings: Settings) => decodeSettings(encodeJson(settings), 'x.json');

test('what a command line says is refused, or kept, read again, and left alone by one that says nothing', async () => {
  let kept = 0;
  const silent = await optionsOf([]);
  await fc.assert(
    fc.asyncProperty(fc.subarray(NAMES, { minLength: 1 }), LINE, MORE, async (names, first, second) => {
      const before = await settingsOf(names, first, undefined);
      if (before === undefined) return;
      kept += 1;
      assert.deepEqual(readAgain(before), before);
      assert.deepEqual(wantedSettings(names, silent, before), before);
      const after = await settingsOf(names, second, before);
      if (after === undefined) return;
      assert.deepEqual(readAgain(after), after);
      assert.deepEqual(wantedSettings(names, silent, after), after);
    }),
    { numRuns: 150 },
  );
  assert.ok(kept > 5, `only ${kept} were accepted`);
});
