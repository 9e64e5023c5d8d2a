import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';
import { test } from 'node:test';
import type { Questions } from '../../../src/challenges/self-check/authority.ts';
import { type SelfCheckEdges, selfCheck } from '../../../src/challenges/self-check/check.ts';
import { shownOf } from '../../../src/challenges/self-check/shown.ts';
import type { ChallengeType, Proof } from '../../../src/challenges/solver.ts';
import { EvercertError } from '../../../src/errors.ts';
import { type AlpnAnswer, probeAlpn } from '../../../src/system/alpn-probe.ts';
import { systemClock } from '../../../src/system/clock.ts';
import type { CaaRecord } from '../../../src/system/dns.ts';
import { type HttpAnswer, probeHttp } from '../../../src/system/http-probe.ts';
import type { Unreached } from '../../../src/system/reach.ts';
import { listenOn } from '../../unit-kit/listen.ts';

const PORTS = { http: 8080, https: 8443 };
const KEY = 'token.thumb';
const FINE: HttpAnswer = { kind: 'answer', status: 200, location: undefined, body: KEY };
const REFUSED: Unreached = { kind: 'none', how: 'refused' };
const FORBIDS = [{ critical: false, tag: 'issue', value: 'other.example' }];

function proof(name: string, type: ChallengeType = 'http-01', isWildcard = false): Proof {
  const challenge = { name, isWildcard, token: 'token', keyAuthorization: KEY, accountUrl: 'https://ca/1' };
  return { type, challenge };
}

interface World {
  readonly addresses?: Record<string, readonly string[]>;
  readonly http?: (address: string, host: string) => HttpAnswer | Unreached | Promise<never>;
  readonly alpn?: (serverName: string) => AlpnAnswer | Unreached;
  readonly caa?: (name: string, server: string | undefined) => readonly CaaRecord[];
  readonly aliases?: readonly string[];
  readonly sleep?: SelfCheckEdges['sleep'];
  readonly signal?: AbortSignal;
}

/** 192.0.2.53 and 192.0.2.54 are the name servers of the zone example.org. */
function look(proofs: readonly Proof[], world: World, identities: readonly string[] = []) {
  const openDns = async (servers?: readonly string[]): Promise<Questions> => ({
    cname: async (name) => (world.aliases?.includes(name) ? 'target.example' : undefined),
    isZone: async (name) => name === 'example.org',
    ns: async () => ['ns1.example.org', 'ns2.example.org'],
    addresses: async (name) => {
      if (name === 'broken.example.org') throw new EvercertError('dns-failed', 'SERVFAIL', 'x');
      if (name.startsWith('ns')) return [`192.0.2.${name[2] === '1' ? 53 : 54}`];
      return [...(world.addresses?.[name] ?? ['192.0.2.1'])];
    },
    caa: async (name) => [...(world.caa?.(name, servers?.[0]) ?? [])],
  });
  return selfCheck(proofs, identities, PORTS, {
    openDns,
    probeHttp: async ({ address, host }) => world.http?.(address, host) ?? FINE,
    probeAlpn: async ({ serverName }) => world.alpn?.(serverName) ?? REFUSED,
    sleep:
      world.sleep ?? ((_, signal) => new Promise((_done, fail) => signal.addEventListener('abort', fail))),
    signal: world.signal ?? new AbortController().signal,
  });
}

test('nothing is wrong', async () => {
  assert.deepEqual(
    await look([proof('a.example.org'), proof('192.0.2.9'), proof('d.test', 'dns-01')], {}),
    [],
  );
});

test('names with the same fault are told of once', async () => {
  const names = ['a', 'b', 'c'].map((label) => `${label}.example.org`);
  const found = await look(
    names.map((name) => proof(name)),
    { http: () => REFUSED },
  );
  assert.deepEqual(found, [{ code: 'no-answer', how: 'refused', address: '192.0.2.1', port: 8080, names }]);
});

test('each address is asked; one that is wrong beside one of the other family that is right is told so', async () => {
  const addresses = { 'a.example.org': ['2001:db8::1', '192.0.2.1'] };
  const http = (address: string) => (address.includes(':') ? { ...FINE, status: 404 } : FINE);
  assert.deepEqual(await look([proof('a.example.org')], { addresses, http }), [
    {
      code: 'not-found',
      address: '2001:db8::1',
      port: 8080,
      otherFamilyIsFine: true,
      names: ['a.example.org'],
    },
  ]);
  const both = await look([proof('a.example.org')], { addresses, http: () => REFUSED });
  assert.deepEqual(
    both.map((finding) => 'otherFamilyIsFine' in finding),
    [false, false],
  );
});

