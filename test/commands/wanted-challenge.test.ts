import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type ProofOptions, wantedChallenges } from '../../src/commands/wanted-challenge.ts';
import type { Settings } from '../../src/lineage/settings.ts';
import { failure } from '../unit-kit/expect.ts';

type Wanted = Pick<Settings, 'challenge' | 'challengeByName'>;

const NOTHING = { webroots: [], ways: [], preferredChallenges: [], typed: [] } as unknown as ProofOptions;
const NAMES = ['a.example', '*.a.example'];
const want = (options: Partial<ProofOptions>, old?: Wanted, names: readonly string[] = ['a.example']) =>
  wantedChallenges(names, { ...NOTHING, ...options }, old);

const CLOUDFLARE = { type: 'dns', provider: 'cloudflare', credentials: '/c' } as const;
const STANDALONE = { type: 'standalone', port: 80 } as const;

/** What flags make of what was there: options, names, before, after. */
const TABLE: Readonly<
  Record<string, readonly [Partial<ProofOptions>, readonly string[], Wanted | undefined, Wanted]>
> = {
  'one way for all': [{ ways: ['standalone'] }, ['a.example'], undefined, { challenge: STANDALONE }],
  'a port of its own': [
    { ways: ['tls-alpn'], tlsAlpnPort: 8443 },
    ['a.example'],
    undefined,
    { challenge: { type: 'tls-alpn', port: 8443 } },
  ],
  'a provider and its file': [
    { ways: ['dns:cloudflare'], dnsCredentials: '/c' },
    NAMES,
    undefined,
    { challenge: CLOUDFLARE },
  ],
  'a script of acme.sh with a file': [
    { ways: ['dns:acmesh:dns_cf,credentials=/c'] },
    NAMES,
    undefined,
    { challenge: { type: 'dns', provider: 'acmesh:dns_cf', credentials: '/c' } },
  ],
  'dns-account-01': [
    { ways: ['dns-account:cloudflare'] },
    NAMES,
    undefined,
    { challenge: { type: 'dns', provider: 'cloudflare', accountLabel: true } },
  ],
  'back to dns-01': [
    { ways: ['dns:cloudflare'] },
    NAMES,
    { challenge: { ...CLOUDFLARE, accountLabel: true } },
    { challenge: CLOUDFLARE },
  ],
  'another provider has not the credentials of the first': [
    { ways: ['dns:route53'] },
    NAMES,
    { challenge: { ...CLOUDFLARE, propagationTimeout: 9 } },
    { challenge: { type: 'dns', provider: 'route53', propagationTimeout: 9 } },
  ],
  'credentials are taken away': [
    { dnsCredentials: '' },
    NAMES,
    { challenge: CLOUDFLARE },
    { challenge: { type: 'dns', provider: 'cloudflare' } },
  ],
  'what nothing is said of stays': [
    {},
    ['a.example', 'b.example'],
    { challenge: CLOUDFLARE, challengeByName: { 'b.example': STANDALONE } },
    { challenge: CLOUDFLARE, challengeByName: { 'b.example': STANDALONE } },
  ],
  'one name has a way of its own': [
    { ways: ['*.a.example=dns:cloudflare,credentials=/c', 'standalone'] },
    NAMES,
    undefined,
    { challenge: STANDALONE, challengeByName: { '*.a.example': CLOUDFLARE } },
  ],
  'a name of its own beside a webroot': [
    { ways: ['*.a.example=dns:cloudflare,credentials=/c'], webroots: [{ root: '/w', names: [] }] },
    NAMES,
    undefined,
    {
      challenge: { type: 'webroot', roots: { 'a.example': '/w' } },
      challengeByName: { '*.a.example': CLOUDFLARE },
    },
  ],
  'the way of one name is taken away': [
    { ways: ['b.example='] },
    ['a.example', 'b.example'],
    { challenge: STANDALONE, challengeByName: { 'b.example': CLOUDFLARE } },
    { challenge: STANDALONE },
  ],
  'the way of a name that is gone': [
    {},
    ['a.example'],
    { challenge: STANDALONE, challengeByName: { 'b.example': CLOUDFLARE } },
    { challenge: STANDALONE },
  ],
  'all names have ways of their own': [
    { ways: ['a.example=standalone', '::1=static'] },
    ['a.example', '::1'],
    undefined,
    { challenge: STANDALONE, challengeByName: { 'a.example': STANDALONE, '::1': { type: 'static' } } },
  ],
  'hooks prove by HTTP': [
    { ways: ['manual'], manualAuthHook: 'x', manualCleanupHook: 'y' },
    ['a.example'],
    undefined,
    { challenge: { type: 'hooks', proof: 'http-01', auth: 'x', cleanup: 'y' } },
  ],
  'hooks prove a wildcard by DNS': [
    { ways: ['manual'], manualAuthHook: 'x' },
    NAMES,
    undefined,
    { challenge: { type: 'hooks', proof: 'dns-01', auth: 'x' } },
  ],
  'hooks prove by what is preferred': [
    {
      ways: ['dehydrated'],
      dehydratedHook: '/x',
      dehydratedChain: true,
      preferredChallenges: ['dns-01', 'http-01'],
    },
    ['a.example'],
    undefined,
    { challenge: { type: 'dehydrated', proof: 'dns-01', hook: '/x', chain: true } },
  ],
  'another hook, the same proof': [
    { manualAuthHook: 'z' },
    ['a.example'],
    { challenge: { type: 'hooks', proof: 'dns-01', auth: 'x', cleanup: 'y' } },
    { challenge: { type: 'hooks', proof: 'dns-01', auth: 'z', cleanup: 'y' } },
  ],
};

