/**
 * Does the work once there is room for it.
 *
 * @throws the signal's reason, at once, while it waits
 */
export type Gate = <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;

/** Lets `limit` of them work at a time, first come, first served. */
export function createGate(limit: number): Gate {
  const waiting = new Set<() => void>();
  let busy = 0;
  const wait = (signal: AbortSignal) =>
    new Promise<void>((resolve, reject) => {
      const giveUp = () => {
        waiting.delete(enter);
        reject(signal.reason);
      };
      const enter = () => {
        waiting.delete(enter);
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      signal.addEventListener('abort', giveUp, { once: true });
      waiting.add(enter);
    });
  const leave = () => {
    const [next] = waiting;
    if (next === undefined) busy -= 1;
    else next();
  };
  return async (work, signal) => {
    signal.throwIfAborted();
    if (busy < limit) busy += 1;
    else await wait(signal);
    try {
      return await work();
    } finally {
      leave();
    }
  };
}
