import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readCertonly, readCertonlyOptions } from '../../src/cli/certonly-flags.ts';
import { createReader } from '../../src/cli/reader.ts';
import { splitWords } from '../../src/cli/words.ts';
import { rejection } from '../unit-kit/expect.ts';

const absolute = (path: string) => (path.startsWith('/') ? path : `/cwd/${path}`);
const voice = { json: false, quiet: false, verbose: false, interactive: false };
const store = { configDir: '/store', configDirGiven: true, lockWaitMs: 0 };

async function command(line: string, environment: Record<string, string> = {}) {
  const words = line.split(' ').filter((word) => word !== '');
  const read = createReader('certonly', await splitWords('certonly', words));
  const surroundings = { environment, terminal: false, absolute, uid: 0, readOwned: () => undefined };
  const options = readCertonlyOptions(words, read, surroundings);
  return readCertonly(read, voice, { ...store, ...options });
}

async function options(line: string, environment: Record<string, string> = {}) {
  const found = await command(line, environment);
  assert.ok(found.verb === 'certonly');
  return found.options;
}

test('certonly by default says nothing', async () => {
  assert.deepEqual(await options(''), {
    ...store,
    names: [],
    certName: undefined,
    lineage: {
      webroots: [],
      ways: [],
      httpPort: undefined,
      httpAddress: undefined,
      tlsAlpnPort: undefined,
      tlsAlpnAddress: undefined,
      dnsCredentials: undefined,
      dnsPropagationTimeout: undefined,
      dnsResolvers: undefined,
      manualAuthHook: undefined,
      manualCleanupHook: undefined,
      dehydratedHook: undefined,
      dehydratedChain: undefined,
      preferredChallenges: [],
      typed: [],
      server: undefined,
      caBundle: undefined,
      preferredProfile: undefined,
      requiredProfile: undefined,
      fallbackServers: undefined,
      renewBefore: undefined,
      allowSubsetOfNames: undefined,
      verify: undefined,
      preferredChain: undefined,
      keepVersions: undefined,
      keyType: undefined,
      curve: undefined,
      rsaBits: undefined,
      reuseKey: undefined,
      keyMode: undefined,
      keyGroup: undefined,
      hooks: undefined,
    },
    account: { email: undefined, withoutEmail: false, termsAgreed: false, externalAccount: undefined },
    force: false,
    expand: false,
    newKey: false,
    dryRun: false,
    debugChallenges: false,
    hookTimeoutMs: 600_000,
    issuanceTimeoutMs: 300_000,
  });
});

const LINEAGE: readonly (readonly [string, Record<string, unknown>])[] = [
  ['-w www -d a.example', { webroots: [{ root: '/cwd/www', names: [] }] }],
  [
    '--standalone --http-01-port 8080 --http-01-address ::1',
    { ways: ['standalone'], httpPort: 8080, httpAddress: '::1' },
  ],
  ['--http-01-address=', { httpAddress: '' }],
  ['--standalone --preferred-challenges tls-alpn-01,http', { ways: ['tls-alpn'] }],
  ['--standalone --preferred-challenges tls-alpn-01', { ways: ['tls-alpn'] }],
  ['--standalone --preferred-challenges dns,http', { ways: ['standalone'] }],
  ['--tls-alpn --tls-alpn-01-port 8443', { ways: ['tls-alpn'], tlsAlpnPort: 8443 }],
  [
    '-w www --challenge x.example=dns:y',
    { webroots: [{ root: '/cwd/www', names: [] }], ways: ['x.example=dns:y'] },
  ],
  [
    '--dns x --dns-credentials y --dns-resolvers 192.0.2.1,::1',
    {
      ways: ['dns:x'],
      dnsCredentials: '/cwd/y',
      dnsResolvers: ['192.0.2.1', '::1'],
    },
  ],
  ['--dns-credentials= --dns-resolvers=', { dnsCredentials: '', dnsResolvers: [] }],
  [
    '--manual --preferred-challenges dns --manual-auth-hook x',
    {
      ways: ['manual'],
      manualAuthHook: 'x',
      preferredChallenges: ['dns-01'],
    },
  ],
  ['--dehydrated-hook x', { ways: ['dehydrated'], dehydratedHook: '/cwd/x' }],
  ['--dehydrated-hook= --standalone', { ways: ['standalone'], dehydratedHook: '' }],
  ['--dehydrated-hook x --standalone', { ways: ['standalone'], dehydratedHook: '/cwd/x' }],
  ['--key-type RSA --rsa-key-size 3072', { keyType: 'rsa', rsaBits: 3072 }],
  ['--key-type ecdsa --elliptic-curve secp384r1', { keyType: 'ecdsa', curve: 'P-384' }],
  ['--elliptic-curve P-521', { curve: 'P-521' }],
  ['--key-mode 640 --key-group ssl-cert', { keyMode: '0640', keyGroup: 'ssl-cert' }],
  ['--key-mode 0600', { keyMode: '0600' }],
  ['--reuse-key', { reuseKey: true }],
  ['--no-reuse-key', { reuseKey: false }],
  [
    '--ca-bundle ca.pem --preferred-chain X1 --keep-versions 9',
    { caBundle: '/cwd/ca.pem', preferredChain: 'X1', keepVersions: 9 },
  ],
  ['--server zerossl', { server: 'zerossl' }],
  ['--staging', { server: 'letsencrypt-staging' }],
  ['--test-cert --server letsencrypt', { server: 'letsencrypt-staging' }],
  ['--deploy-hook x', { hooks: { deploy: 'x' } }],
  ['--reload-hook x', { hooks: { reload: 'x' } }],
  ['--deploy-hook= --post-hook x', { hooks: { deploy: '', post: 'x' } }],
  ['--fallback-server= --verify=', { fallbackServers: [], verify: [] }],
  ['--ca-bundle= --key-group= --renew-before=', { caBundle: '', keyGroup: '', renewBefore: '' }],
  ['--preferred-profile p --required-profile=', { preferredProfile: 'p', requiredProfile: '' }],
];

