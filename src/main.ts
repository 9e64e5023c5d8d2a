import type { Command } from './cli/command.ts';
import { helpFor } from './cli/help.ts';
import type { Console } from './cli/report.ts';
import type { Edges } from './commands/edges.ts';
import { EvercertError, exitStatusOf } from './errors.ts';
import type { Emit } from './events.ts';

declare const EVERCERT_VERSION: string;

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
const HTTP_LIMITS = { timeoutMs: 30_000, maxBytes: 1 << 20, maxSockets: 16 };

/** Writes at once, in pieces that are not too small: ten thousand lines are one second otherwise. */
function createConsole(): Console & { flush(): void } {
  const BUFFERED = 32 * 1024;
  const looksOn = process.stderr.isTTY === true;
  let pending = '';
  let statusShown = false;
  const clear = () => {
    if (statusShown) process.stderr.write('\r\x1b[K');
    statusShown = false;
  };
  const flush = () => {
    clear();
    if (pending !== '') process.stdout.write(pending);
    pending = '';
  };
  return {
    out: (text) => {
      pending += text;
      if (process.stdout.isTTY || pending.length > BUFFERED) flush();
    },
    err: (text) => {
      flush();
      process.stderr.write(text);
    },
    status: (text) => {
      if (!looksOn) return;
      flush();
      process.stderr.write(`\r\x1b[K${text.slice(0, process.stderr.columns - 1)}`);
      statusShown = true;
    },
    flush,
  };
}

/** Until the first signal all goes its way; then what runs is ended; a second one ends us at once. */
function watchSignals(): { signal: AbortSignal; received: () => number | undefined } {
  const controller = new AbortController();
  let received: number | undefined;
  for (const [name, number] of Object.entries(SIGNALS)) {
    process.on(name, () => {
      if (received !== undefined) process.exit(128 + received);
      received = number;
      controller.abort(
        new EvercertError(
          'interrupted',
          `interrupted by ${name}`,
          'The next run goes on where this one stopped.',
        ),
      );
    });
  }
  return { signal: controller.signal, received: () => received };
}

async function createEdges(emit: Emit, signal: AbortSignal, interactive: boolean): Promise<Edges> {
  const [{ systemDisk }, { systemClock }, { takeLock }, { runShell, lookUpGroup }] = await Promise.all([
    import('./system/disk.ts'),
    import('./system/clock.ts'),
    import('./system/lock.ts'),
    import('./system/process.ts'),
  ]);
  return {
    disk: systemDisk,
    clock: systemClock,
    emit,
    signal,
    runShell,
    lookUpGroup,
    takeLock,
    http: async (ca) => (await import('./system/http.ts')).createHttpSender(HTTP_LIMITS, ca),
    listenHttp: async () => (await import('./system/http-server.ts')).listenHttp,
    webroot: async () => (await import('./system/webroot.ts')).createWebroot(),
    ask: interactive
      ? async (question) => (await import('./system/terminal.ts')).ask(question, signal)
      : undefined,
    environment: process.env,
    uid: process.geteuid?.() ?? 0,
    holder: `process ${process.pid}, started ${new Date().toISOString()}`,
    userAgent: `evercert/${EVERCERT_VERSION} (Node ${process.versions.node})`,
  };
}

async function runCommand(command: Command, edges: Edges): Promise<number> {
  switch (command.verb) {
    case 'certonly':
      return (await import('./commands/certonly.ts')).certonly(command.options, edges);
    case 'certonly-csr':
      return (await import('./commands/certonly-csr.ts')).certonlyCsr(command.options, edges);
    case 'renew':
      return (await import('./commands/renew.ts')).renew(command.options, edges);
    case 'certificates':
      return (await import('./commands/certificates.ts')).certificates(command.options, edges);
  }
}

/** @returns the exit status */
async function main(argv: readonly string[]): Promise<number> {
  const [{ parseCommand }, { createReport }, { resolve }] = await Promise.all([
    import('./cli/parse.ts'),
    import('./cli/report.ts'),
    import('node:path'),
  ]);
  const console = createConsole();
  let report = createReport(
    { json: argv.includes('--json'), quiet: false, verbose: false, interactive: false },
    console,
    Date.now,
  );
  const { signal, received } = watchSignals();
  try {
    const terminal = process.stdin.isTTY === true && process.stdout.isTTY === true;
    const command = await parseCommand(argv, {
      environment: process.env,
      terminal,
      absolute: (path) => resolve(path),
    });
    report = createReport(command.voice, console, Date.now);
    const status = await runCommand(command, await createEdges(report, signal, command.voice.interactive));
    return interruptedStatus(received()) ?? status;
  } catch (error) {
    if (!(error instanceof EvercertError)) throw error;
    report({ type: 'failed', error });
    return interruptedStatus(received()) ?? exitStatusOf(error);
  } finally {
    console.flush();
  }
}

function interruptedStatus(signal: number | undefined): number | undefined {
  return signal === undefined ? undefined : 128 + signal;
}

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
process.umask(0o022);

const words = process.argv.slice(2);
const help = helpFor(words);
if (help !== undefined) {
  process.stdout.write(help);
  process.exitCode = words.length === 0 ? 2 : 0;
} else if (words[0] === '--version') {
  process.stdout.write(`evercert ${EVERCERT_VERSION}\n`);
} else {
  const status = await main(words).catch(tellBug);
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit(status);
}
