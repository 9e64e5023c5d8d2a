import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { UNCHECKED } from '../support/evercert.ts';
import { findExecutable } from '../support/rig/executables.ts';
import type { Pebble } from '../support/rig/pebble.ts';
import type { Arena } from './arena.ts';
import { type Command, run } from './measure.ts';
import { EVERCERT } from './startup.ts';

/** An ACME client as this bench drives it. */
export interface Client {
  readonly name: string;
  readonly ca: Pebble;
  /** Where it keeps its things. */
  readonly home: string;
  /** Makes the account. */
  readonly ready: Command;
  readonly issue: (name: string) => Command;
  /** Renews everything in `home`, or the names where the client knows no "everything". */
  readonly renew: (names: readonly string[]) => Command;
}

type How = 'webroot' | 'standalone';

export interface Clients {
  /** With their accounts made, evercert's first. */
  readonly clients: readonly Client[];
  /** A line for each that is left out. */
  readonly absent: readonly string[];
}

/** Evercert, and what else is installed and works here. */
export async function readyClients(arena: Arena): Promise<Clients> {
  const clients = [evercert(arena, 'webroot'), evercert(arena, 'standalone')];
  for (const client of clients) await run(client.ready);
  const absent: string[] = [];
  for (const [program, make] of PEERS) {
    if (findExecutable(program) === undefined) absent.push(`  ${program} is not installed`);
    else {
      try {
        const made = make(arena);
        for (const client of made) await run(client.ready);
        clients.push(...made);
      } catch (error) {
        absent.push(`  ${program} is left out: ${(error as Error).message}`);
      }
    }
  }
  return { clients, absent };
}

const PEERS: readonly [program: string, make: (arena: Arena) => Client[]][] = [
  ['certbot', (arena) => [certbot(arena, 'webroot'), certbot(arena, 'standalone')]],
  ['lego', (arena) => [lego(arena)]],
  ['dehydrated', (arena) => [dehydrated(arena)]],
  ['uacme', (arena) => [uacme(arena)]],
];

export function evercert(arena: Arena, how: How): Client {
  const { ca, home } = place(arena, `evercert ${how}`, how);
  const proof =
    how === 'webroot'
      ? ['--webroot', '-w', arena.webroot]
      : ['--standalone', '--http-01-port', `${ca.httpPort}`];
  const issue = (name: string): Command => ({
    argv: [
      ...[process.execPath, EVERCERT, 'certonly', '--config-dir', home, '-d', name, ...proof],
      ...['--server', ca.directoryUrl, '--ca-bundle', ca.caBundle],
      ...['--agree-tos', '--register-unsafely-without-email', '--force-renewal'],
    ],
    env: UNCHECKED,
  });
  return {
    name: `evercert ${how}`,
    ca,
    home,
    ready: issue('ready.example.org'),
    issue,
    renew: () => ({
      argv: [process.execPath, EVERCERT, 'renew', '--config-dir', home, '--no-random-sleep-on-renew'],
    }),
  };
}

export function certbot(arena: Arena, how: How): Client {
  const { ca, home } = place(arena, `certbot ${how}`, how);
  const env = { REQUESTS_CA_BUNDLE: ca.caBundle };
  const flags = [
    ...['-n', '--config-dir', home, '--work-dir', join(home, 'work'), '--logs-dir', join(home, 'log')],
    ...['--server', ca.directoryUrl, '--agree-tos', '--register-unsafely-without-email'],
  ];
  const proof =
    how === 'webroot'
      ? ['--webroot', '-w', arena.webroot]
      : ['--standalone', '--http-01-port', `${ca.httpPort}`];
  return {
    name: `certbot ${how}`,
    ca,
    home,
    ready: { argv: ['certbot', 'register', ...flags], env },
    issue: (name) => ({
      argv: ['certbot', 'certonly', ...flags, ...proof, '--key-type', 'ecdsa', '-d', name],
      env,
    }),
    renew: () => ({
      argv: ['certbot', 'renew', ...flags, '--force-renewal', '--no-random-sleep-on-renew'],
      env,
    }),
  };
}

