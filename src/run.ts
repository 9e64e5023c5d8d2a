import { setMaxListeners } from 'node:events';
import { resolve } from 'node:path';
import type { Command } from './cli/command.ts';
import { parseCommand } from './cli/parse.ts';
import { type Console, createReport } from './cli/report.ts';
import { certificates } from './commands/certificates.ts';
import type { Edges } from './commands/edges.ts';
import { renew } from './commands/renew.ts';
import { EvercertError, exitStatusOf } from './errors.ts';
import type { Emit } from './events.ts';
import { systemClock } from './system/clock.ts';
import { systemDisk } from './system/disk.ts';
import { takeLock } from './system/lock.ts';
import { readOwned } from './system/owned-file.ts';
import { createRunShell, hostname, lookUpGroup } from './system/process.ts';

declare const EVERCERT_VERSION: string;

const SIGNALS = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const;
const HTTP_LIMITS = {
  acme: { connectTimeoutMs: 10_000, timeoutMs: 30_000, maxBytes: 1 << 20, maxSockets: 16 },
  'dns-provider': { connectTimeoutMs: 10_000, timeoutMs: 30_000, maxBytes: 4 << 20, maxSockets: 8 },
  'look-up': { connectTimeoutMs: 10_000, timeoutMs: 10_000, maxBytes: 32 << 20, maxSockets: 4 },
} as const;

/** Writes soon, but not line by line: ten thousand lines are one second otherwise. */
function createConsole(): Console & { flush(): void } {
  const BUFFERED = 32 * 1024;
  const looksOn = process.stderr.isTTY === true;
  let pending = '';
  let statusShown = false;
  let scheduled = false;
  const clear = () => {
    if (statusShown) process.stderr.write('\r\x1b[K');
    statusShown = false;
  };
  const flush = () => {
    clear();
    if (pending !== '') process.stdout.write(pending);
    pending = '';
    scheduled = false;
  };
  return {
    out: (text) => {
      pending += text;
      if (process.stdout.isTTY || pending.length > BUFFERED) flush();
      if (!scheduled) setImmediate(flush);
      scheduled = true;
    },
    err: (text) => {
      flush();
      process.stderr.write(text);
    },
    status: (text) => {
      if (!looksOn) return;
      flush();
      process.stderr.write(`\r\x1b[K${text.slice(0, (process.stderr.columns || 80) - 1)}`);
      statusShown = true;
    },
    flush,
  };
}

/** Until the first signal all goes its way; then what runs is ended; a second one ends us at once. */
function watchSignals(): { signal: AbortSignal; received: () => number | undefined } {
  const controller = new AbortController();
  // Every request and every hook listens.
  setMaxListeners(0, controller.signal);
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

function createEdges(emit: Emit, signal: AbortSignal, interactive: boolean, umask: number): Edges {
  return {
    disk: systemDisk,
    clock: systemClock,
    emit,
    signal,
    runShell: createRunShell(umask),
    shellWith: (input) => createRunShell(umask, input),
    lookUpGroup,
    takeLock,
    http: async (purpose, ca) =>
      (await import('./system/http.ts')).createHttpSender(HTTP_LIMITS[purpose], ca, process.env),
    probeTls: async () => (await import('./system/tls-probe.ts')).probeTls,
    probeHttp: async () => (await import('./system/http-probe.ts')).probeHttp,
    probeAlpn: async () => (await import('./system/alpn-probe.ts')).probeAlpn,
    dns: async (...how) => (await import('./system/dns.ts')).createDns(...how),
    sendDns: async () => (await import('./system/dns-exchange.ts')).sendDns,
    readOwned,
    packages: async (configDir) => {
      const { createPackageLoader, packagePlaces } = await import('./system/packages.ts');
      return createPackageLoader(packagePlaces(configDir, import.meta.filename, process.env.NODE_PATH));
    },
    smtp: async () => (await import('./system/smtp.ts')).sendSmtp,
    listenHttp: async () => (await import('./system/http-server.ts')).listenHttp,
    listenTls: async () => (await import('./system/tls-alpn-server.ts')).listenTls,
    webroot: async () => (await import('./system/webroot.ts')).createWebroot(),
    ask: interactive
      ? async (question) => (await import('./system/terminal.ts')).ask(question, signal)
      : undefined,
    environment: process.env,
    host: hostname(),
    uid: process.geteuid?.() ?? 0,
    program: [process.execPath, process.argv[1] ?? ''],
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
      return renew(command.options, edges);
    case 'reconfigure':
      return (await import('./commands/reconfigure.ts')).reconfigure(command.options, edges);
    case 'register':
      return (await import('./commands/register.ts')).register(command.options, edges);
    case 'show-account':
      return (await import('./commands/show-account.ts')).showAccount(command.options, edges);
    case 'account':
      return (await import('./commands/show-account.ts')).tellThumbprint(command.options, edges);
    case 'dns':
      return (await import('./commands/persist-value.ts')).persistValue(command.options, edges);
    case 'deploy':
      return (await import('./commands/deploy.ts')).deploy(command.options, edges);
    case 'certificates':
      return certificates(command.options, edges);
    case 'timer':
      return (await import('./commands/timer.ts')).timer(command.options, edges);
  }
}

/**
 * @param umask that the operator's shell gave us
 * @returns the exit status
 */
export async function run(argv: readonly string[], umask: number): Promise<number> {
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
      uid: process.geteuid?.() ?? 0,
      readOwned,
    });
    report = createReport(command.voice, console, Date.now);
    const status = await runCommand(command, createEdges(report, signal, command.voice.interactive, umask));
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
