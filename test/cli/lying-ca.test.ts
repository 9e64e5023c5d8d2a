import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, test } from 'node:test';
import type { Fault, Injection } from '../support/acme-server/faults.ts';
import type { Tamper } from '../support/acme-server/index.ts';
import { createAuthority } from '../support/acme-server/index.ts';
import type { RunResult } from '../support/evercert.ts';
import { type Bench, createBench, daysAhead, fails, run, type Store, succeeds } from './kit.ts';

// A CA, or what stands between it and us, that lies, breaks off or talks nonsense: nothing wrong goes live, the old
// version stays, what is said helps, and the next good run repairs.

const NAME = 'a.example.org';

let authority: Awaited<ReturnType<typeof createAuthority>>;
let bench: Bench;
/** Begun first and looked at last, since it takes 30 s. */
let hanging: Promise<{ store: Store; result: RunResult; ms: number }>;
let silent: Bench;
before(async () => {
  authority = await createAuthority();
  bench = await createBench({ authority });
  silent = await createBench({ authority });
  const store = await silent.seeded(NAME);
  silent.ca.inject({ endpoint: 'newOrder', fault: { kind: 'hang' } });
  const started = Date.now();
  const running = store.renew(['--force-renewal']);
  hanging = running.then((result) => ({ store, result, ms: Date.now() - started }));
});
after(() => Promise.all([bench.close(), silent.close()]));

/** Live is this version, and its five files belong together. */
function isWhole(store: Store, version: string): void {
  assert.equal(store.live(NAME), version);
  const [key, cert, chain, full, combined] = ['privkey', 'cert', 'chain', 'fullchain', 'combined'].map(
    (file) => store.read('live', NAME, `${file}.pem`),
  );
  assert.equal(full, `${cert}${chain}`);
  assert.equal(combined, `${key}${full}`);
  assert.ok(new X509Certificate(cert ?? '').checkPrivateKey(createPrivateKey(key ?? '')));
}

describe('a certificate that is not what was asked for', () => {
  const tampers: readonly (readonly [Tamper, RegExp])[] = [
    ['wrong-key', /for another key than ours/],
    ['extra-name', /the leaf is for .*, not for a\.example\.org/],
    ['missing-name', /the leaf is for .*not for a\.example\.org/],
    ['expired', /ended on .*clock/],
    ['not-yet-valid', /not valid before .*clock/],
    ['wrong-order', /for another key than ours|was not issued by|the leaf/],
    ['unrelated-issuer', /was not issued by the one after it/],
    ['missing-intermediate', /the issuer of the leaf is missing/],
    ['garbage-after', /something else stands after certificate|does not parse/],
  ];
  for (const [tamper, expected] of tampers) {
    test(tamper, async () => {
      const { knobs } = bench.ca;
      const store = await bench.seeded(NAME);
      knobs.tamper = tamper;
      const hook = ['--deploy-hook', 'echo deployed'];
      const result = await store.renew(['--force-renewal', ...hook]);
      knobs.tamper = null;
      fails(result, 1, expected);
      assert.match(
        result.stderr,
        /^a\.example\.org: failed: the certificate.* cannot be used: .*\n {4}hint: Nothing was deployed/m,
      );
      assert.doesNotMatch(result.stdout, /deployed$|is live/m);
      isWhole(store, '0001');
      assert.deepEqual(store.versions(NAME), ['0001'], 'a bad version was stored');
      succeeds(await store.renew(['--force-renewal']));
      isWhole(store, '0002');
    });
  }

  test('garbage-only: the same order is downloaded again', async () => {
    const store = await bench.seeded(NAME);
    const placed = bench.ca.orders.length;
    bench.ca.knobs.tamper = 'garbage-only';
    const result = await store.renew(['--force-renewal']);
    bench.ca.knobs.tamper = null;
    fails(result, 1, /sent a certificate that makes no sense\n {4}hint: /);
    isWhole(store, '0001');
    succeeds(await store.renew(['--retry-now']));
    isWhole(store, '0002');
    assert.equal(bench.ca.orders.length, placed + 1);
  });

  test('a dry run notices it too', async () => {
    const store = await bench.seeded(NAME);
    bench.ca.knobs.tamper = 'wrong-key';
    const result = await store.renew(['--dry-run']);
    bench.ca.knobs.tamper = null;
    fails(result, 1, /for another key than ours/);
  });

  test('our clock a year ahead: said, nothing live', async () => {
    const store = await bench.seeded(NAME);
    fails(
      await store.renew(['--force-renewal'], { env: daysAhead(365) }),
      1,
      /is the clock of this machine right\?/,
    );
    isWhole(store, '0001');
  });
});