function lego(arena: Arena): Client {
  const { ca, home } = place(arena, 'lego', 'standalone');
  const env = { LEGO_CA_CERTIFICATES: ca.caBundle };
  const lego = (name: string, ...verb: string[]) => [
    ...['lego', '--server', ca.directoryUrl, '--accept-tos', '--email', 'admin@example.org', '--path', home],
    ...['--key-type', 'ec256', '--http', '--http.port', `:${ca.httpPort}`, '-d', name, ...verb],
  ];
  return {
    name: 'lego',
    ca,
    home,
    ready: { argv: lego('ready.example.org', 'run'), env },
    issue: (name) => ({ argv: lego(name, 'run'), env }),
    renew: (names) => ({
      argv: inTurn(names.map((name) => lego(name, 'renew', '--days', '99999', '--no-random-sleep'))),
      env,
    }),
  };
}

function dehydrated(arena: Arena): Client {
  const { ca, home } = place(arena, 'dehydrated', 'webroot');
  const config = join(home, 'config');
  const settings = {
    CA: ca.directoryUrl,
    WELLKNOWN: join(arena.webroot, '.well-known', 'acme-challenge'),
    BASEDIR: home,
    KEY_ALGO: 'prime256v1',
    CHALLENGETYPE: 'http-01',
    CURL_OPTS: `--cacert ${ca.caBundle}`,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key}="${value}"\n`);
  writeFileSync(config, lines.join(''));
  const sign = (names: readonly string[], ...flags: string[]) =>
    inTurn(names.map((name) => ['dehydrated', '-f', config, '-c', '-d', name, ...flags]));
  return {
    name: 'dehydrated',
    ca,
    home,
    ready: { argv: ['dehydrated', '-f', config, '--register', '--accept-terms'] },
    issue: (name) => ({ argv: sign([name]) }),
    renew: (names) => ({ argv: sign(names, '-x') }),
  };
}

const SYSTEM_ROOTS = '/etc/ssl/certs/ca-certificates.crt';

/** uacme trusts the system's roots alone, so it gets a mount namespace where these are the proxy's. */
function uacme(arena: Arena): Client {
  const { ca, home } = place(arena, 'uacme', 'webroot');
  const hook = join(home, 'hook');
  const answer = join(arena.webroot, '.well-known', 'acme-challenge');
  writeFileSync(
    hook,
    `#!/bin/sh
[ "$2" = http-01 ] || exit 1
case "$1" in
  begin) printf %s "$5" > "${answer}/$4" ;;
  done|failed) rm -f "${answer}/$4" ;;
esac
`,
  );
  chmodSync(hook, 0o755);
  const uacme = (...args: string[]) => [
    ...['uacme', '-a', arena.forUacme.directoryUrl, '-c', join(home, 'config'), ...args],
  ];
  const trusting = (argv: readonly string[]) => [
    ...['unshare', '--map-root-user', '--mount', 'sh', '-c'],
    ...[`mount --bind "$0" ${SYSTEM_ROOTS} && exec "$@"`, arena.forUacme.caBundle, ...argv],
  ];
  const issue = (name: string) => uacme('-t', 'EC', '-h', hook, '-f', 'issue', name);
  return {
    name: 'uacme',
    ca,
    home,
    ready: { argv: trusting(uacme('-y', 'new')) },
    issue: (name) => ({ argv: trusting(issue(name)) }),
    renew: (names) => ({ argv: trusting(inTurn(names.map(issue))) }),
  };
}

function place(arena: Arena, name: string, how: How): { ca: Pebble; home: string } {
  const home = join(arena.directory, name.replace(' ', '-'));
  mkdirSync(home, { recursive: true });
  return { ca: how === 'webroot' ? arena.served : arena.open, home };
}

/** One shell that runs them one after the other and stops at the first failure. */
function inTurn(commands: readonly (readonly string[])[]): string[] {
  const quoted = commands.map((argv) => argv.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' '));
  return ['sh', '-c', quoted.join(' && ')];
}