for (const [line, wanted] of LINEAGE) {
  test(`the lineage of ${line}`, async () => {
    const { lineage } = await options(line);
    assert.deepEqual({ ...lineage, ...wanted }, lineage);
  });
}

test('names, and what a run is to do', async () => {
  const found = await options('-d a,b -d c --cert-name x --force-renewal --new-key --dry-run');
  assert.deepEqual(
    [found.names, found.certName, found.force, found.expand, found.newKey, found.dryRun],
    [['a', 'b', 'c'], 'x', true, true, true, true],
  );
  assert.equal((await options('--expand')).expand, true);
});

test('the account: address, terms, binding by flag or environment', async () => {
  assert.deepEqual((await options('-m a@b --agree-tos --eab-kid k --eab-hmac-key c2VjcmV0')).account, {
    email: 'a@b',
    withoutEmail: false,
    termsAgreed: true,
    externalAccount: { kid: 'k', hmacKey: 'c2VjcmV0' },
  });
  const environment = { EVERCERT_EAB_HMAC_KEY: 'c2Vj' };
  assert.deepEqual((await options('--eab-kid k', environment)).account.externalAccount, {
    kid: 'k',
    hmacKey: 'c2Vj',
  });
  assert.equal((await options('', environment)).account.externalAccount, undefined);
});

test('a request of the operator’s own is another command', async () => {
  const found = await command('--csr r.pem --chain-path c.pem --standalone');
  assert.ok(found.verb === 'certonly-csr');
  const { csrFile, certPath, chainPath, fullchainPath } = found.options;
  assert.deepEqual(
    [csrFile, certPath, chainPath, fullchainPath],
    ['r.pem', 'cert.pem', 'c.pem', 'fullchain.pem'],
  );
});

const REFUSED: readonly (readonly [string, RegExp])[] = [
  ['--force-renewal --keep', /exclude each other/],
  ['--webroot', /--webroot needs -w/],
  ['--standalone -w /a', /exclude each other/],
  ['--dns cloudflare -w /a', /--webroot and --dns exclude each other.*/],
  ['--eab-kid k', /--eab-kid needs/],
  ['--eab-hmac-key c2Vj', /needs --eab-kid/],
  ['--eab-kid k --eab-hmac-key a+b/', /is not base64url/],
  ['--email nobody', /is no e-mail address/],
  ['--email a@b,c@d', /is no e-mail address/],
  ['--key-type dsa', /is none of: ecdsa, rsa/],
  ['--elliptic-curve constructor', /is none of/],
  ['--key-type rsa --elliptic-curve secp256r1', /is for --key-type ecdsa/],
  ['--rsa-key-size 2048', /needs --key-type rsa/],
  ['--key-type rsa --rsa-key-size 1024', /is none of: 2048/],
  ['--key-mode 0680', /is no octal mode/],
  ['--key-mode 0644', /gives others nothing/],
  ['--key-mode 4755', /is no octal mode/],
  ['--http-01-port 65536', /from 1 to 65535/],
  ['--fallback-server zerossl --fallback-server=', /--fallback-server needs a value/],
  ['--cert-name=', /--cert-name needs a value/],
  ['--server=', /--server needs a value/],
  ['--keep-versions 0', /from 1 to 1000/],
  ['--staging --server zerossl', /--staging means/],
  ['--cert-path c.pem', /need --csr/],
  ['--csr r -d a', /takes its names from the request/],
  ['--csr r --deploy-hook x', /--csr runs no hooks/],
  ['--csr r --key-type rsa', /--csr has its own key.*--key-type/],
  ['--csr r --reuse-key', /--csr has its own key.*--reuse-key/],
  ['--csr r --new-key', /--csr has its own key.*--new-key/],
  ['--csr r --keep-versions 3', /--csr has its own key.*--keep-versions/],
  ['--csr r --verify h:1', /--csr stores no lineage/],
  ['--csr r --required-profile p', /--csr stores no lineage/],
  ['--csr r --fallback-server zerossl', /--csr stores no lineage/],
  ['--csr r --dry-run', /takes its names from the request/],
];

for (const [line, message] of REFUSED) {
  test(`refused: ${line}`, async () => {
    assert.match((await rejection(command(line), 'usage')).message, message);
  });
}

test('no message shows the HMAC key', async () => {
  const { message, hint, details } = await rejection(
    command('--eab-kid k --eab-hmac-key not+base64url'),
    'usage',
  );
  assert.ok(![message, hint, ...details].join().includes('not+'));
});
