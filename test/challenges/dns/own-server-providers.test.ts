import assert from 'node:assert/strict';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { readCredentials } from '../../../src/challenges/dns/credentials.ts';
import type { DnsProvider } from '../../../src/challenges/dns/provider.ts';
import { provider as acmeDns } from '../../../src/challenges/dns/providers/acme-dns.ts';
import { provider as exec } from '../../../src/challenges/dns/providers/exec.ts';
import { provider as httpreq } from '../../../src/challenges/dns/providers/httpreq.ts';
import type { DnsClient } from '../../../src/system/dns.ts';
import { readOwned } from '../../../src/system/owned-file.ts';
import { createRunShell } from '../../../src/system/process.ts';
import { ACCOUNT, serveAcmeDns } from '../../support/dns-apis/acme-dns.ts';
import { type ApiReply, jsonOf, SECRET, serveApi } from '../../support/dns-apis/server.ts';
import { freePort } from '../../support/rig/ports.ts';
import { scratchDirectory } from '../../support/rig/scratch.ts';
import { assertPrintable, failure, NEVER, rejection } from '../../unit-kit/expect.ts';
import { edgesFor, record } from './provider-suite.ts';

const { directory, remove } = scratchDirectory('own-server');
after(remove);

const VALUE = 'LHDhK3oGRvkiefQnx7OOczTY5Tic_xZ6HcMOc_gmtoM';
const ONE = record(VALUE);
const { name: NAME } = ONE;

const hostileReplies = (secret: string): ApiReply[] => [
  { status: 500, json: { error: 'db_error' } },
  { status: 502, text: '<html>Bad Gateway</html>' },
  { status: 302, headers: { location: 'http://127.0.0.1:1/' } },
  { status: 200, json: { padding: 'x'.repeat(1000) }, cutAfter: 20 },
  { status: 200, json: { padding: 'x'.repeat(1 << 17) } },
  { status: 400, json: { error: 'x'.repeat(60_000) } },
  { status: 403, json: { error: '\x1b[2J\x07no\r\n\u202e access' } },
  { status: 403, json: { error: `not allowed: ${secret}` } },
];

async function refused(promise: Promise<unknown>) {
  const error = await rejection(promise, 'dns-provider');
  for (const text of [error.message, error.hint]) assertPrintable(text);
  assert.ok(!`${error.message} ${error.hint}`.includes(SECRET), error.message);
  assert.ok(error.message.length < 700);
  return error;
}

const accounts = (server_url: string | undefined, key = `www.example.org`) =>
  JSON.stringify({
    'other.example': { ...ACCOUNT, fulldomain: 'o.example.net' },
    [key]: { ...ACCOUNT, server_url },
  });

/** @param cname where _acme-challenge leads to */
function acmeDnsEdges(t: Parameters<typeof edgesFor>[0], cname: string | undefined = ACCOUNT.fulldomain) {
  return { ...edgesFor(t), dns: async () => ({ cname: async () => cname }) as unknown as DnsClient };
}

test('acme-dns: by the name that is proven, and by the target that was followed; the two newest values stay', async (t) => {
  const api = await serveAcmeDns(t);
  const dns = acmeDns.create({ accounts: accounts(api.url) }, acmeDnsEdges(t));
  await dns.add(ONE);
  assert.deepEqual(api.values(), [VALUE]);
  const other = VALUE.replace('L', 'M');
  const followed = acmeDns.create({ accounts: accounts(`${api.url}/`, 'delegated.example') }, edgesFor(t));
  await followed.add(record(other, ACCOUNT.fulldomain));
  assert.deepEqual(api.values(), [other, VALUE]);
  await dns.remove(ONE, undefined);
  assert.deepEqual(api.values(), [other, VALUE], 'nothing can be removed there');
});

test('acme-dns: the CNAME is not there, or leads elsewhere: what to create', async (t) => {
  const api = await serveAcmeDns(t);
  for (const [cname, what] of [
    [undefined, 'is no CNAME'],
    ['x.example.net', 'leads to x.example.net'],
  ] as const) {
    const edges = { ...edgesFor(t), dns: async () => ({ cname: async () => cname }) as unknown as DnsClient };
    const { message, hint } = await refused(acmeDns.create({ accounts: accounts(api.url) }, edges).add(ONE));
    assert.ok(message.includes(what), message);
    assert.equal(hint, `Create this record once: ${NAME}. CNAME ${ACCOUNT.fulldomain}.`);
  }
  const elsewhere = acmeDns.create({ accounts: accounts(api.url) }, acmeDnsEdges(t));
  const { message, hint } = await refused(elsewhere.add(record(VALUE, 'delegated.example.com')));
  assert.match(message, /: _acme-challenge\.www\.example\.org leads to delegated\.example\.com, and not/);
  assert.equal(hint, `Create this record once: ${NAME}. CNAME ${ACCOUNT.fulldomain}.`);
  assert.deepEqual(api.requests, []);
});

