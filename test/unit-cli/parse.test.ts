import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from '../../src/cli/parse.ts';
import { rejection } from '../unit-kit/expect.ts';

const surroundings = {
  environment: {},
  terminal: false,
  uid: 0,
  readOwned: () => undefined,
  absolute: (path: string) => `/cwd/${path}`.replace('/cwd//', '/'),
};
const parse = (
  line: string,
  more: Partial<typeof surroundings> & { environment?: Record<string, string> } = {},
) => parseCommand(line.split(' '), { ...surroundings, ...more });

test('renew by default', async () => {
  assert.deepEqual(await parse('renew'), {
    verb: 'renew',
    voice: { json: false, quiet: false, verbose: false, interactive: false },
    options: {
      configDir: '/etc/evercert',
      configDirGiven: false,
      lockWaitMs: 60_000,
      certName: undefined,
      force: false,
      retryNow: false,
      dryRun: false,
      debugChallenges: false,
      planOnly: false,
      strict: false,
      concurrency: 8,
      randomSleep: true,
      issuanceTimeoutMs: 300_000,
      tell: undefined,
      notifyTest: false,
      hooks: undefined,
      hookTimeoutMs: 600_000,
    },
  });
});

test('renew with all of its flags', async () => {
  const flags =
    '--cert-name a --force-renewal --retry-now --strict --dry-run --concurrency 2 --no-random-sleep-on-renew --issuance-timeout 9 --lock-wait 0';
  const { voice, options } = await parse(
    `renew ${flags} --pre-hook x --post-hook y --hook-timeout 5 --json -q --config-dir store`,
  );
  assert.deepEqual(voice, { json: true, quiet: true, verbose: false, interactive: false });
  assert.deepEqual(options, {
    configDir: '/cwd/store',
    configDirGiven: true,
    lockWaitMs: 0,
    certName: 'a',
    force: true,
    retryNow: true,
    dryRun: true,
    debugChallenges: false,
    planOnly: false,
    strict: true,
    concurrency: 2,
    randomSleep: false,
    issuanceTimeoutMs: 9000,
    tell: undefined,
    notifyTest: false,
    hooks: { pre: 'x', post: 'y' },
    hookTimeoutMs: 5000,
  });
});

test('the directory: flag, else environment, else default', async () => {
  const environment = { EVERCERT_CONFIG_DIR: '/env' };
  const directory = async (line: string, given = environment) => {
    const command = await parse(line, { environment: given });
    assert.ok(command.verb !== 'timer');
    return [command.options.configDir, command.options.configDirGiven];
  };
  assert.deepEqual(await directory('certificates --config-dir /flag'), ['/flag', true]);
  assert.deepEqual(await directory('certificates'), ['/env', true]);
  assert.deepEqual(await directory('certificates', { EVERCERT_CONFIG_DIR: '' }), ['/etc/evercert', false]);
});

test('a terminal: asks, and does not sleep at random', async () => {
  const interactive = async (line: string) => (await parse(line, { terminal: true })).voice.interactive;
  assert.deepEqual(await Promise.all(['certonly', 'certonly -n', 'certonly -q'].map(interactive)), [
    true,
    false,
    false,
  ]);
  const renew = await parse('renew', { terminal: true });
  assert.ok(renew.verb === 'renew' && !renew.options.randomSleep);
});

test('deploy', async () => {
  const command = await parse('deploy --cert-name a --force --hook-timeout 5');
  assert.ok(command.verb === 'deploy');
  const { configDir: _, configDirGiven: __, ...own } = command.options;
  assert.deepEqual(own, { lockWaitMs: 60_000, certName: 'a', force: true, hookTimeoutMs: 5000 });
});

test('certonly waits for no lock unless told', async () => {
  const waits = ['certonly', 'certonly --lock-wait 7'].map(async (line) => {
    const command = await parse(line);
    return command.verb === 'certonly' && command.options.lockWaitMs;
  });
  assert.deepEqual(await Promise.all(waits), [0, 7000]);
});

