import type { ResponderServer } from '../system/listening.ts';

/** A server of our own that is there only while it is needed. */
export interface OnDemand {
  /** Resolves when it listens; an end that is under way comes first, since it holds the port. */
  start(): Promise<void>;
  /** Resolves when the port is free. Safe without start. */
  end(): Promise<void>;
}

export function onDemand(listen: () => Promise<ResponderServer>): OnDemand {
  let running: Promise<ResponderServer> | undefined;
  let ended: Promise<void> = Promise.resolve();
  return {
    start: async () => {
      running ??= ended.then(listen);
      await running;
    },
    end: () => {
      const ending = running;
      running = undefined;
      ended = Promise.all([ended, ending?.then((server) => server.close()).catch(() => undefined)]).then(
        () => undefined,
      );
      return ended;
    },
  };
}
