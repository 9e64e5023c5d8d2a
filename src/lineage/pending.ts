import * as v from 'valibot';
import { EvercertError } from '../errors.ts';
import type { Disk, DiskReader, DiskWriter } from '../system/disk.ts';
import { sameNames } from '../x509/identifier.ts';
import { isSigningKey, sameKind } from '../x509/keys.ts';
import { decodeJson, encodeJson } from './decode.ts';
import { archivePath, isVersion, PRIVATE_KEY, pendingPath, type StorePaths, versionPath } from './paths.ts';
import type { Settings } from './settings.ts';

const ORDER = 'order.json';

const PendingSchema = v.strictObject({
  version: v.literal(1),
  server: v.string(),
  names: v.array(v.string()),
  key: v.variant('type', [
    v.strictObject({ type: v.literal('ecdsa'), curve: v.picklist(['P-256', 'P-384', 'P-521']) }),
    v.strictObject({ type: v.literal('rsa'), bits: v.number() }),
  ]),
  /** Milliseconds since 1970. */
  createdAt: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8.64e15)),
  /** The version that this renewal will become. */
  target: v.pipe(v.string(), v.check(isVersion)),
  /** Its key is not the one before it, whatever the settings said. */
  newKey: v.optional(v.boolean()),
  /** The profile that was wanted. */
  profile: v.optional(v.string()),
  orderUrl: v.optional(v.pipe(v.string(), v.url())),
});

/** archive/NAME/.pending/order.json: the renewal under way. */
export type PendingOrder = v.InferOutput<typeof PendingSchema>;

/** How far a renewal had come when its run died; 'junk' when nothing was ordered yet, or all but the cleaning was done. */
export type Pending =
  | { readonly kind: 'junk' }
  | { readonly kind: 'ordered' | 'published' | 'swapped'; readonly order: PendingOrder };

/** @param live the version that is live now, if any */
export function readPending(
  disk: DiskReader,
  paths: StorePaths,
  name: string,
  live: string | undefined,
): Pending {
  const order = readOrder(disk, paths, name);
  const key = disk.readText(`${pendingPath(paths, name)}/${PRIVATE_KEY}`);
  if (order === undefined || key === undefined || !isSigningKey(key)) return { kind: 'junk' };
  if (live === order.target) return { kind: 'swapped', order };
  return { kind: disk.exists(versionPath(paths, name, order.target)) ? 'published' : 'ordered', order };
}

function readOrder(disk: DiskReader, paths: StorePaths, name: string): PendingOrder | undefined {
  const path = `${pendingPath(paths, name)}/${ORDER}`;
  const text = disk.readText(path);
  if (text === undefined) return undefined;
  try {
    return decodeJson(PendingSchema, text, path);
  } catch {
    return undefined;
  }
}

/** Whether it asks for what the settings ask for; if not, it is of no use. */
export function fitsSettings(order: PendingOrder, settings: Settings): boolean {
  const { server, fallbackServers = [], names, allowSubsetOfNames = false } = settings;
  const isPart = allowSubsetOfNames && order.names.every((name) => names.includes(name));
  return (
    [server, ...fallbackServers].includes(order.server) &&
    (isPart || sameNames(order.names, names)) &&
    order.profile === (settings.requiredProfile ?? settings.preferredProfile) &&
    sameKind(order.key, settings.key)
  );
}

/** @throws EvercertError lineage-damaged: the key of an order under way is gone */
export function readPendingKey(disk: DiskReader, paths: StorePaths, name: string): string {
  const path = `${pendingPath(paths, name)}/${PRIVATE_KEY}`;
  const pem = disk.readText(path);
  if (pem !== undefined) return pem;
  throw new EvercertError(
    'lineage-damaged',
    `${path} is missing`,
    `Remove ${pendingPath(paths, name)}: the next run places a new order.`,
  );
}

/** Step 1 of a renewal: the key is on the disk before anything is asked of the CA. */
export async function createPending(
  disk: Disk,
  paths: StorePaths,
  name: string,
  keyPem: string,
  order: PendingOrder,
): Promise<void> {
  const directory = pendingPath(paths, name);
  removePending(disk, paths, name);
  disk.makeDirectory(archivePath(paths, name), 0o755);
  disk.makeDirectory(directory, 0o700);
  disk.createFile(directory, { name: PRIVATE_KEY, data: keyPem, mode: 0o600 });
  await writePendingOrder(disk, paths, name, order);
}

/** Step 2, when the order has a URL. */
export function writePendingOrder(
  disk: DiskWriter,
  paths: StorePaths,
  name: string,
  order: PendingOrder,
): Promise<void> {
  return disk.replaceFile(`${pendingPath(paths, name)}/${ORDER}`, encodeJson(order), 0o600);
}

/** Last step. order.json goes first: without it the rest is known to be junk. */
export function removePending(disk: Disk, paths: StorePaths, name: string): void {
  const directory = pendingPath(paths, name);
  if (disk.exists(directory)) disk.removeDirectory(directory, ORDER);
}
