import 'reflect-metadata';
import type { TestContext } from 'node:test';
import { registerAccount } from '../../src/acme/account.ts';
import { type Connection, connect } from '../../src/acme/connection.ts';
import type { Recover } from '../../src/acme/recovery.ts';
import type { ConnectionOptions } from '../../src/acme/signed-client.ts';
import { systemClock } from '../../src/system/clock.ts';
import { createHttpSender } from '../../src/system/http.ts';
import { type AcmeServer, type AcmeServerOptions, startAcmeServer } from '../support/acme-server/index.ts';
import { authority, otherKey } from './chains.ts';
import { NEVER } from './expect.ts';

export interface Meeting {
  readonly ca: AcmeServer;
  readonly connection: Connection;
  readonly slept: number[];
  /** Another conversation with the same CA. */
  readonly again: (options?: Partial<ConnectionOptions>, recover?: Recover) => Connection;
}

/** A CA that believes everything, and a conversation with it in which waiting takes next to no time. */
export async function meet(t: TestContext, options: AcmeServerOptions = {}): Promise<Meeting> {
  const ca = await startAcmeServer({ authority, alwaysValid: true, finalizeDelayMs: 2, ...options });
  const { send, close } = createHttpSender(
    { connectTimeoutMs: 10_000, timeoutMs: 10_000, maxBytes: 1 << 20, maxSockets: 8 },
    undefined,
    {},
  );
  t.after(async () => {
    close();
    await ca.close();
  });
  const slept: number[] = [];
  const clock = {
    ...systemClock,
    sleep: (ms: number, signal: AbortSignal) => {
      slept.push(ms);
      return systemClock.sleep(Math.min(ms, 5), signal);
    },
  };
  const again = (more: Partial<ConnectionOptions> = {}, recover?: Recover) =>
    connect(
      { directoryUrl: ca.directoryUrl, accountKey: otherKey, ...more },
      { send, clock, signal: NEVER, userAgent: 'unit/1' },
      recover,
    );
  return { ca, connection: again(), slept, again };
}

export async function meetRegistered(t: TestContext, options: AcmeServerOptions = {}): Promise<Meeting> {
  const meeting = await meet(t, options);
  await registerAccount(meeting.connection, { email: undefined, termsAgreed: true });
  return meeting;
}
