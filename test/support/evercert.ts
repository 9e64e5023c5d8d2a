import { spawn } from 'node:child_process';
import { join, resolve } from 'node:path';
import { type AcmeServer, type AcmeServerOptions, startAcmeServer } from './acme-server/index.ts';
import { freePort } from './rig/ports.ts';
import { scratchDirectory } from './rig/scratch.ts';

/** How a run of the real binary ended. */
export interface RunResult {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface RunOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** A compiled module that Node loads first (`--import`). */
  readonly preload?: string;
  readonly cwd?: string;
  readonly input?: string;
  readonly onStart?: (kill: (signal: NodeJS.Signals) => void) => void;
}

/** Test CAs ask other ports than 80, and other name servers than this machine's: a self-check would see nothing of that. */
export const UNCHECKED = { EVERCERT_SELF_CHECK: 'off' };

const BINARY = resolve('bin/evercert.js');

/** Environment in which a run begins with this statement of JavaScript. */
export function beginningWith(statement: string): Record<string, string> {
  return { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(statement)}` };
}

/** Environment in which evercert's clock shows this time at the start. */
export function clockAt(time: number): Record<string, string> {
  return beginningWith(`const now=Date.now,ahead=${time}-now();Date.now=()=>now()+ahead`);
}

/** Runs bin/evercert.js as cron does: no terminal, a bare environment. */
export function evercert(argv: readonly string[], options: RunOptions = {}): Promise<RunResult> {
  const nodeOptions = options.preload === undefined ? [] : ['--import', resolve(options.preload)];
  const child = spawn(process.execPath, [...nodeOptions, BINARY, ...argv], {
    cwd: options.cwd,
    env: { PATH: process.env.PATH, HOME: '/nonexistent', LANG: 'C.UTF-8', ...UNCHECKED, ...options.env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  const text = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk;
    });
  }
  child.stdin.on('error', () => undefined).end(options.input ?? '');
  options.onStart?.((signal) => child.kill(signal));
  return new Promise((done, fail) => {
    child.once('error', fail);
    child.once('close', (status, signal) => done({ status, signal, ...text }));
  });
}

/** An ACME server of our own, an empty store, and evercert with the flags that join the two. */
export interface Site {
  readonly ca: AcmeServer;
  readonly configDir: string;
  /** A directory of the test's own beside the store. */
  readonly scratch: string;
  /** `certonly --standalone` for these names. */
  certonly(names: string, flags?: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** `renew`, without the random sleep. */
  renew(flags?: readonly string[], options?: RunOptions): Promise<RunResult>;
  close(): Promise<void>;
}

/** Ports are free ones on loopback; nothing outlives `close`. */
export async function createSite(knobs: Partial<AcmeServerOptions> = {}): Promise<Site> {
  const httpPort = await freePort();
  const ca = await startAcmeServer({ httpPort, ...knobs });
  const { directory, remove } = scratchDirectory('site');
  const configDir = join(directory, 'store');
  const account = ['--agree-tos', '--register-unsafely-without-email'];
  return {
    ca,
    configDir,
    scratch: directory,
    certonly: (names, flags = [], options) => {
      const challenge = ['--standalone', '--http-01-port', String(httpPort), '--server', ca.directoryUrl];
      const argv = ['certonly', '--config-dir', configDir, '-d', names, ...challenge, ...account, ...flags];
      return evercert(argv, options);
    },
    renew: (flags = [], options) =>
      evercert(['renew', '--config-dir', configDir, '--no-random-sleep-on-renew', ...flags], options),
    close: async () => {
      await ca.close();
      remove();
    },
  };
}
