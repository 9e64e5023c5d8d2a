import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { executable } from './rig/executables.ts';
import { type RunningServer, startServer } from './rig/processes.ts';
import { scratchDirectory } from './rig/scratch.ts';

const INSIDE = 'EVERCERT_LONE_NETWORK';

/**
 * Runs this very script once more in a network of its own, which ends with it: there ports 53, 80 and 443 are free, all
 * of these addresses are this machine's, and names are asked for at 127.0.0.1. Needs root.
 *
 * @returns false in there; outside, once that has ended, true
 */
export function ranInLoneNetwork(addresses: readonly string[]): boolean {
  if (process.env[INSIDE] !== undefined) return false;
  const { directory, remove } = scratchDirectory('network');
  const resolv = join(directory, 'resolv.conf');
  writeFileSync(resolv, 'nameserver 127.0.0.1\n');
  const script = [
    'ip link set lo up',
    ...addresses.map((address) => `ip address add ${address}/${address.includes(':') ? 128 : 32} dev lo`),
    `mount --bind ${resolv} /etc/resolv.conf`,
    'exec "$@"',
  ];
  const again = [process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const words = ['--net', '--mount', 'sh', '-ec', script.join('\n'), 'sh', ...again];
  const { status } = spawnSync('unshare', words, {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE]: '1' },
  });
  remove();
  process.exitCode = status ?? 1;
  return true;
}

/** BIND at 127.0.0.1:53 with the zone `test`, and no other. @param records of the zone file */
export async function serveZone(records: readonly string[]): Promise<RunningServer> {
  const { directory } = scratchDirectory('zone');
  const zone = join(directory, 'zone');
  const top = ['$ORIGIN test.', '$TTL 1', '@ SOA ns root 1 60 60 60 1', '@ NS ns', 'ns A 127.0.0.1'];
  writeFileSync(zone, `${[...top, ...records].join('\n')}\n`);
  const options = [
    `directory "${directory}"; listen-on { 127.0.0.1; }; listen-on-v6 { none; };`,
    'recursion no; pid-file none; allow-new-zones no; dnssec-validation no;',
  ];
  const conf = `options { ${options.join(' ')} };\ncontrols { };\nzone "test" { type primary; file "${zone}"; };\n`;
  writeFileSync(join(directory, 'named.conf'), conf);
  return startServer({
    command: executable('named'),
    args: ['-g', '-c', join(directory, 'named.conf')],
    ports: [53],
  });
}
