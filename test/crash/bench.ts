import { execFileSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { createAuthority } from '../support/acme-server/index.ts';
import { createSite, evercert, type RunOptions, type RunResult, type Site } from '../support/evercert.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { FAULT_VARIABLE, type FaultPlan, type LoggedStep } from './fault-plan.ts';

/** The lineage that all scenarios are about. */
export const NAME = 'www.example.org';

const PRELOAD = '.build/test/support/preload/faults.js';

/** A CA, a store, and a copy of the store as it was prepared. One point after the other is tried on it. */
export interface Bench {
  readonly site: Site;
  readonly store: string;
  /** Keeps a note of the version it is run for. */
  readonly deployHook: string;
  /** `certonly --webroot`. */
  certonly(names: string, flags: readonly string[], options?: RunOptions): Promise<RunResult>;
  /** `reset` brings back what is there now. */
  keep(): void;
  reset(): void;
  /** Runs evercert with a fault. */
  faulty(run: Run, plan?: Partial<FaultPlan>): Promise<FaultyRun>;
  /** The versions that hooks were run for since `reset`. */
  deployed(): string[];
  /** The version that live/NAME leads to. */
  live(): string | undefined;
  close(): Promise<void>;
}

export type Run = (bench: Bench, options?: RunOptions) => Promise<RunResult>;

export interface FaultyRun {
  readonly result: RunResult;
  readonly steps: readonly LoggedStep[];
  /** The steps, and between them what it asked of the CA and which programs it started. */
  readonly log: readonly LoggedStep[];
}

let authority: ReturnType<typeof createAuthority> | undefined;

export async function createBench(): Promise<Bench> {
  authority ??= createAuthority();
  const site = await createSite({ alwaysValid: true, finalizeDelayMs: 1, authority: await authority });
  const beside = scratchDirectory('bench');
  const [kept, notes, log] = ['kept', 'notes', 'log'].map((name) => join(beside.directory, name)) as Three;
  const [store, webroot] = [site.configDir, join(site.scratch, 'webroot')];
  mkdirSync(webroot);
  const certonly: Bench['certonly'] = (names, flags, options) => {
    const where = ['--config-dir', store, '--server', site.ca.directoryUrl, '--webroot', '-w', webroot];
    const account = ['--agree-tos', '--register-unsafely-without-email'];
    return evercert(['certonly', ...where, ...account, ...flags, '-d', names], options);
  };
  const bench: Bench = {
    site,
    store,
    deployHook: `echo "$EVERCERT_VERSION_DIR" >> ${notes}`,
    certonly,
    keep: () => {
      execFileSync('cp', ['-a', site.scratch, kept]);
    },
    reset: () => {
      for (const name of readdirSync(site.scratch)) rmSync(join(site.scratch, name), { recursive: true });
      rmSync(notes, { force: true });
      execFileSync('cp', ['-a', `${kept}/.`, site.scratch]);
      site.ca.forgetOrders();
    },
    faulty: async (run, plan = {}) => {
      writeFileSync(log, '');
      const env = { [FAULT_VARIABLE]: JSON.stringify({ root: site.scratch, log, ...plan }) };
      const result = await run(bench, { env, preload: PRELOAD });
      const logged = lines(log).map((line) => JSON.parse(line) as LoggedStep);
      return { result, log: logged, steps: logged.filter(({ number }) => number > 0) };
    },
    deployed: () => lines(notes).map((path) => basename(path)),
    live: () => linkedVersion(join(store, 'live', NAME)),
    close: async () => {
      await site.close();
      beside.remove();
    },
  };
  return bench;
}

type Three = [string, string, string];

function lines(path: string): string[] {
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').slice(0, -1) : [];
}

function linkedVersion(link: string): string | undefined {
  try {
    return basename(readlinkSync(link));
  } catch {
    return undefined;
  }
}