test('acme-dns: no account, no server, wrong password, no storage file', async (t) => {
  const api = await serveAcmeDns(t);
  const absent = acmeDns.create({ accounts: accounts(api.url, 'else.example') }, acmeDnsEdges(t));
  const { message, hint } = await refused(absent.add(ONE));
  assert.match(message, /no account for www\.example\.org/);
  assert.match(hint, /curl -X POST SERVER\/register/);

  const homeless = { accounts: accounts(undefined) };
  assert.match((await refused(acmeDns.create(homeless, acmeDnsEdges(t)).add(ONE))).hint, /server_url/);
  await acmeDns.create({ ...homeless, api_url: api.url }, acmeDnsEdges(t)).add(ONE);
  assert.deepEqual(api.values(), [VALUE]);

  const wrong = { accounts: accounts(api.url).replaceAll(ACCOUNT.password, 'wrong-password') };
  assert.match((await refused(acmeDns.create(wrong, acmeDnsEdges(t)).add(ONE))).message, /401: forbidden/);
  for (const text of [
    '',
    '[]',
    SECRET,
    `{"a": {"password": "${SECRET}"}}`,
    accounts('x').replace('"username"', '"user"'),
  ]) {
    const error = failure(() => acmeDns.create({ accounts: text }, acmeDnsEdges(t)), 'credentials-missing');
    assert.ok(!error.message.includes(SECRET));
  }
});

test('acme-dns: the storage file by its variable, as lego has it', () => {
  const path = `${directory}/storage.json`;
  writeFileSync(path, accounts('https://auth.example.net'), { mode: 0o600 });
  const environment = { ACME_DNS_STORAGE_PATH: path, ACME_DNS_API_BASE: 'https://auth.example.net' };
  const sources = { environment, readOwned, uid: process.getuid?.() ?? 0 };
  const given = readCredentials(acmeDns, undefined, sources);
  assert.deepEqual(given, { accounts: readFileSync(path, 'utf8'), api_url: 'https://auth.example.net' });
});

test('acme-dns: hostile answers', async (t) => {
  const api = await serveAcmeDns(t);
  const dns = acmeDns.create({ accounts: accounts(api.url) }, acmeDnsEdges(t));
  const more: ApiReply[] = [
    { status: 200, text: '<html>Log in</html>' },
    { status: 200, json: { txt: 'other' } },
  ];
  for (const reply of [...hostileReplies(ACCOUNT.password), ...more]) {
    api.answer(reply);
    await refused(dns.add(ONE));
  }
  const gone = { accounts: accounts(`http://127.0.0.1:${await freePort()}`) };
  assert.match((await refused(acmeDns.create(gone, acmeDnsEdges(t)).add(ONE))).message, /connection refused/);
});

/** As lego's documentation has the server. */
async function serveHttpreq(t: Parameters<typeof edgesFor>[0], login?: string) {
  const told: [action: string, body: unknown][] = [];
  const api = await serveApi(t, (request) => {
    const action = /^\/dns\/(present|cleanup)$/.exec(request.path)?.[1];
    const { authorization } = request.headers;
    if (login !== undefined && authorization !== `Basic ${Buffer.from(login).toString('base64')}`)
      return { status: 401, text: 'who are you?' };
    if (request.method !== 'POST' || action === undefined) return { status: 404, text: 'not here' };
    told.push([action, jsonOf(request)]);
    return { status: 200 };
  });
  return { ...api, told };
}

async function addAndRemove(dns: DnsProvider) {
  await dns.add(ONE);
  await dns.remove(ONE, undefined);
}

test('httpreq: fqdn and value; domain, token and keyAuth in mode RAW', async (t) => {
  const api = await serveHttpreq(t);
  for (const end of ['', '/'])
    await addAndRemove(httpreq.create({ endpoint: `${api.url}/dns${end}` }, edgesFor(t)));
  const plain = { fqdn: `${NAME}.`, value: VALUE };
  const both = [
    ['present', plain],
    ['cleanup', plain],
  ];
  assert.deepEqual(api.told, [...both, ...both]);
  assert.equal(api.requests[0]?.headers.authorization, undefined);
  api.told.length = 0;
  await addAndRemove(httpreq.create({ endpoint: `${api.url}/dns`, mode: 'RAW' }, edgesFor(t)));
  const raw = { domain: 'www.example.org', token: 't', keyAuth: 'k' };
  assert.deepEqual(api.told, [
    ['present', raw],
    ['cleanup', raw],
  ]);
});

