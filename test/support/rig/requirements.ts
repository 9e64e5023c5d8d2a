import { spawnSync } from 'node:child_process';
import { appendFileSync, existsSync } from 'node:fs';
import { findExecutable } from './executables.ts';
import { providePebble } from './pebble-package.ts';
import { suiteName } from './reporter.ts';
import { scratchDirectory } from './scratch.ts';

/** What a test may need besides Node, and the Debian package that brings it; Pebble has a way of its own. */
export const debianPackages = {
  nginx: 'nginx',
  haproxy: 'haproxy',
  apache2: 'apache2-bin',
  openssl: 'openssl',
  bash: 'bash',
  dash: 'dash',
  busybox: 'busybox',
  curl: 'curl',
  wget: 'wget',
  flock: 'util-linux',
  setpriv: 'util-linux',
  postfix: 'postfix',
  promtool: 'prometheus',
  named: 'bind9',
  knotd: 'knot',
  'systemd-analyze': 'systemd',
  'nginx-stream': 'libnginx-mod-stream',
} as const;

export type Requirement = keyof typeof debianPackages | 'pebble' | 'root' | 'tmpfs';

/** Names the file to which `skipWithout` adds one line for each suite that does not run. */
export const SKIPPED_VARIABLE = 'EVERCERT_TEST_SKIPPED';

/** A module of nginx's, which its configuration must load. */
export const NGINX_STREAM = '/usr/lib/nginx/modules/ngx_stream_module.so';

/** Which of these are not here. */
export function missing(requirements: readonly Requirement[]): Requirement[] {
  return requirements.filter((requirement) => !isHere(requirement));
}

/**
 * For node:test's `skip` option: false when all is here, else the reason, which `npm test` also reports at its end.
 *
 *     describe('deploy to nginx', { skip: skipWithout(['nginx', 'pebble']) }, () => …
 */
export function skipWithout(requirements: readonly Requirement[]): string | false {
  const absent = missing(requirements);
  if (absent.length === 0) return false;
  const reason = `needs ${absent.join(', ')}`;
  const record = process.env[SKIPPED_VARIABLE];
  if (record) appendFileSync(record, `${suiteName(process.argv[1])} ${reason}\n`);
  return reason;
}

let pebbleIsHere: boolean | undefined;

function isHere(requirement: Requirement): boolean {
  if (requirement === 'root') return process.getuid?.() === 0;
  if (requirement === 'tmpfs') return canMount();
  if (requirement === 'nginx-stream') return existsSync(NGINX_STREAM);
  if (requirement !== 'pebble') return findExecutable(requirement) !== undefined;
  pebbleIsHere ??= canProvidePebble();
  return pebbleIsHere;
}

/** Containers mostly may not. */
function canMount(): boolean {
  const { directory, remove } = scratchDirectory('mount');
  const mounted = spawnSync('mount', ['-t', 'tmpfs', 'tmpfs', directory]).status === 0;
  if (mounted) spawnSync('umount', [directory]);
  remove();
  return mounted;
}

function canProvidePebble(): boolean {
  try {
    providePebble();
    return true;
  } catch {
    return false;
  }
}