test('a machine without IPv6 says nothing of AAAA', async () => {
  const addresses = { 'a.example.org': ['2001:db8::1', '192.0.2.1'] };
  const http = (address: string) =>
    address.includes(':') ? ({ kind: 'none', how: 'no-route' } as const) : FINE;
  assert.deepEqual(await look([proof('a.example.org')], { addresses, http }), []);
});

test('two addresses of a family are enough', async () => {
  const addresses = { 'a.example.org': ['192.0.2.1', '192.0.2.2', '192.0.2.3'] };
  assert.equal((await look([proof('a.example.org')], { addresses, http: () => REFUSED })).length, 2);
});

test('no address, and DNS that does not answer', async () => {
  const world = { addresses: { 'none.example.org': [] } };
  assert.deepEqual(await look([proof('none.example.org'), proof('broken.example.org')], world), [
    { code: 'no-address', names: ['none.example.org'] },
    { code: 'dns-unanswered', why: 'SERVFAIL', names: ['broken.example.org'] },
  ]);
});

test('an IP address is asked itself, without DNS', async () => {
  const hosts: string[] = [];
  const http = (address: string, host: string) => {
    hosts.push(`${address} ${host}`);
    return FINE;
  };
  const caa = () => assert.fail('an address has no CAA');
  await look([proof('2001:db8::7'), proof('192.0.2.7')], { http, caa });
  assert.deepEqual(hosts, ['2001:db8::7 [2001:db8::7]', '192.0.2.7 192.0.2.7']);
});

test('what takes longer than ten seconds is not waited for', async () => {
  const http = (_: string, host: string) =>
    host === 'slow.example.org' ? new Promise<never>(() => undefined) : REFUSED;
  const slept: number[] = [];
  const sleep = async (ms: number) => {
    slept.push(ms);
    await new Promise((resolve) => setTimeout(resolve, 50));
  };
  const found = await look([proof('slow.example.org'), proof('a.example.org')], { http, sleep });
  assert.deepEqual([found.map(({ names }) => names), slept], [[['a.example.org']], [10_000]]);
});

test('a run that is interrupted ends the check', async () => {
  const controller = new AbortController();
  const reason = new EvercertError('interrupted', 'by the test', 'x');
  const sleep: SelfCheckEdges['sleep'] = (_, signal) =>
    new Promise((_done, fail) => signal.addEventListener('abort', () => fail(signal.reason)));
  const http = () => {
    controller.abort(reason);
    return new Promise<never>(() => undefined);
  };
  await assert.rejects(look([proof('a.example.org')], { http, sleep, signal: controller.signal }), reason);
});

const CERTAINTY: readonly (readonly [string, World, boolean])[] = [
  ['all name servers say so', { caa: () => FORBIDS }, true],
  [
    'the name servers have another record by now',
    { caa: (_, server) => (server === undefined ? FORBIDS : []) },
    false,
  ],
  ['the name servers disagree', { caa: (_, server) => (server === '192.0.2.54' ? [] : FORBIDS) }, false],
  ['the name is an alias', { caa: () => FORBIDS, aliases: ['a.example.org'] }, false],
  [
    'a closer name has a record by now',
    {
      caa: (name, server) => {
        if (name === 'example.org') return FORBIDS;
        return server === undefined ? [] : [{ critical: false, tag: 'issue', value: 'ca.example' }];
      },
    },
    false,
  ],
];

for (const [what, world, isCertain] of CERTAINTY) {
  test(`CAA that forbids, ${what}: ${isCertain ? 'certain' : 'a warning'}`, async () => {
    const [finding, ...others] = await look([proof('a.example.org')], world, ['ca.example']);
    assert.ok(finding?.code === 'caa-forbids');
    assert.deepEqual([finding.isCertain, others], [isCertain, []]);
  });
}