test('register and show-account', async () => {
  const account = '--email a@a.example --agree-tos --eab-kid k --eab-hmac-key aGV5';
  const register = await parse(`register --server zerossl --ca-bundle ca.pem ${account}`);
  assert.ok(register.verb === 'register');
  assert.deepEqual(register.options, {
    configDir: '/etc/evercert',
    configDirGiven: false,
    lockWaitMs: 0,
    server: 'zerossl',
    caBundle: '/cwd/ca.pem',
    account: {
      email: 'a@a.example',
      withoutEmail: false,
      termsAgreed: true,
      externalAccount: { kid: 'k', hmacKey: 'aGV5' },
    },
  });
  const show = await parse('show_account --server zerossl');
  assert.ok(show.verb === 'show-account');
  assert.equal(show.options.server, 'zerossl');
  const thumbprint = await parse('account thumbprint --server zerossl');
  assert.ok(thumbprint.verb === 'account');
  assert.equal(thumbprint.options.server, 'zerossl');
});

test('reconfigure', async () => {
  const command = await parse(
    'reconfigure --cert-name a -w www --deploy-hook x --skip-dry-run --hook-timeout 5',
  );
  assert.ok(command.verb === 'reconfigure');
  const { certName, lineage, skipDryRun, hookTimeoutMs, lockWaitMs } = command.options;
  assert.deepEqual([certName, skipDryRun, hookTimeoutMs, lockWaitMs], ['a', true, 5000, 0]);
  assert.deepEqual(lineage.webroots, [{ root: '/cwd/www', names: [] }]);
  assert.deepEqual([lineage.hooks, lineage.server], [{ deploy: 'x' }, undefined]);
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['', /there is no verb ""/],
  ['fly', /there is no verb "fly"/],
  ['run', /there is no verb run/],
  ['--quiet renew', /the verb comes first, not --quiet/],
  ['constructor', /there is no verb/],
  ['renew --quiet --verbose', /exclude each other/],
  ['renew --plan --dry-run', /exclude each other/],
  ['reconfigure', /--cert-name says/],
  ['reconfigure --cert-name=', /--cert-name needs a value/],
  ['reconfigure --cert-name a -d b', /leaves the names/],
  ['reconfigure --cert-name a -w b -w c', /given 2 times/],
  ['reconfigure --cert-name a --webroot', /--webroot needs -w/],
  ['reconfigure --cert-name a --dry-run', /there is no flag --dry-run/],
  ['register --ca-bundle=', /--ca-bundle needs a value/],
  ['renew --notify=', /--notify needs a value/],
  ['renew --concurrency 0', /from 1 to 64/],
  ['renew --concurrency 65', /from 1 to 64/],
  ['renew --hook-timeout 0', /from 1 to 86400/],
  ['renew --lock-wait -1', /lock-wait/],
  ['register --staging --server zerossl', /--staging means/],
  ['show-account --email a@a.example', /there is no flag/],
  ['dns', /what is asked for comes first: persist-value$/],
  ['account', /what is asked for comes first: thumbprint$/],
  ['account key', /thumbprint, not "key"/],
  ['account --server zerossl thumbprint', /comes first/],
  ['account thumbprint --email a@a.example', /there is no flag/],
  ['deploy --force-renewal', /there is no flag/],
  ['deploy --deploy-hook x', /there is no flag/],
  ['certificates --force-renewal', /there is no flag/],
];

for (const [line, message] of REFUSED) {
  test(`refused: evercert ${line}`, async () => {
    assert.match((await rejection(parse(line), 'usage')).message, message);
  });
}

test('what waits in a dry run needs one', async () => {
  const line = 'reconfigure --cert-name a --standalone --debug-challenges';
  await parse(line, { terminal: true });
  const { message } = await rejection(parse(`${line} --skip-dry-run`, { terminal: true }), 'usage');
  assert.match(message, /--skip-dry-run leaves out/);
});
