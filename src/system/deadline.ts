/** A signal that follows another one and the clock; after `end` nothing of it is left. */
export interface Deadline {
  readonly signal: AbortSignal;
  /** Aborts after `ms` milliseconds with that reason. @returns what calls it off */
  after(ms: number, reason: () => Error): () => void;
  end(): void;
}

export function createDeadline(outer: AbortSignal): Deadline {
  const controller = new AbortController();
  const timers = new Set<NodeJS.Timeout>();
  const follow = () => controller.abort(outer.reason);
  if (outer.aborted) follow();
  else outer.addEventListener('abort', follow, { once: true });
  return {
    signal: controller.signal,
    after: (ms, reason) => {
      const timer = setTimeout(() => controller.abort(reason()), ms);
      timers.add(timer);
      return () => clearTimeout(timer);
    },
    end: () => {
      outer.removeEventListener('abort', follow);
      for (const timer of timers) clearTimeout(timer);
    },
  };
}
