import { connect, createServer } from 'node:net';
import type { FakeApi } from '../../support/dns-apis/server.ts';
import { type Bind, startBind, type UpdateKey } from '../../support/rig/bind.ts';
import { listenOn } from '../../unit-kit/listen.ts';
import type { World } from './world.ts';

export const FOREIGN = 'put here by somebody else';

/** A zone that evercert changes by requests to a server of ours. */
export interface Zone extends Pick<FakeApi, 'watch' | 'requests'> {
  /** All values there. */
  readonly all: () => readonly string[];
}

/** Springs the trap by the requests of an API. @param changed is awaited before a change is answered */
export function watchZone({ trap }: World, zone: Zone, changed: () => Promise<void>): void {
  zone.watch(async (_, answer) => {
    if (await trap.reach('before add')) return undefined;
    const before = zone.all();
    const reply = answer();
    const after = zone.all();
    if (before.join() === after.join()) return reply;
    await changed();
    await trap.reach(after.length < before.length ? 'in clean-up' : 'in add');
    return reply;
  });
}

/** Has Pebble find at these names what an API has there. */
export function mirror(
  { pebble }: World,
  name: string,
  values: () => readonly string[],
): () => Promise<void> {
  return async () => {
    await pebble.dns?.clearTxt(name);
    for (const value of values()) await pebble.dns?.setTxt(name, value);
  };
}

/** Of a DNS message by TCP, after its length. */
const isUpdate = (message: Buffer): boolean => (((message[4] ?? 0) >> 3) & 15) === 5;

/** A port before BIND's that springs the trap by updates. @returns the port */
export function watchUpdates(
  { trap, lifetime }: World,
  bind: Bind,
  standing: () => Promise<readonly string[]>,
): Promise<number> {
  const server = createServer((client) => {
    const upstream = connect(bind.port, '127.0.0.1');
    for (const socket of [client, upstream])
      socket
        .on('error', () => undefined)
        .on('close', () => [client, upstream].forEach((each) => void each.destroy()));
    let before: readonly string[] | undefined;
    client.on('data', async (message) => {
      before = isUpdate(message) ? await standing() : undefined;
      if (before !== undefined && (await trap.reach('before add'))) client.destroy();
      else upstream.write(message);
    });
    upstream.on('data', async (answer) => {
      const after = before === undefined ? [] : await standing();
      if (before !== undefined && before.join() !== after.join())
        await trap.reach(after.length < before.length ? 'in clean-up' : 'in add');
      if (client.writable) client.write(answer);
    });
  });
  return listenOn(lifetime, server);
}

/** Values that stand at all names that were ever added to. */
export async function addedTo(bind: Bind): Promise<readonly string[]> {
  const names = [...bind.log().matchAll(/adding an RR at '([^']+)' TXT/g)].map(([, name = '']) => name);
  const values = await Promise.all([...new Set(names)].map((name) => bind.txt(name)));
  return values.flat().filter((value) => value !== FOREIGN);
}

export const keyOf = (): UpdateKey => ({
  name: 'evercert-key',
  algorithm: 'hmac-sha256',
  secret: Buffer.alloc(32, 7).toString('base64'),
});

export const startZones = (zones: Readonly<Record<string, string>>): Promise<Bind> =>
  startBind({ zones, keys: [keyOf()] });