test('CAA of a wildcard and of its base are two things', async () => {
  const caa = () => [{ critical: false, tag: 'issuewild', value: ';' }];
  const proofs = [proof('a.example.org', 'dns-01'), proof('a.example.org', 'dns-01', true)];
  const found = await look(proofs, { caa }, ['ca.example']);
  assert.deepEqual(
    found.map(({ names }) => names),
    [['*.a.example.org']],
  );
});

const certificate = (keyAuthorization: string) =>
  Buffer.concat([
    Buffer.from('3000', 'hex'),
    Buffer.from('06082b0601050507011f0101ff04220420', 'hex'),
    createHash('sha256').update(keyAuthorization).digest(),
  ]);

const ALPN: readonly (readonly [string, AlpnAnswer | Unreached, string | undefined])[] = [
  ['ours', { kind: 'answer', protocol: 'acme-tls/1', leaf: certificate(KEY) }, undefined],
  [
    'of another key',
    { kind: 'answer', protocol: 'acme-tls/1', leaf: certificate('x') },
    'alpn-wrong-certificate',
  ],
  ['none', { kind: 'answer', protocol: 'acme-tls/1', leaf: undefined }, 'alpn-wrong-certificate'],
  ['another protocol', { kind: 'answer', protocol: undefined, leaf: certificate(KEY) }, 'alpn-refused'],
  ['a refusal', { kind: 'none', how: 'no-tls' }, 'alpn-refused'],
  ['a closed port', REFUSED, 'no-answer'],
  ['no network', { kind: 'none', how: 'no-route' }, undefined],
];

for (const [what, sighting, code] of ALPN) {
  test(`tls-alpn-01: ${what}: ${code ?? 'fine'}`, async () => {
    const [finding] = await look([proof('a.example.org', 'tls-alpn-01')], { alpn: () => sighting });
    assert.equal(finding?.code, code);
  });
}

test('tls-alpn-01 of an address asks by its reverse name', async () => {
  const asked: string[] = [];
  await look([proof('192.0.2.7', 'tls-alpn-01')], {
    alpn: (serverName) => {
      asked.push(serverName);
      return REFUSED;
    },
  });
  assert.deepEqual(asked, ['7.2.0.192.in-addr.arpa']);
});

const SHOWN: readonly (readonly [ChallengeType, RegExp, RegExp])[] = [
  ['http-01', /^http:\/\/a\.example\.org\/\.well-known\/acme-challenge\/token$/, /^token\.thumb$/],
  ['tls-alpn-01', /^a\.example\.org$/, /^[0-9a-f]{64}$/],
  ['dns-01', /^_acme-challenge\.a\.example\.org$/, /^[\w-]{43}$/],
  ['dns-account-01', /^_[a-z2-7]{16}\._acme-challenge\.a\.example\.org$/, /^[\w-]{43}$/],
  ['dns-persist-01', /^_validation-persist\.a\.example\.org$/, /^https:\/\/ca\/1$/],
];

for (const [type, where, content] of SHOWN) {
  test(`what is shown of ${type}`, () => {
    const shown = shownOf(proof('a.example.org', type, true));
    assert.deepEqual([shown.name, shown.type], ['*.a.example.org', type]);
    assert.match(shown.where, where);
    assert.match(shown.content, content);
  });
}

test('a hundred names at once, by real sockets', async (t) => {
  const warnings: Error[] = [];
  const note = (warning: Error) => void warnings.push(warning);
  process.on('warning', note);
  t.after(() => process.off('warning', note));
  const server = createServer((_, response) => void setTimeout(() => response.end(KEY), 20));
  const http = await listenOn(t, server);
  let most = 0;
  let busy = 0;
  const names = Array.from({ length: 100 }, (_, index) => proof(`n${index}.example.org`));
  const dns = { cname: async () => undefined, isZone: async () => true, ns: async () => [] };
  const openDns = async () => ({ ...dns, addresses: async () => ['127.0.0.1'], caa: async () => [] });
  const counted: typeof probeHttp = async (...question) => {
    busy += 1;
    most = Math.max(most, busy);
    return probeHttp(...question).finally(() => {
      busy -= 1;
    });
  };
  const { sleep } = systemClock;
  const edges = { openDns, probeHttp: counted, probeAlpn, sleep, signal: new AbortController().signal };
  assert.deepEqual(await selfCheck(names, [], { http, https: 0 }, edges), []);
  assert.equal(most, 16);
  await new Promise(setImmediate);
  assert.deepEqual(warnings, []);
});
