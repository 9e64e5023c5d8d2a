// A secondary that has the records 20 s after its primary, asked by the CA: no validation fails.
// node esbuild.config.js && node .build/test/soak/dns-lag.js [SECONDS] [ORDERS]
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { evercert } from '../support/evercert.ts';
import { startBind, startSecondary, type UpdateKey } from '../support/rig/bind.ts';
import { startDnsFront } from '../support/rig/dns-front.ts';
import { startPebble } from '../support/rig/pebble.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

const ZONE = 'lag.test';
const [lag = 20, orders = 3] = process.argv.slice(2).map(Number);
const key: UpdateKey = {
  name: 'key',
  algorithm: 'hmac-sha512',
  secret: Buffer.alloc(64, 1).toString('base64'),
};

const { directory, remove } = scratchDirectory('lag');
const front = await startDnsFront();
const primary = await startBind({ zones: { [ZONE]: '' }, keys: [key], others: [front.address] });
const secondary = await startSecondary({ of: primary, zones: [ZONE], everySeconds: lag, front });
const pebble = await startPebble({ dnsServer: `127.0.0.1:${secondary.port}` });
const file = join(directory, 'rfc2136.ini');
const words = Object.entries({ server: primary.address, ...key });
writeFileSync(file, words.map(([name, value]) => `${name} = ${value}\n`).join(''), { mode: 0o600 });
const argv = [
  ...['certonly', '--config-dir', join(directory, 'store'), '--server', pebble.directoryUrl],
  ...['--ca-bundle', pebble.caBundle, '--agree-tos', '--register-unsafely-without-email'],
  ...['--dns', 'rfc2136', '--dns-credentials', file, '--dns-resolvers', primary.address],
  ...['-d', `${ZONE},*.${ZONE},www.${ZONE}`, '--force-renewal'],
];

console.log('| order | seconds | questions to the secondary | validations well | failed |');
console.log('| --- | --- | --- | --- | --- |');
for (let order = 1; order <= orders; order += 1) {
  const [started, asked, from] = [performance.now(), secondary.counts.udp, pebble.log().length];
  const result = await evercert(argv);
  if (result.status !== 0) throw new Error(result.stdout + result.stderr);
  const log = pebble.log().slice(from);
  const count = (pattern: RegExp) => [...log.matchAll(pattern)].length;
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  const validated = [count(/authz \S+ set VALID/g), count(/set INVALID/g)];
  console.log(`| ${[order, seconds, secondary.counts.udp - asked, ...validated].join(' | ')} |`);
}
await Promise.all([pebble.stop(), primary.stop(), secondary.stop()]);
remove();
process.exit();
