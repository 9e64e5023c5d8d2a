// 100 names in one order, proven by rfc2136 at BIND: time and messages, beside one name:
// node esbuild.config.js && node .build/test/soak/hundred-names.js
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evercert } from '../support/evercert.ts';
import { type Bind, startBind, type UpdateKey } from '../support/rig/bind.ts';
import { type Pebble, startPebble } from '../support/rig/pebble.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const ZONES = ['one.test', 'two.test'];
const KEY: UpdateKey = {
  name: 'key',
  algorithm: 'hmac-sha256',
  secret: Buffer.alloc(32, 1).toString('base64'),
};

/** So many names, those of each host with its wildcard, in both zones. */
function names(count: number): string[] {
  return Array.from({ length: count }, (_, index) => {
    const host = `h${index >> 2}.${ZONES[(index >> 1) % 2]}`;
    return index % 2 === 0 ? host : `*.${host}`;
  });
}

function flags({ address }: Bind, { directoryUrl, caBundle }: Pebble, directory: string): string[] {
  const file = join(directory, 'rfc2136.ini');
  const words = Object.entries({ server: address, ...KEY });
  writeFileSync(file, words.map(([name, value]) => `${name} = ${value}\n`).join(''), { mode: 0o600 });
  return [
    ...['certonly', '--config-dir', join(directory, 'store'), '--server', directoryUrl],
    ...['--ca-bundle', caBundle, '--agree-tos', '--register-unsafely-without-email'],
    ...['--dns', 'rfc2136', '--dns-credentials', file, '--dns-resolvers', address],
  ];
}

async function measure(bind: Bind, pebble: Pebble, argv: readonly string[], count: number): Promise<string> {
  const before = { ...bind.counts, asked: requests(pebble), updates: updates(bind) };
  const started = performance.now();
  const result = await evercert([...argv, '--cert-name', `names-${count}`, '-d', names(count).join(',')]);
  if (result.status !== 0) throw new Error(result.stdout + result.stderr);
  const seconds = (performance.now() - started) / 1000;
  const { udp, tcp } = bind.counts;
  const cells = [
    count,
    seconds.toFixed(1),
    udp - before.udp,
    tcp - before.tcp,
    updates(bind) - before.updates,
  ];
  return `| ${[...cells, requests(pebble) - before.asked].join(' | ')} |`;
}

function updates(bind: Bind): number {
  return [...bind.log().matchAll(/updating zone .*: (?:adding|deleting) an RR/g)].length;
}

function requests(pebble: Pebble): number {
  return [...pebble.log().matchAll(/calling handler/g)].length;
}

const { directory, remove } = scratchDirectory('hundred');
const bind = await startBind({ zones: Object.fromEntries(ZONES.map((zone) => [zone, ''])), keys: [KEY] });
const pebble = await startPebble({ dnsServer: `127.0.0.1:${bind.port}` });
const argv = flags(bind, pebble, directory);
console.log('| names | seconds | DNS by UDP | DNS by TCP | updates | requests to the CA |');
console.log('| --- | --- | --- | --- | --- | --- |');
for (const count of [1, 2, 10, 100]) console.log(await measure(bind, pebble, argv, count));
await Promise.all([pebble.stop(), bind.stop()]);
remove();
process.exit();
