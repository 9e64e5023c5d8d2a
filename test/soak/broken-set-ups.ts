// Ten broken set-ups: what evercert says before it tells the CA, next to what the CA said. As root, with BIND:
// node esbuild.config.js && node .build/test/soak/broken-set-ups.js
import { mkdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createPlain, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { evercert } from '../support/evercert.ts';
import { ranInLoneNetwork, serveZone } from '../support/lone-network.ts';
import { createAuthority } from '../support/rig/authority.ts';
import { type Pebble, startPebble } from '../support/rig/pebble.ts';
import { providePebble } from '../support/rig/pebble-package.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const HERE = '198.51.100.1';
const CLOSED = '198.51.100.2';
const LOOP = '198.51.100.3';
const TO_CLOSED = '198.51.100.4';
const CATCH_ALL = '198.51.100.5';
const SILENT = '198.51.100.6';
const OTHER_TLS = '198.51.100.7';
const OTHER_V6 = '2001:db8::2';
const ADDRESSES = [HERE, CLOSED, LOOP, TO_CLOSED, CATCH_ALL, SILENT, OTHER_TLS, OTHER_V6];

const ZONE = [
  `good A ${HERE}`,
  `webroot A ${HERE}`,
  `closed A ${CLOSED}`,
  `six A ${HERE}`,
  `six AAAA ${OTHER_V6}`,
  `loop A ${LOOP}`,
  `redirect A ${TO_CLOSED}`,
  `page A ${CATCH_ALL}`,
  `caa A ${HERE}`,
  'caa CAA 0 issue "other-ca.test"',
  'none TXT "no address"',
  `silent A ${SILENT}`,
  `alpn A ${OTHER_TLS}`,
];

const WARNED = 'may be wrong: ';

/** Each with its name in the zone, and what evercert must say of it. */
const SET_UPS: readonly (readonly [what: string, name: string, expected: RegExp])[] = [
  ['(nothing wrong)', 'good', /^$/],
  ['wrong webroot', 'webroot', /answers 404/],
  ['port 80 closed', 'closed', /refuses connections/],
  ['AAAA of another machine', 'six', /AAAA record leads elsewhere.*404/],
  ['redirect loop', 'loop', /redirects in a circle/],
  ['redirect to a closed port', 'redirect', /:443 \(redirected to https:.*refuses connections/],
  ['a page for everything', 'page', /begins with "<!doctype html>/],
  ['CAA forbids', 'caa', /allow only other-ca\.test, not pebble\.test/],
  ['no A record', 'none', /no address/],
  ['a server that never answers', 'silent', /sends nothing within 5 s/],
  ['tls-alpn-01 at another server', 'alpn', /does not speak acme-tls\/1/],
];

if (process.env.EVERCERT_LONE_NETWORK === undefined) providePebble();
if (!ranInLoneNetwork(ADDRESSES)) await main();

async function main(): Promise<void> {
  const { directory } = scratchDirectory('broken');
  const [served, elsewhere] = [join(directory, 'served'), join(directory, 'elsewhere')];
  for (const webroot of [served, elsewhere]) mkdirSync(webroot);
  await startListeners(served);
  await serveZone(ZONE);
  const caaIdentities = ['pebble.test'];
  const pebble = await startPebble({ dnsServer: '127.0.0.1:53', httpPort: 80, tlsPort: 443, caaIdentities });
  const run = { pebble, configDir: join(directory, 'store') };
  console.log('| set-up | seconds | evercert, before the CA is told | Pebble |\n| --- | --- | --- | --- |');
  for (const [what, name, expected] of SET_UPS) {
    const webroot = name === 'webroot' ? elsewhere : served;
    const proof = name === 'alpn' ? ['--tls-alpn', '--tls-alpn-01-port', '8443'] : ['-w', webroot];
    const started = performance.now();
    const { ours, theirs } = wordsOf(await order(run, name, proof, ''));
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const said = theirs ?? wordsOf(await order(run, name, proof, 'off')).theirs;
    const mark = expected.test(ours) ? '' : '**UNEXPECTED** ';
    if (mark !== '') process.exitCode = 1;
    console.log(`| ${what} | ${seconds} | ${mark}${cell(ours)} | ${cell(said ?? '')} |`);
  }
  process.exit();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|') || '-';
}

interface Run {
  readonly pebble: Pebble;
  readonly configDir: string;
}

/** @returns what evercert told the operator of what is wrong */
async function order(
  { pebble, configDir }: Run,
  name: string,
  proof: readonly string[],
  selfCheck: '' | 'off',
): Promise<string> {
  const ca = ['--server', pebble.directoryUrl, '--ca-bundle', pebble.caBundle];
  const account = ['--agree-tos', '--register-unsafely-without-email'];
  const words = ['certonly', '--config-dir', configDir, '-d', `${name}.test`, ...proof, ...ca, ...account];
  return (await evercert(words, { env: { EVERCERT_SELF_CHECK: selfCheck } })).stderr;
}

/** @returns nothing of the CA where it was not asked */
function wordsOf(output: string): { readonly ours: string; readonly theirs: string | undefined } {
  const lines = output.split('\n');
  const found = lines.filter((line) => line.startsWith(WARNED)).map((line) => line.slice(WARNED.length));
  const refused = lines.findIndex((line) => line.includes(': failed: '));
  if (refused < 0) return { ours: found.join('; '), theirs: 'issued' };
  const details = lines.slice(refused + 1).filter((line) => /^ {4}(?!hint: |what the self-check)/.test(line));
  const said = details.map((line) => line.trim()).join('; ') || (lines[refused] ?? '');
  const isOurs = lines[refused]?.includes(' may not issue for ');
  return isOurs ? { ours: said, theirs: undefined } : { ours: found.join('; '), theirs: said };
}

async function startListeners(served: string): Promise<void> {
  const files: RequestListener = (request, response) => {
    try {
      response.end(readFileSync(join(served, decodeURI(request.url ?? ''))));
    } catch {
      response.writeHead(404).end('not here');
    }
  };
  const sendTo =
    (place: (path: string) => string): RequestListener =>
    (request, response) =>
      response.writeHead(302, { location: place(request.url ?? '') }).end();
  const page = '<!doctype html><title>Welcome</title><h1>Coming soon</h1>';
  const web = (answer: RequestListener) => createServer(answer);
  const { key, certificate } = await (await createAuthority('other')).issue(['alpn.test']);
  await Promise.all([
    listen(web(files), HERE, 80),
    listen(
      web((_, response) => response.writeHead(404).end('another machine')),
      OTHER_V6,
      80,
    ),
    listen(web(sendTo((path) => path)), LOOP, 80),
    listen(web(sendTo((path) => `https://redirect.test${path}`)), TO_CLOSED, 80),
    listen(
      web((_, response) => response.end(page)),
      CATCH_ALL,
      80,
    ),
    listen(
      createPlain(() => undefined),
      SILENT,
      80,
    ),
    listen(
      createTls({ key, cert: certificate }).on('tlsClientError', () => undefined),
      OTHER_TLS,
      443,
    ),
  ]);
}

function listen(server: Server | ReturnType<typeof createServer>, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject).listen({ host, port }, () => resolve());
  });
}