/** The requests of an order. */
const ENDPOINTS: readonly Injection['endpoint'][] = [
  'directory',
  'newNonce',
  'newOrder',
  'authz',
  'challenge',
  'order',
  'finalize',
  'certificate',
];

describe('requests of an order, broken once', { concurrency: 4 }, () => {
  const faults: readonly (readonly [string, Fault])[] = [
    ['cut off', { kind: 'drop' }],
    ['its answer lost', { kind: 'lost-reply' }],
    ['its answer cut in half', { kind: 'truncate' }],
    ['answered with rubbish', { kind: 'garbage' }],
    ['answered with 8 MB', { kind: 'huge', bytes: 8_000_000 }],
    ['500 from a load balancer', { kind: 'status', status: 500, body: 'oops' }],
    [
      'an HTML page with 200',
      { kind: 'status', status: 200, body: '<html>\u001b[31mlogin</html>', contentType: 'text/html' },
    ],
    ['an empty object', { kind: 'status', status: 200, body: '{}', contentType: 'application/json' }],
    ['redirected', { kind: 'status', status: 302, body: '' }],
  ];
  for (const [index, [what, fault]] of faults.entries()) {
    test(what, async (t) => {
      const alone = await createBench({ authority });
      t.after(() => alone.close());
      const store = await alone.seeded(NAME);
      // Every second one, and the others with the next fault: soak/fault-matrix.ts has more.
      for (const endpoint of ENDPOINTS.filter((_, i) => i % 2 === index % 2)) {
        const version = store.live(NAME);
        alone.ca.inject({ endpoint, fault });
        const result = await store.renew(['--force-renewal']);
        alone.ca.clearFaults();
        const where = `${endpoint}: ${result.stdout}${result.stderr}`;
        if (result.status === 1) {
          assert.match(result.stderr, /a\.example\.org: failed: [\s\S]*hint: /, where);
          isWhole(store, version ?? '');
        } else {
          assert.equal(result.status, 0, where);
          assert.notEqual(store.live(NAME), version, where);
          isWhole(store, store.live(NAME) ?? '');
        }
      }
      const last = store.live(NAME);
      succeeds(await store.renew(['--force-renewal']));
      assert.notEqual(store.live(NAME), last);
      isWhole(store, store.live(NAME) ?? '');
    });
  }

  test('a lost reply costs no second order', async (t) => {
    const alone = await createBench({ authority });
    t.after(() => alone.close());
    const store = await alone.seeded(NAME);
    for (const endpoint of ['newOrder', 'challenge', 'finalize', 'certificate'] as const) {
      const placed = alone.ca.orders.length;
      alone.ca.inject({ endpoint, fault: { kind: 'lost-reply' } });
      const result = await store.renew(['--force-renewal']);
      if (result.status !== 0) succeeds(await store.renew(['--retry-now']));
      assert.equal(alone.ca.orders.length, placed + 1, endpoint);
    }
  });
});

