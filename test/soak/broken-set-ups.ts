// Ten broken set-ups: what evercert says before it tells the CA, next to what the CA said. As root, with BIND:
// node esbuild.config.js && node .build/test/soak/broken-set-ups.js
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import { createServer as createPlain, type Server } from 'node:net';
import { join } from 'node:path';
import { createServer as createTls } from 'node:tls';
import { startAcmeServer } from '../support/acme-server/index.ts';
import { evercert } from '../support/evercert.ts';
import { ranInLoneNetwork, serveZone } from '../support/lone-network.ts';
import { createAuthority } from '../support/rig/authority.ts';
import { startPebble } from '../support/rig/pebble.ts';
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

/** Each with its name in the zone, and what evercert must say of it. */
const SET_UPS: readonly (readonly [what: string, name: string, expected: RegExp])[] = [
  ['(nothing wrong)', 'good', /^$/],
  ['wrong webroot', 'webroot', /answers 404/],
  ['port 80 closed', 'closed', /refuses connections/],
  ['AAAA of another machine', 'six', /AAAA record leads elsewhere.*404/],
  ['redirect loop', 'loop', /redirects in a circle/],
  ['redirect to a closed port', 'redirect', /:443 \(redirected to https:.*refuses connections/],
  ['a page for everything', 'page', /begins with "<!doctype html>/],
  ['CAA forbids (CA of our own)', 'caa', /allow only other-ca\.test, not ca\.test/],
  ['no A record', 'none', /no address/],
  ['a server that never answers', 'silent', /sends nothing within 5 s/],
  ['tls-alpn-01 at another server', 'alpn', /does not speak acme-tls\/1/],
];

if (process.env.EVERCERT_LONE_NETWORK === undefined) providePebble();
if (!ranInLoneNetwork(ADDRESSES)) await main();

async function main(): Promise<void> {
  const { directory } = scratchDirectory('broken');
  const served = join(directory, 'served');
  await startListeners(served);
  await serveZone(ZONE);
  const pebble = await startPebble({ dnsServer: '127.0.0.1:53', httpPort: 80, tlsPort: 443 });
  const own = await startAcmeServer({ httpPort: 80 });
  const ca = ['--server', pebble.directoryUrl, '--ca-bundle', pebble.caBundle];
  console.log('| set-up | seconds | evercert, before the CA is told | the CA |\n| --- | --- | --- | --- |');
  for (const [what, name, expected] of SET_UPS) {
    const webroot = name === 'webroot' ? join(directory, 'elsewhere') : served;
    const server = name === 'caa' ? ['--server', own.directoryUrl] : ca;
    const started = performance.now();
    const output = await order(directory, name, webroot, server);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    const { ours, theirs } = wordsOf(output);
    const mark = expected.test(ours) ? '' : '**UNEXPECTED** ';
    if (mark !== '') process.exitCode = 1;
    console.log(`| ${what} | ${seconds} | ${mark}${cell(ours)} | ${cell(theirs)} |`);
  }
  process.exit();
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|') || '-';
}

async function order(
  directory: string,
  name: string,
  webroot: string,
  ca: readonly string[],
): Promise<string> {
  const configDir = join(directory, 'store');
  mkdirSync(webroot, { recursive: true });
  const env = { EVERCERT_SELF_CHECK: '' };
  const account = ['--agree-tos', '--register-unsafely-without-email'];
  const store = ['--config-dir', configDir];
  if (name === 'alpn') {
    const good = JSON.parse(readFileSync(join(configDir, 'renewal/good.test.json'), 'utf8'));
    const settings = { ...good, names: ['alpn.test'], challenge: { type: 'tls-alpn', port: 8443 } };
    writeFileSync(join(configDir, 'renewal/alpn.test.json'), JSON.stringify(settings));
    const words = ['renew', ...store, '--cert-name', 'alpn.test', '--dry-run', '--no-random-sleep-on-renew'];
    return (await evercert(words, { env })).stderr;
  }
  const words = ['certonly', ...store, '-d', `${name}.test`, '-w', webroot, ...ca, ...account];
  return (await evercert(words, { env })).stderr;
}

function wordsOf(output: string): { ours: string; theirs: string } {
  const lines = output.split('\n');
  const ours = lines.filter((line) => line.startsWith('may be wrong: ')).map((line) => line.slice(14));
  const refused = lines.findIndex((line) => / failed: /.test(line));
  const details = lines.slice(refused + 1).filter((line) => /^ {4}(?!hint: |what the self-check)/.test(line));
  const said =
    refused < 0 ? 'issued' : details.map((line) => line.trim()).join('; ') || (lines[refused] ?? '');
  if (output.includes('may not issue'))
    return { ours: said, theirs: 'was not asked (Pebble does not look at CAA)' };
  return { ours: ours.join('; '), theirs: said };
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
