import { helpFor } from './cli/help.ts';

declare const EVERCERT_VERSION: string;

/** What is thrown and is no EvercertError is our mistake. */
function tellBug(error: unknown): number {
  const text = error instanceof Error ? error.stack : String(error);
  process.stderr.write(`evercert ${EVERCERT_VERSION}: internal error, please report it:\n${text}\n`);
  return 1;
}

/** A pipe takes what fits; the rest must not be lost by our exit. Also resolves when the reader has gone. */
function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write('', () => resolve()));
}

/** `evercert … | head` closes the pipe: no reason to stop in the middle of a renewal. */
for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);

// Modes are given in full at creation (docs/store.md), whatever the shell of the operator says.
const umask = process.umask(0o022);

const words = process.argv.slice(2);
const help = helpFor(words);
if (help !== undefined) {
  process.stdout.write(help);
  process.exitCode = words.length === 0 ? 2 : 0;
} else if (words[0] === '--version') {
  process.stdout.write(`evercert ${EVERCERT_VERSION}\n`);
} else {
  const status = await import('./run.ts').then(({ run }) => run(words, umask)).catch(tellBug);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(status);
}