describe('a busy CA', { concurrency: 4 }, () => {
  test('refuses one nonce in five: no matter', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    busy.ca.knobs.refuseNoncePercent = 20;
    const store = busy.store();
    for (let count = 0; count < 4; count += 1) succeeds(await store.certonly(NAME, ['--force-renewal']));
    assert.equal(busy.ca.orders.length, 4);
  });

  test('refuses every nonce: gives up, with a hint', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    const store = await busy.seeded(NAME);
    busy.ca.knobs.refuseNoncePercent = 100;
    fails(await store.renew(['--force-renewal']), 1, /badNonce[\s\S]*hint: /);
    assert.ok(busy.ca.requests.length < 60, `${busy.ca.requests.length} requests`);
  });

  test('503 with Retry-After of a second on what has no effect: waits and goes on', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    const store = await busy.seeded(NAME);
    for (const endpoint of ['directory', 'order'] as const) {
      busy.ca.inject({ endpoint, fault: { kind: 'status', status: 503, retryAfter: 1 } });
    }
    const started = Date.now();
    succeeds(await store.renew(['--force-renewal']));
    assert.ok(Date.now() - started >= 2000);
  });

  test('503 with Retry-After of an hour: leaves at once, exit 1', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    const store = await busy.seeded(NAME);
    busy.ca.inject({
      endpoint: 'directory',
      fault: { kind: 'status', status: 503, retryAfter: 3600 },
      times: 9,
    });
    const started = Date.now();
    fails(await store.renew(['--force-renewal']), 1, /503[\s\S]*hint: /);
    assert.ok(Date.now() - started < 25_000);
    assert.equal(busy.ca.requests.filter(({ fault }) => fault === 'status').length, 1);
  });

  test('rateLimited: the words of the CA, one request, and the next run goes on', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    const store = await busy.seeded(NAME);
    const problem = {
      type: 'urn:ietf:params:acme:error:rateLimited',
      detail: 'too many: retry after 2026-12-01',
    };
    busy.ca.inject({
      endpoint: 'newOrder',
      fault: { kind: 'problem', status: 429, problem, retryAfter: 9999 },
    });
    const result = fails(
      await store.renew(['--force-renewal']),
      1,
      /rateLimited: too many: retry after 2026-12-01/,
    );
    assert.match(result.stderr, /hint: Wait as long as the CA says/);
    succeeds(await store.renew(['--force-renewal']));
  });

  test('forgets the order: a new one is placed', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    const store = await busy.seeded(NAME);
    busy.ca.inject({ endpoint: 'finalize', fault: { kind: 'lost-reply' } });
    fails(await store.renew(['--force-renewal']), 1, /cut off/);
    busy.ca.forgetOrders();
    succeeds(await store.renew(['--retry-now']));
    isWhole(store, '0002');
  });

  test('forgets the account: it is made again, and says so', async (t) => {
    const busy = await createBench({ authority });
    t.after(() => busy.close());
    const store = await busy.seeded(NAME);
    busy.ca.forgetAccounts();
    assert.match(
      succeeds(await store.renew(['--force-renewal'])).stderr,
      /had lost the account; it was made again/,
    );
    isWhole(store, '0002');
  });
});

