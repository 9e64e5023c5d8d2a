import * as fs from 'node:fs';
import { isIPv6 } from 'node:net';
import { basename } from 'node:path';
import { systemCode } from '../errors.ts';

const LISTENING = '0A';
const ANY = /^0+$/;
const TABLES = ['/proc/net/tcp', '/proc/net/tcp6'];

/**
 * Who listens on this port, such as "nginx (pid 812)", as far as Linux shows it to us; undefined where it does not.
 *
 * @param address ours; empty means all
 */
export function findPortHolder(address: string, port: number): string | undefined {
  const sockets = new Set(
    TABLES.flatMap((table) => listeners(table, port))
      .filter(({ local }) => mayBe(local, address))
      .map(({ inode }) => `socket:[${inode}]`),
  );
  if (sockets.size === 0) return undefined;
  const holders = list('/proc').filter((pid) => /^\d+$/.test(pid) && holdsOne(pid, sockets));
  // The master of a server has started before its workers.
  const [pid] = holders.map(Number).sort((left, right) => left - right);
  return pid === undefined ? undefined : `${nameOf(pid)} (pid ${pid})`;
}

/** The listening sockets of this port (proc_net(5)): "sl local_address rem_address st … inode". */
function listeners(table: string, port: number): { local: string; inode: string }[] {
  const rows = (read(table) ?? '').split('\n').map((line) => line.trim().split(/\s+/));
  return rows.flatMap(([, place = '', , state, , , , , , inode = '']) => {
    const [local = '', hexPort = ''] = place.split(':');
    return state === LISTENING && Number.parseInt(hexPort, 16) === port ? [{ local, inode }] : [];
  });
}

/** As the kernel of a little-endian machine writes an IPv4 address. One of IPv6 may be any: few ports have two holders. */
function mayBe(local: string, address: string): boolean {
  if (address === '' || isIPv6(address) || ANY.test(local)) return true;
  const bytes = address.split('.').map((byte) => Number(byte).toString(16).padStart(2, '0'));
  return local === bytes.reverse().join('').toUpperCase();
}

function holdsOne(pid: string, sockets: ReadonlySet<string>): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => sockets.has(linkOf(`/proc/${pid}/fd/${fd}`) ?? ''));
}

/** What newer releases of Node call their first thread, and so themselves: it tells nobody anything. */
const UNTOLD = 'MainThread';

/** A program chooses its own name: of it, what a terminal can take. */
function nameOf(pid: number): string {
  const own = read(`/proc/${pid}/comm`)?.trim() ?? '';
  const name = own === UNTOLD ? basename(linkOf(`/proc/${pid}/exe`) ?? '') : own;
  return name.replace(/[^\x20-\x7e]+/g, ' ').trim() || 'a program';
}

const read = (path: string) => attempt(() => fs.readFileSync(path, 'utf8'));
const linkOf = (path: string) => attempt(() => fs.readlinkSync(path));
const list = (path: string) => attempt(() => fs.readdirSync(path)) ?? [];

/** Processes end while we look, others are not ours to see. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    return undefined;
  }
}