test('httpreq: user and password', async (t) => {
  const api = await serveHttpreq(t, `me:${SECRET}`);
  const endpoint = `${api.url}/dns`;
  await addAndRemove(httpreq.create({ endpoint, username: 'me', password: SECRET }, edgesFor(t)));
  assert.equal(api.told.length, 2);
  const wrong = httpreq.create({ endpoint, username: 'me', password: 'Wr0ng' }, edgesFor(t));
  assert.match((await refused(wrong.add(ONE))).message, /^httpreq: .* 401: who are you\?$/);
  await refused(httpreq.create({ endpoint }, edgesFor(t)).remove(ONE, undefined));
});

test('httpreq: hostile answers, nobody there, no URL', async (t) => {
  const api = await serveHttpreq(t);
  const dns = httpreq.create({ endpoint: `${api.url}/dns`, username: 'me', password: SECRET }, edgesFor(t));
  for (const reply of hostileReplies(SECRET)) {
    api.answer(reply);
    await refused(dns.add(ONE));
    api.answer(reply);
    await refused(dns.remove(ONE, undefined));
  }
  const gone = httpreq.create({ endpoint: `http://127.0.0.1:${await freePort()}` }, edgesFor(t));
  assert.match((await refused(gone.add(ONE))).message, /connection refused/);
  for (const endpoint of ['', 'dns.example.net', 'ftp://dns.example.net'])
    failure(() => httpreq.create({ endpoint }, edgesFor(t)), 'bad-settings');
});

function execEdges(t: Parameters<typeof edgesFor>[0]) {
  const run = createRunShell(0o022);
  const environment = { PATH: process.env.PATH ?? '' };
  return {
    ...edgesFor(t),
    run: (command: string, env: Readonly<Record<string, string>>) =>
      run(command, { ...environment, ...env }, 5000, NEVER),
  };
}

function program(name: string, script: string): string {
  const path = `${directory}/${name}`;
  writeFileSync(path, `#!/bin/sh\n${script}`);
  chmodSync(path, 0o755);
  return path;
}

test("exec: the arguments of lego, whatever is in the program's path or a value", async (t) => {
  const log = `${directory}/log`;
  const path = program("it's $(touch pwned) here", `printf '<%s>' "$@" >>${log}; echo >>${log}`);
  await addAndRemove(exec.create({ path }, execEdges(t)));
  await addAndRemove(exec.create({ path, mode: 'RAW' }, execEdges(t)));
  const hostile = `'; touch ${directory}/pwned; '$(id)\`id\` "\\ *`;
  await exec.create({ path }, execEdges(t)).add(record(hostile));
  assert.deepEqual(readFileSync(log, 'utf8').split('\n').slice(0, -1), [
    `<present><${NAME}.><${VALUE}>`,
    `<cleanup><${NAME}.><${VALUE}>`,
    '<present><--><www.example.org><t><k>',
    '<cleanup><--><www.example.org><t><k>',
    `<present><${NAME}.><${hostile}>`,
  ]);
  assert.throws(() => readFileSync(`${directory}/pwned`));
});

test('exec: a program that fails, prints much, is not there', async (t) => {
  const path = program('fails', `echo OUT; printf '\\033[2Jno such zone\\r\\n' >&2; exit 3`);
  const { message, hint } = await refused(exec.create({ path }, execEdges(t)).add(ONE));
  assert.equal(message, `exec: present of ${NAME} failed: exit 3: OUT [2Jno such zone`);
  assert.ok(hint.includes(path));
  const loud = program('loud', `head -c 200000 /dev/zero | tr '\\0' x; echo the end; exit 1`);
  assert.match(
    (await refused(exec.create({ path: loud }, execEdges(t)).remove(ONE, undefined))).message,
    /the end$/,
  );
  const absent = exec.create({ path: `${directory}/absent` }, execEdges(t));
  const { message: same } = await refused(absent.add(ONE));
  assert.match(same, /^exec: the program failed: exit 127: .*not found/);
  assert.equal((await refused(absent.remove(ONE, undefined))).message, same);
});
