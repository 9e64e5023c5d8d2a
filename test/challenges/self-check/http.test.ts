import assert from 'node:assert/strict';
import { test } from 'node:test';
import { follow } from '../../../src/challenges/self-check/http.ts';
import type { Fault } from '../../../src/events.ts';
import type { HttpQuestion } from '../../../src/system/http-probe.ts';
import { assertPrintable } from '../../unit-kit/expect.ts';

const PORTS = { http: 80, https: 443 };
const START = 'http://a.example/.well-known/acme-challenge/token';
const EXPECTED = 'token.thumb';
const NAMES: Record<string, string[]> = {
  'b.example': ['2001:db8::2', '192.0.2.2'],
  'six.example': ['2001:db8::6'],
  'inside.example': ['10.0.0.1'],
  'metadata.example': ['169.254.169.254'],
};

type Sighting = Awaited<ReturnType<Parameters<typeof follow>[4]['get']>>;
const answer = (status: number, body = '', location?: string): Sighting => ({
  kind: 'answer',
  status,
  body,
  location,
});
const to = (location: string, status = 302): Sighting => answer(status, 'moved', location);

/** Follows through answers by URL; what is asked and not written down is the right one. */
async function walk(answers: Record<string, Sighting> | ((url: string) => Sighting), address = '192.0.2.1') {
  const asked: string[] = [];
  const get = async ({ address: at, port, secure, host, path }: HttpQuestion) => {
    const url = `http${secure ? 's' : ''}://${host}${path}`;
    asked.push(`${at} ${port} ${url}`);
    return (typeof answers === 'function' ? answers(url) : answers[url]) ?? answer(200, EXPECTED);
  };
  const addresses = async (host: string) => NAMES[host] ?? (/^[\d.]+$|:/.test(host) ? [host] : []);
  const outcome = await follow(new URL(START), address, EXPECTED, PORTS, { get, addresses });
  return { outcome, asked, fault: outcome.kind === 'fault' ? outcome.fault : undefined };
}

const HERE = { address: '192.0.2.1', port: 80 };

type Row = readonly [what: string, first: Sighting, fault: Fault | undefined];
const ROWS: readonly Row[] = [
  ['the right answer', answer(200, EXPECTED), undefined],
  ['white space after it', answer(200, `${EXPECTED}\r\n `), undefined],
  [
    'white space before it',
    answer(200, ` ${EXPECTED}`),
    { code: 'wrong-answer', status: 200, shown: EXPECTED, ...HERE },
  ],
  ['404', answer(404, 'no such page'), { code: 'not-found', ...HERE }],
  ['the right answer by 404', answer(404, EXPECTED), { code: 'not-found', ...HERE }],
  ['403', answer(403, 'go away'), { code: 'wrong-answer', status: 403, shown: 'go away', ...HERE }],
  [
    'a page',
    answer(200, 'x'.repeat(61)),
    { code: 'wrong-answer', status: 200, shown: `${'x'.repeat(60)}…`, ...HERE },
  ],
  [
    'a redirect without a place',
    answer(302, 'x'),
    { code: 'wrong-answer', status: 302, shown: 'x', ...HERE },
  ],
  ['304 is no redirect', answer(304, '', '/x'), { code: 'wrong-answer', status: 304, shown: '', ...HERE }],
  ['refused', { kind: 'none', how: 'refused' }, { code: 'no-answer', how: 'refused', ...HERE }],
  ['redirected to https', to('https://a.example/x', 301), undefined],
  ['redirected to port 80 by name', to('http://b.example:80/x', 308), undefined],
  [
    'redirected to another port',
    to('http://a.example:8080/x'),
    { code: 'bad-redirect', why: 'port', target: 'http://a.example:8080/x', ...HERE },
  ],
  [
    'redirected to another scheme',
    to('ftp://a.example/x'),
    { code: 'bad-redirect', why: 'scheme', target: 'ftp://a.example/x', ...HERE },
  ],
  [
    'redirected to no URL',
    to('http://[/x'),
    { code: 'bad-redirect', why: 'no-url', target: 'http://[/x', ...HERE },
  ],
  [
    'redirected to a name without address',
    to('http://c.example/'),
    { code: 'bad-redirect', why: 'no-address', target: 'http://c.example/', ...HERE },
  ],
  ['redirected to itself', to(START), { code: 'redirect-loop', ...HERE }],
];