for (const [name, [options, names, before, after]] of Object.entries(TABLE)) {
  test(name, () => assert.deepEqual(want(options, before, names), after));
}

/** What is refused, and a word that must be in the message. */
type Refused = readonly [Partial<ProofOptions>, readonly string[], RegExp];
const REFUSED: Readonly<Record<string, Refused>> = {
  'no way at all': [{}, ['a.example'], /nothing says how/],
  'a way that is none': [{ ways: ['http'] }, ['a.example'], /"http" is no way/],
  'a detail that is not taken': [{ ways: ['standalone:80'] }, ['a.example'], /"standalone:80"/],
  'two ways for all': [{ ways: ['standalone', 'static'] }, ['a.example'], /standalone and static/],
  'a name that is not in the certificate': [
    { ways: ['standalone', 'b.example=static'] },
    ['a.example'],
    /b\.example/,
  ],
  'a wildcard by HTTP': [{ ways: ['standalone'] }, NAMES, /a wildcard name needs dns-01/],
  'a wildcard by hooks over HTTP': [
    { ways: ['manual'], manualAuthHook: 'x', preferredChallenges: ['http-01'] },
    NAMES,
    /a wildcard name needs dns-01/,
  ],
  'an address by DNS': [{ ways: ['dns:cloudflare'] }, ['192.0.2.1'], /it is an address/],
  'no provider': [{ ways: ['dns'] }, ['a.example'], /no DNS provider/],
  'an extra that is none': [{ ways: ['dns:x,y=z'] }, ['a.example'], /"y=z"/],
  'no hook': [{ ways: ['manual'] }, ['a.example'], /needs a hook/],
  'hooks by what they cannot': [
    { ways: ['manual'], manualAuthHook: 'x', preferredChallenges: ['tls-alpn-01'] },
    ['a.example'],
    /http-01 and dns-01/,
  ],
  'no webroot': [{ ways: ['webroot'] }, ['a.example'], /which directory/],
  'a webroot and another way': [
    { ways: ['standalone'], webroots: [{ root: '/w', names: [] }] },
    ['a.example'],
    /-w and --challenge standalone/,
  ],
  'a webroot, and another one': [
    { ways: ['webroot:/x'], webroots: [{ root: '/w', names: [] }] },
    ['a.example'],
    /-w and --challenge webroot:/,
  ],
  'two ways for one name': [
    { ways: ['A.example=standalone', 'a.example=static'] },
    ['a.example'],
    /a\.example=… is given twice/,
  ],
  'one file for two providers': [
    { ways: ['dns:cloudflare', '*.a.example=dns:route53'], dnsCredentials: '/c' },
    NAMES,
    /several providers: cloudflare and route53/,
  ],
  'a preference that the way cannot meet': [
    { ways: ['static'], preferredChallenges: ['dns-01'], typed: ['preferred-challenges'] },
    ['a.example'],
    /--preferred-challenges dns-01, but .* by http-01/,
  ],
  ...Object.fromEntries(
    [
      ['http-01-port', 'tls-alpn'],
      ['http-01-address', 'static'],
      ['tls-alpn-01-port', 'standalone'],
      ['tls-alpn-01-address', 'standalone'],
      ['dns-credentials', 'dns-persist'],
      ['dns-propagation-timeout', 'standalone'],
      ['dns-resolvers', 'standalone'],
      ['manual-auth-hook', 'standalone'],
      ['manual-cleanup-hook', 'dns:x'],
      ['dehydrated-hook-chain', 'dns:x'],
    ].map(([flag = '', way = '']): [string, Refused] => [
      `--${flag} with ${way}`,
      [{ ways: [way], typed: [flag] }, ['a.example'], new RegExp(`--${flag} goes with `)],
    ]),
  ),
};

