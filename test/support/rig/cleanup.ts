type CleanUp = () => void;

const pending = new Set<CleanUp>();
const signals = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;
let watching = false;

/**
 * Runs `cleanUp` (synchronous, must not throw) when this process ends: normally, by an error or by a signal.
 * Returns a function that takes it off the list again.
 */
export function whenProcessEnds(cleanUp: CleanUp): () => void {
  watch();
  pending.add(cleanUp);
  return () => void pending.delete(cleanUp);
}

function watch(): void {
  if (watching) return;
  watching = true;
  process.on('exit', cleanUpAll);
  for (const [signal, number] of Object.entries(signals)) {
    process.once(signal, () => process.exit(128 + number));
  }
}

function cleanUpAll(): void {
  for (const cleanUp of [...pending].reverse()) {
    pending.delete(cleanUp);
    cleanUp();
  }
}