describe('problem documents', () => {
  const problem = async (document: Record<string, unknown>, status = 403) => {
    const store = await bench.seeded(NAME);
    const fault = { kind: 'problem', status, problem: document } as unknown as Fault;
    // It may be asked once more, without `replaces`.
    bench.ca.inject({ endpoint: 'newOrder', fault, times: 2 });
    const result = await store.renew(['--force-renewal']);
    bench.ca.clearFaults();
    isWhole(store, '0001');
    return fails(result, 1, /a\.example\.org: failed: /);
  };
  const type = (name: string) => `urn:ietf:params:acme:error:${name}`;

  test('with control characters: none reaches the terminal', async () => {
    const detail = 'bad\u001b[2J\u001b]0;title\u0007\u009b31m\r\nhint: run rm -rf\u202e\u2028end';
    const { stderr } = await problem({ type: type('unauthorized'), detail });
    assert.doesNotMatch(stderr, /\u202e|\u2028/);
    assert.equal(stderr.match(/^ {4}hint: /gm)?.length, 1, 'the CA wrote a hint of its own');
    assert.doesNotMatch(stderr, /^hint: run/m);
  });

  test('of a megabyte: cut', async () => {
    const { stderr } = await problem({ type: type('malformed'), detail: 'x'.repeat(900_000) });
    assert.ok(stderr.length < 5000, String(stderr.length));
  });

  test('with a thousand subproblems: told in part', async () => {
    const subproblems = Array.from({ length: 1000 }, (_, index) => ({
      type: type('caa'),
      detail: `number ${index} ${'x'.repeat(500)}`,
      identifier: { type: 'dns', value: `n${index}.example.org` },
    }));
    const { stderr } = await problem({ type: type('rejectedIdentifier'), detail: 'all bad', subproblems });
    assert.match(stderr, /all bad/);
    assert.ok(stderr.length < 50_000, String(stderr.length));
  });

  for (const name of ['constructor', '__proto__', 'toString', 'hasOwnProperty', '']) {
    test(`of type ${JSON.stringify(name)}: a hint for people`, async () => {
      const { stderr } = await problem({ type: type(name), detail: 'it says' });
      assert.match(stderr, /it says\n {4}hint: [A-Z][^\n]{10,}\n/);
    });
  }

  const odd: readonly (readonly [string, Record<string, unknown>])[] = [
    ['no words', { type: 'about:blank' }],
    ['numbers for texts', { type: 7, detail: { x: 1 }, status: 'x', subproblems: 'none' }],
    ['a type of a megabyte', { type: 'x'.repeat(500_000), detail: 'short' }],
    [
      'subproblems of no sense',
      { type: type('malformed'), detail: 'd', subproblems: [null, 1, {}, { identifier: 3 }] },
    ],
  ];
  for (const [what, document] of odd) {
    test(what, async () => {
      const { stderr } = await problem(document);
      assert.match(stderr, /refused newOrder: [\s\S]*hint: /);
      assert.ok(stderr.length < 5000);
    });
  }

  test('in a challenge: names, reasons, and a hint for the first', async (t) => {
    const strict = await createBench({ authority });
    t.after(() => strict.close());
    const { knobs } = strict.ca;
    knobs.alwaysValid = false;
    knobs.validationProblems = {
      'a.example.org': { type: type('dns'), detail: 'NXDOMAIN \u001b[31m a', status: 400 },
      'b.example.org': { type: type('constructor'), detail: 'odd', status: 400 },
    };
    const result = await strict.store().certonly('a.example.org,b.example.org');
    fails(result, 1, /could not validate /);
    assert.match(result.stderr, /: (dns: NXDOMAIN|constructor: odd)/);
    assert.match(result.stderr, /hint: [A-Z]/);
  });

  test('in the order, when issuance fails', async (t) => {
    const strict = await createBench({ authority });
    t.after(() => strict.close());
    strict.ca.knobs.issuanceProblem = { type: type('caa'), detail: 'CAA forbids', status: 403 };
    fails(await strict.store().certonly(NAME), 1, /called the order invalid: caa: CAA forbids\n {4}hint: /);
  });
});