/** Said of a lineage, not of what stays: flags, before, after. */
const STAYS: Readonly<Record<string, readonly [Partial<ProofOptions>, Wanted, Wanted]>> = {
  'credentials of a name of its own': [
    { dnsCredentials: '/new', typed: ['dns-credentials'] },
    {
      challenge: CLOUDFLARE,
      challengeByName: { '*.a.example': { type: 'dns', provider: 'desec', credentials: '/d' } },
    },
    {
      challenge: { ...CLOUDFLARE, credentials: '/new' },
      challengeByName: { '*.a.example': { type: 'dns', provider: 'desec', credentials: '/d' } },
    },
  ],
  'not where it is the only way of its kind': [
    { dnsCredentials: '/new', typed: ['dns-credentials'] },
    { challenge: STANDALONE, challengeByName: { '*.a.example': CLOUDFLARE } },
    { challenge: STANDALONE, challengeByName: { '*.a.example': { ...CLOUDFLARE, credentials: '/new' } } },
  ],
  'a webroot by its word': [
    { ways: ['webroot', '*.a.example=dns:cloudflare,credentials=/c'] },
    { challenge: { type: 'webroot', roots: { 'a.example': '/w' } } },
    {
      challenge: { type: 'webroot', roots: { 'a.example': '/w' } },
      challengeByName: { '*.a.example': CLOUDFLARE },
    },
  ],
};

for (const [name, [options, before, after]] of Object.entries(STAYS)) {
  test(`stays: ${name}`, () => assert.deepEqual(want(options, before, NAMES), after));
}

test('a name of its own has the webroot of -w, if its way says so', () => {
  const options = { ways: ['a.example=webroot', '*.a.example=dns:cloudflare,credentials=/c'] };
  assert.deepEqual(
    want({ ...options, webroots: [{ root: '/w', names: [] }] }, undefined, NAMES).challengeByName,
    {
      'a.example': { type: 'webroot', roots: { 'a.example': '/w' } },
      '*.a.example': CLOUDFLARE,
    },
  );
});

test('what only config.json says need not mean anything', () => {
  const options = { ways: ['static'], httpPort: 81, dnsCredentials: '/c', preferredChallenges: ['dns-01'] };
  assert.deepEqual(want(options), { challenge: { type: 'static' } });
});

for (const [name, [options, names, wanted]] of Object.entries(REFUSED)) {
  test(`refused: ${name}`, () => {
    const { message } = failure(() => want(options, undefined, names), 'usage');
    assert.match(message, wanted);
  });
}
