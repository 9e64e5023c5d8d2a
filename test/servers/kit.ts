import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { TestContext } from 'node:test';
import { evercert, type RunOptions, type RunResult } from '../support/evercert.ts';
import { type Pebble, type PebbleOptions, startPebble } from '../support/rig/pebble.ts';
import { during, until } from '../support/rig/processes.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { type ServedCertificate, servedByOpenssl, servedCertificate } from '../support/rig/tls-client.ts';

/** A real CA, an empty store, and the real evercert with the flags that join the two. */
export interface Ground {
  readonly pebble: Pebble;
  readonly configDir: string;
  /** A directory of the test's own beside the store. */
  readonly scratch: string;
  readonly certonly: (names: string, flags: readonly string[], options?: RunOptions) => Promise<RunResult>;
  readonly renew: (flags?: readonly string[], options?: RunOptions) => Promise<RunResult>;
  /** Flags of `certonly` that name the store, the CA and an account. */
  readonly flags: readonly string[];
  /** Flags that have Pebble ask evercert itself. */
  readonly standalone: readonly string[];
  /** `live/NAME/FILE` of the store, as a server's configuration names it. */
  readonly live: (name: string, file: string) => string;
  readonly lineage: (name: string) => LineageOnDisk;
  /** Names of all that is in a directory of the store; empty where there is none. */
  readonly list: (...path: readonly string[]) => string[];
}

export interface LineageOnDisk {
  /** What `live/NAME` leads to: '0001'. */
  readonly version: string;
  readonly fingerprint: string;
  readonly certificate: X509Certificate;
  readonly fullchain: string;
}

const SERVED_WITHIN_MS = 10_000;
const WITHOUT_EMAIL = ['--agree-tos', '--register-unsafely-without-email'];

/** All of it ends with the test. */
export async function breakGround(t: TestContext, options: PebbleOptions = {}): Promise<Ground> {
  const pebble = await during(t, startPebble(options));
  const { directory, remove } = scratchDirectory('servers');
  t.after(remove);
  const configDir = join(directory, 'store');
  const ca = ['--server', pebble.directoryUrl, '--ca-bundle', pebble.caBundle];
  const flags = ['--config-dir', configDir, ...ca, ...WITHOUT_EMAIL];
  return {
    pebble,
    configDir,
    scratch: directory,
    flags,
    certonly: (names, more, run) => evercert(['certonly', ...flags, '-d', names, ...more], run),
    renew: (more = [], run) =>
      evercert(['renew', '--config-dir', configDir, '--no-random-sleep-on-renew', ...more], run),
    standalone: standaloneOn(pebble.httpPort),
    live: (name, file) => join(configDir, 'live', name, file),
    lineage: (name) => readLineage(configDir, name),
    list: (...path) => listDirectory(join(configDir, ...path)),
  };
}

export function standaloneOn(port: number): readonly string[] {
  return ['--standalone', '--http-01-port', String(port), '--http-01-address', '127.0.0.1'];
}

function readLineage(configDir: string, name: string): LineageOnDisk {
  const directory = join(configDir, 'live', name);
  const certificate = new X509Certificate(readFileSync(join(directory, 'cert.pem')));
  return {
    version: basename(readlinkSync(directory)),
    fingerprint: certificate.fingerprint256,
    certificate,
    fullchain: readFileSync(join(directory, 'fullchain.pem'), 'utf8'),
  };
}

function listDirectory(path: string): string[] {
  try {
    return readdirSync(path).sort();
  } catch {
    return [];
  }
}

/** Names of the files, without directories, in all of a tree. */
export function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name);
}

/** Awaits a run of evercert that must end well. */
export async function succeeds(run: Promise<RunResult>): Promise<RunResult> {
  const result = await run;
  assert.equal(result.status, 0, `${result.stdout}${result.stderr}`);
  return result;
}

/** One hook command out of the words of a command line, none of which needs more than single quotes. */
export function shellCommand(words: readonly string[]): string {
  return words.map((word) => `'${word}'`).join(' ');
}

/** Waits until `client` is given this certificate: a reload returns before the server's new workers are there. */
export function becomes(fingerprint: string, client: () => Promise<ServedCertificate>): Promise<void> {
  let last = 'nothing';
  const isServed = async (): Promise<boolean> => {
    last = await client().then((served) => served.fingerprint, String);
    return last === fingerprint;
  };
  return until(`${fingerprint} is served`, isServed, SERVED_WITHIN_MS).catch((cause: unknown) => {
    throw new Error(`not served, but ${last}`, { cause });
  });
}

/** The same for both clients, Node's and OpenSSL's; old workers may still answer while the new ones begin. */
export async function serves(port: number, fingerprint: string, servername: string): Promise<void> {
  await becomes(fingerprint, () => servedCertificate(port, servername));
  await becomes(fingerprint, () => servedByOpenssl(port, servername));
}

/** Waits until a web server answers each token with this thumbprint, and sees that it answers nothing else so. */
export async function answersByItself(port: number, thumbprint: string): Promise<void> {
  assert.match(thumbprint, /^[\w-]{43}$/);
  const ask = async (token: string): Promise<string> => {
    const response = await fetch(`http://127.0.0.1:${port}/.well-known/acme-challenge/${token}`);
    return `${response.status} ${(await response.text()).trimEnd()}`;
  };
  // A worker that a reload ends may close a connection unanswered.
  const isAnswered = async () => (await ask('to_ken-1').catch(String)) === `200 to_ken-1.${thumbprint}`;
  await until('the server answers by itself', isAnswered, SERVED_WITHIN_MS);
  for (const token of ['', 'a.b', 'a/b', '%3Cscript%3E', 'a%0d%0aX:y'])
    assert.doesNotMatch(await ask(token), new RegExp(`^200|${thumbprint}`), token);
}

/** What both clients are given on this port, of which nothing was asked to reload; fails unless they agree. */
export async function seenByBoth(port: number, servername: string): Promise<ServedCertificate> {
  const [byNode, byOpenssl] = await Promise.all([
    servedCertificate(port, servername),
    servedByOpenssl(port, servername),
  ]);
  assert.equal(byOpenssl.fingerprint, byNode.fingerprint);
  return byNode;
}
