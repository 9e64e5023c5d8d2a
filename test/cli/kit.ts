import assert from 'node:assert/strict';
import {
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { type AcmeServer, type AcmeServerOptions, startAcmeServer } from '../support/acme-server/index.ts';
import { beginningWith, evercert, type RunOptions, type RunResult } from '../support/evercert.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';

/** One CA for a file of tests, and as many stores as it likes. The CA believes every challenge, so that tests run side by side. */
export interface Bench {
  readonly ca: AcmeServer;
  /** An empty store, not made yet. */
  store(): Store;
  /** A store that holds one lineage for each of `names`, copied from one that evercert made. */
  seeded(...names: string[]): Promise<Store>;
  close(): Promise<void>;
}

/** A store and the directory that it is in, and evercert with the flags that lead to them. */
export interface Store {
  readonly configDir: string;
  /** Beside the store, the test's own. */
  readonly scratch: string;
  /** Flags that name the store, the CA, a way to prove names and an account. */
  readonly flags: readonly string[];
  certonly(names: string, flags?: readonly string[], options?: RunOptions): Promise<RunResult>;
  renew(flags?: readonly string[], options?: RunOptions): Promise<RunResult>;
  deploy(flags?: readonly string[], options?: RunOptions): Promise<RunResult>;
  certificates(flags?: readonly string[], options?: RunOptions): Promise<RunResult>;
  path(...parts: string[]): string;
  read(...parts: string[]): string;
  /** What `live/NAME` leads to: '0001'; undefined when there is none. */
  live(name: string): string | undefined;
  versions(name: string): string[];
  settings(name: string): Record<string, unknown>;
  /** Edits renewal/NAME.json as an operator would. */
  edit(name: string, changes: Record<string, unknown>): void;
}

export async function createBench(knobs: Partial<AcmeServerOptions> = {}): Promise<Bench> {
  const ca = await startAcmeServer({ alwaysValid: true, ...knobs });
  const { directory, remove } = scratchDirectory('cli');
  const templates = new Map<string, Promise<string>>();
  let count = 0;
  const store = () => {
    count += 1;
    const scratch = join(directory, String(count));
    mkdirSync(join(scratch, 'webroot'), { recursive: true });
    return createStore(scratch, ca.directoryUrl);
  };
  return {
    ca,
    store,
    seeded: async (...names) => {
      const id = names.join();
      const template = templates.get(id) ?? makeTemplate(store(), names);
      templates.set(id, template);
      const copy = store();
      cpSync(await template, copy.configDir, { recursive: true, verbatimSymlinks: true });
      return copy;
    },
    close: async () => {
      await ca.close();
      remove();
    },
  };
}

async function makeTemplate(store: Store, names: readonly string[]): Promise<string> {
  for (const name of names) succeeds(await store.certonly(name));
  return store.configDir;
}

function createStore(scratch: string, server: string): Store {
  const configDir = join(scratch, 'store');
  const path = (...parts: string[]) => join(configDir, ...parts);
  const where = ['--config-dir', configDir];
  const flags = [
    ...where,
    ...['--webroot', '-w', join(scratch, 'webroot'), '--server', server],
    ...['--agree-tos', '--register-unsafely-without-email'],
  ];
  const settings = (name: string) => JSON.parse(readFileSync(path('renewal', `${name}.json`), 'utf8'));
  return {
    configDir,
    scratch,
    flags,
    certonly: (names, more = [], options) => run(['certonly', ...flags, '-d', names, ...more], options),
    renew: (more = [], options) => run(['renew', ...where, '--no-random-sleep-on-renew', ...more], options),
    deploy: (more = [], options) => run(['deploy', ...where, ...more], options),
    certificates: (more = [], options) => run(['certificates', ...where, ...more], options),
    path,
    read: (...parts) => readFileSync(path(...parts), 'utf8'),
    live: (name) => (existsSync(path('live', name)) ? readlinkSync(path('live', name)).slice(-4) : undefined),
    versions: (name) => readdirSync(path('archive', name)).sort(),
    settings,
    edit: (name, changes) =>
      writeFileSync(
        path('renewal', `${name}.json`),
        JSON.stringify({ ...settings(name), ...changes }, null, 2),
      ),
  };
}

/** Runs the binary, and checks what holds for every run: no internal error, no stack, nothing that drives a terminal. */
export async function run(argv: readonly string[], options?: RunOptions): Promise<RunResult> {
  const result = await evercert(argv, options);
  const text = result.stdout + result.stderr;
  assert.doesNotMatch(
    text,
    /internal error|^ {4}at |\[native code\]|\[object Object\]|(?<!received )undefined/m,
  );
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
  assert.doesNotMatch(text, /[\x00-\x08\x0b-\x1f\x7f\x80-\x9f]/, 'control characters');
  for (const [line, next] of errorLines(result.stderr)) {
    assert.match(next ?? '', /^ {4}/, `no hint after: ${line}\n${text}`);
  }
  return result;
}

function errorLines(stderr: string): [string, string | undefined][] {
  const lines = stderr.split('\n');
  return lines.flatMap((line, index): [string, string | undefined][] =>
    /^error:|: failed: /.test(line) ? [[line, lines[index + 1]]] : [],
  );
}

export function succeeds(result: RunResult): RunResult {
  assert.equal(result.status, 0, told(result));
  return result;
}

/** Ended with this status, and said so on one of its streams. */
export function fails(result: RunResult, status: number, expected: RegExp): RunResult {
  assert.equal(result.status, status, told(result));
  assert.match(result.stdout + result.stderr, expected);
  return result;
}

function told({ stdout, stderr, signal }: RunResult): string {
  return `${stdout}${stderr}${signal === null ? '' : `(${signal})`}`;
}

/** The objects of `--json`: one a line, nothing else on stdout. */
export function objects({ stdout }: RunResult): Record<string, unknown>[] {
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

/** Each path below a directory with what is there: to see that nothing changed. */
export function contents(directory: string, except: readonly string[] = ['.lock']): Record<string, string> {
  const found: Record<string, string> = {};
  const walk = (below: string) => {
    for (const entry of readdirSync(join(directory, below), { withFileTypes: true })) {
      const path = join(below, entry.name);
      if (!except.includes(path)) found[path] = describe(join(directory, path));
      if (entry.isDirectory()) walk(path);
    }
  };
  if (existsSync(directory)) walk('');
  return found;
}

function describe(path: string): string {
  const stat = lstatSync(path);
  if (stat.isSymbolicLink()) return `-> ${readlinkSync(path)}`;
  const mode = (stat.mode & 0o7777).toString(8);
  return stat.isFile() ? `${mode} ${stat.ino} ${readFileSync(path, 'latin1')}` : `${mode} directory`;
}

/** Environment in which evercert's clock is `days` ahead. */
export function daysAhead(days: number): Record<string, string> {
  return beginningWith(`const now=Date.now;Date.now=()=>now()+${days * 86_400_000}`);
}
