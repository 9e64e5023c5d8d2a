import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { evercert } from '../../support/evercert.ts';
import { type FaultProxy, startFaultProxy } from '../../support/fault-proxy/index.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../../support/rig/pebble.ts';
import { scratchDirectory } from '../../support/rig/scratch.ts';
import { createTrap, type Trap } from './trap.ts';

/** Pebble behind a proxy that sees what it is asked, and a store with an account. */
export interface World {
  readonly trap: Trap;
  readonly pebble: Pebble;
  readonly proxy: FaultProxy;
  readonly directory: string;
  /** With an account and nothing else. */
  readonly store: string;
  /** Flags that name the CA. */
  readonly ca: readonly string[];
  /** For servers that end with a test. */
  readonly lifetime: TestContext;
  readonly close: () => Promise<void>;
}

export async function createWorld(options: PebbleOptions): Promise<World> {
  const ends: (() => unknown)[] = [];
  const lifetime = { after: (end: () => unknown) => void ends.push(end) } as unknown as TestContext;
  const { directory, remove } = scratchDirectory('solver-kills');
  const pebble = await startPebble(options);
  const proxy = await startFaultProxy(join(directory, 'front.pem'));
  proxy.upstream = new URL(pebble.directoryUrl).origin;
  const store = join(directory, 'account');
  mkdirSync(store);
  const ca = ['--server', `${proxy.origin}/dir`, '--ca-bundle', proxy.caBundle];
  await mustRun([
    'register',
    '--config-dir',
    store,
    ...ca,
    '--agree-tos',
    '--register-unsafely-without-email',
  ]);
  const close = async () => {
    for (const end of ends) await end();
    await Promise.all([proxy.close(), pebble.stop()]);
    remove();
  };
  return { trap: createTrap(), pebble, proxy, directory, store, ca, lifetime, close };
}

/** @returns what it printed */
export async function mustRun(argv: readonly string[]): Promise<string> {
  const { status, stdout, stderr } = await evercert(argv);
  if (status !== 0) throw new Error(`${argv.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}