describe('hostile objects', () => {
  let store: Store;
  const authz = (changes: Record<string, unknown>, challenge: Record<string, unknown> = {}) => ({
    status: 'pending',
    identifier: { type: 'dns', value: NAME },
    challenges: [
      { type: 'http-01', url: `${bench.ca.url}/c/1`, status: 'pending', token: 'x'.repeat(43), ...challenge },
    ],
    ...changes,
  });
  const bodies: readonly (readonly [string, Injection['endpoint'], () => unknown])[] = [
    ['a token that climbs', 'authz', () => authz({}, { token: '../../../../../../tmp/evercert-pwned' })],
    ['a token with a slash', 'authz', () => authz({}, { token: `a/${'x'.repeat(40)}` })],
    ['a token with a zero', 'authz', () => authz({}, { token: `${'x'.repeat(40)}\0` })],
    ['an empty token', 'authz', () => authz({}, { token: '' })],
    ['no token', 'authz', () => authz({}, { token: undefined })],
    ['a token of 100 KB', 'authz', () => authz({}, { token: 'x'.repeat(100_000) })],
    ['another name', 'authz', () => authz({ identifier: { type: 'dns', value: '../../etc' } })],
    ['no http-01', 'authz', () => authz({}, { type: 'dns-01' })],
    ['no challenge', 'authz', () => authz({ challenges: [] })],
    ['ten thousand challenges', 'authz', () => authz({ challenges: Array(10_000).fill({ type: 'x' }) })],
    ['a challenge elsewhere', 'authz', () => authz({}, { url: 'file:///etc/passwd' })],
    [
      'a name that is control characters',
      'authz',
      () => authz({ identifier: { type: 'dns', value: '\u001b[31m' } }),
    ],
    ['an unknown status', 'authz', () => authz({ status: 'constructor' })],
    ['an array', 'authz', () => []],
    ['a text', 'authz', () => 'authz'],
    [
      'no authorizations',
      'newOrder',
      () => ({ status: 'pending', identifiers: [], authorizations: [], finalize: 'http://127.0.0.1:1/' }),
    ],
    [
      'an unknown status',
      'newOrder',
      () => ({ status: '__proto__', identifiers: [], authorizations: [], finalize: 'x' }),
    ],
    [
      'a relative certificate',
      'order',
      () => ({
        status: 'valid',
        identifiers: [],
        authorizations: [],
        finalize: `${bench.ca.url}/f`,
        certificate: '/c',
      }),
    ],
    [
      'a certificate elsewhere',
      'order',
      () => ({
        status: 'valid',
        identifiers: [],
        authorizations: [],
        finalize: `${bench.ca.url}/f`,
        certificate: 'file:///etc/passwd',
      }),
    ],
    [
      'valid without a certificate',
      'order',
      () => ({ status: 'valid', identifiers: [], authorizations: [], finalize: `${bench.ca.url}/f` }),
    ],
    [
      'a directory elsewhere',
      'directory',
      () => ({ newNonce: 'javascript:1', newAccount: 'x', newOrder: 'x' }),
    ],
    [
      'a directory of objects',
      'directory',
      () => ({ newNonce: {}, newAccount: [], newOrder: null, meta: 7 }),
    ],
  ];
  for (const [what, endpoint, body] of bodies) {
    test(`${endpoint}: ${what}`, async () => {
      store = await bench.seeded(NAME);
      const status = endpoint === 'newOrder' ? 201 : 200;
      const text = JSON.stringify(body());
      const fault: Fault = { kind: 'status', status, body: text, contentType: 'application/json' };
      bench.ca.inject({ endpoint, fault, times: 3 });
      const result = await store.renew(['--force-renewal']);
      bench.ca.clearFaults();
      fails(result, 1, /a\.example\.org: failed: .{10,}/);
      assert.ok(result.stderr.length < 4000);
      isWhole(store, '0001');
    });
  }

  test('the next good run repairs', async () => {
    assert.equal(store.live(NAME), '0001');
    succeeds(await store.renew(['--force-renewal']));
    isWhole(store, '0002');
  });
});