for (const [what, first, fault] of ROWS) {
  test(`http-01: ${what}: ${fault?.code ?? 'fine'}`, async () => {
    const { outcome, fault: found } = await walk({ [START]: first });
    assert.deepEqual(found, fault);
    assert.equal(outcome.kind, fault === undefined ? 'fine' : 'fault');
  });
}

test('a network that this machine does not have says nothing', async () => {
  const { outcome } = await walk({ [START]: { kind: 'none', how: 'no-route' } });
  assert.deepEqual(outcome, { kind: 'unknown' });
});

test('a redirect keeps the address of its name, and takes one of the same family of another', async () => {
  const answers = { [START]: to('https://a.example/1'), 'https://a.example/1': to('//b.example/2?x=y') };
  assert.deepEqual((await walk(answers)).asked, [
    `192.0.2.1 80 ${START}`,
    '192.0.2.1 443 https://a.example/1',
    '192.0.2.2 443 https://b.example/2?x=y',
  ]);
  const six = await walk({ [START]: to('http://six.example/') });
  assert.equal(six.asked.at(-1), '2001:db8::6 80 http://six.example/');
});

test('where a redirect led is told', async () => {
  const { fault } = await walk({
    [START]: to('https://b.example/x'),
    'https://b.example/x': answer(500, 'oops'),
  });
  const place = { address: '192.0.2.2', port: 443, redirectedTo: 'https://b.example/x' };
  assert.deepEqual(fault, { code: 'wrong-answer', status: 500, shown: 'oops', ...place });
});

test('ten redirects are followed, not eleven', async () => {
  const after = (count: number) => (url: string) => {
    const done = Number(/\/(\d+)$/.exec(url)?.[1] ?? 0);
    return done === count ? answer(200, EXPECTED) : to(`/${done + 1}`);
  };
  assert.equal((await walk(after(10))).outcome.kind, 'fine');
  const { fault, asked } = await walk(after(11));
  assert.equal(fault?.code, 'too-many-redirects');
  assert.equal(asked.length, 11);
});

test('a circle of two', async () => {
  const { fault } = await walk({ [START]: to('/x'), 'http://a.example/x': to(START) });
  assert.equal(fault?.code, 'redirect-loop');
});

test('no byte of an answer drives a terminal', async () => {
  const bad = '\u001b[2J\u0000\u202e\ud800<b>';
  for (const first of [answer(200, bad), to(`ftp://a/${bad}`), to(`http://[${bad}`)]) {
    assertPrintable(Object.values((await walk({ [START]: first })).fault ?? {}).join(''));
  }
});

const INSIDE = [
  '127.0.0.1',
  '169.254.169.254',
  '0.0.0.0',
  '10.1.2.3',
  '172.31.0.1',
  '192.168.0.1',
  '100.64.0.1',
];
const INSIDE_6 = ['[::1]', '[::]', '[fe80::1]', '[fd00:ec2::254]', '[::ffff:169.254.169.254]'];

for (const host of [...INSIDE, ...INSIDE_6, 'inside.example', 'metadata.example', '2130706433']) {
  test(`nobody sends us inside: ${host}`, async () => {
    const { outcome, asked } = await walk((url) =>
      url === START ? to(`http://${host}/latest/`) : answer(200, 'secret'),
    );
    assert.deepEqual(outcome, { kind: 'unknown' });
    assert.equal(asked.length, 1);
  });
}

for (const [from, host, goes] of [
  ['10.0.0.2', '10.0.0.1', true],
  ['10.0.0.2', '10.0.0.2', true],
  ['10.0.0.2', '127.0.0.1', false],
  ['127.0.0.1', '127.0.0.1', true],
  ['192.168.0.2', '192.0.2.9', true],
] as const) {
  test(`${from} ${goes ? 'may' : 'may not'} send us to ${host}`, async () => {
    const { asked } = await walk((url) => (url === START ? to(`http://${host}/x`) : answer(404)), from);
    assert.equal(asked.length, goes ? 2 : 1);
  });
}