describe('a server that only pretends', { concurrency: 4 }, () => {
  type Answer = (request: IncomingMessage, response: ServerResponse, url: string) => void;
  const NONCE = { 'replay-nonce': 'AAAA' };
  const json = (response: ServerResponse, status: number, headers: Record<string, string>, body: unknown) =>
    response
      .writeHead(status, { 'content-type': 'application/json', ...NONCE, ...headers })
      .end(JSON.stringify(body));

  /** A directory, an account, and whatever `answer` says to the rest. */
  async function pretend(answer: Answer) {
    const server = createServer((request, response) => {
      const { port } = server.address() as AddressInfo;
      const url = `http://127.0.0.1:${port}`;
      request.resume();
      if (request.url === '/directory') {
        return json(
          response,
          200,
          {},
          { newNonce: `${url}/nonce`, newAccount: `${url}/account`, newOrder: `${url}/order` },
        );
      }
      if (request.url === '/nonce') return response.writeHead(200, NONCE).end();
      return answer(request, response, url);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    return {
      url: `http://127.0.0.1:${port}/directory`,
      close: () => [server.close(), server.closeAllConnections()],
    };
  }

  const order = (url: string) => ({
    status: 'pending',
    identifiers: [{ type: 'dns', value: NAME }],
    authorizations: [`${url}/authz`],
    finalize: `${url}/finalize`,
  });
  const cases: readonly (readonly [string, Answer])[] = [
    [
      'an account at no URL',
      (_, response) => json(response, 201, { location: 'not a url' }, { status: 'valid' }),
    ],
    ['an account without a URL', (_, response) => json(response, 201, {}, { status: 'valid' })],
    [
      'an account that is deactivated',
      (_, response, url) => json(response, 200, { location: `${url}/a` }, { status: 'deactivated' }),
    ],
    [
      'an account at a URL that drives a terminal',
      (_, response) => json(response, 201, { location: 'http://x/\u00a0\u00ad' }, { status: 'valid' }),
    ],
    ...[
      'not a url',
      '/order/1',
      'ftp://127.0.0.1/x',
      'http://',
      'file:///etc/passwd',
      `http://127.0.0.1:1/${'x'.repeat(9000)}`,
    ].map(
      (location) =>
        [
          `an order at ${location.slice(0, 40)}`,
          (request: IncomingMessage, response: ServerResponse, url: string) =>
            request.url === '/account'
              ? json(response, 201, { location: `${url}/a` }, { status: 'valid' })
              : json(response, 201, { location }, order(url)),
        ] as const,
    ),
    [
      'a nonce that is none',
      (_, response, url) =>
        response
          .writeHead(201, { 'replay-nonce': '"<>\u00ff', location: `${url}/a` })
          .end('{"status":"valid"}'),
    ],
    [
      'a Link header of 8 KB',
      (_, response, url) =>
        json(response, 201, { location: `${url}/a`, link: '<x>;'.repeat(2000) }, { status: 'valid' }),
    ],
    ['headers of 100 KB', (_, response) => json(response, 201, { 'x-long': 'x'.repeat(100_000) }, {})],
    ['what is no HTTP', (request) => request.socket.end('220 mail ESMTP ready\r\n')],
  ];
  for (const [what, answer] of cases) {
    test(what, async (t) => {
      const { url, close } = await pretend(answer);
      t.after(close);
      const store = bench.store();
      const argv = store.flags.map((word) => (word === bench.ca.directoryUrl ? url : word));
      const result = await run(['certonly', ...argv, '-d', NAME]);
      fails(result, 1, /a\.example\.org: failed: .*\n( {4}.*\n)* {4}hint: /);
      assert.equal(store.live(NAME), undefined);
      // And once more, with what that left behind.
      if (what.startsWith('an account'))
        fails(await run(['certonly', ...argv, '-d', NAME]), 1, /a\.example\.org: failed: /);
    });
  }
});

test('HTTPS by a root that nobody trusts: told about --ca-bundle, which then works', async (t) => {
  const secure = await createBench({ authority, tls: true });
  t.after(() => secure.close());
  const store = secure.store();
  fails(
    await store.certonly(NAME),
    1,
    /the TLS certificate of .* was refused: [\s\S]*hint: .*--ca-bundle FILE/,
  );
  writeFileSync(`${store.scratch}/root.pem`, secure.ca.tlsRootPem);
  succeeds(await store.certonly(NAME, ['--ca-bundle', `${store.scratch}/root.pem`]));
  succeeds(await store.renew(['--force-renewal']));
});

test('a CA that never answers: given up after 30 s; the next run goes on', async () => {
  const { store, result, ms } = await hanging;
  fails(result, 1, /did not answer within 30 s[\s\S]*hint: /);
  assert.ok(ms > 29_000 && ms < 60_000, String(ms));
  succeeds(await store.renew(['--retry-now']));
  isWhole(store, '0002');
});
