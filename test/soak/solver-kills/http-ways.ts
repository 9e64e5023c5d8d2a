import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, createServer as createPlain } from 'node:net';
import { join } from 'node:path';
import { walk } from '../../crash/invariant.ts';
import { accepts, freePort } from '../../support/rig/ports.ts';
import { listenOn } from '../../unit-kit/listen.ts';
import { MOMENTS } from './trap.ts';
import type { Stage, Way } from './way.ts';
import { mustRun, type World } from './world.ts';

export const HOSTS = ['a.example.test', 'b.example.test'];
const OF_THE_CA = ['before the CA is told', 'while the CA looks'] as const;

/** Where Pebble looks for answers by HTTP. */
export async function serveWeb(
  { trap, pebble, lifetime }: World,
  answerOf: (path: string) => string | undefined,
) {
  const server = createServer(async (request, response) => {
    await trap.reach('while the CA looks');
    const body = answerOf(request.url ?? '');
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await listenOn(lifetime, server, { port: pebble.httpPort });
}

const TOKEN = /acme-challenge\/.+/;

const webroot: Way = {
  title: 'webroot',
  names: HOSTS,
  set: async (world) => {
    const root = join(world.directory, 'webroot');
    mkdirSync(root);
    await serveWeb(world, (path) => contentOf(join(root, path)));
    return {
      flags: ['--webroot', '-w', root],
      moments: MOMENTS,
      steps: root,
      seesQuestion: true,
      standing: async () => walk(root).map((path) => (TOKEN.test(path) ? 'file' : 'directory')),
    };
  },
};

function contentOf(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

/** A server of evercert's own, behind a relay that keeps the CA waiting. */
async function listening({ trap, pebble, lifetime }: World, how: 'standalone' | 'tls-alpn'): Promise<Stage> {
  const port = await freePort();
  const relay = createPlain(async (incoming) => {
    incoming.on('error', () => undefined);
    await trap.reach('while the CA looks');
    const outgoing = connect(port, '127.0.0.1').on('error', () => incoming.destroy());
    incoming.pipe(outgoing).pipe(incoming);
  });
  await listenOn(lifetime, relay, { port: how === 'standalone' ? pebble.httpPort : pebble.tlsPort });
  return {
    flags: [`--${how}`, how === 'standalone' ? '--http-01-port' : '--tls-alpn-01-port', String(port)],
    moments: OF_THE_CA,
    seesQuestion: true,
    standing: async () => ((await accepts(port)) ? [`port ${port}`] : []),
  };
}

const staticAnswer: Way = {
  title: 'static',
  names: HOSTS,
  set: async (world) => {
    const thumbprint = (await mustRun(['account', 'thumbprint', '--config-dir', world.store])).trim();
    await serveWeb(world, (path) => `${path.split('/').at(-1)}.${thumbprint}`);
    return {
      flags: ['--challenge', 'static'],
      moments: OF_THE_CA,
      seesQuestion: true,
      standing: async () => [],
    };
  },
};

const persist: Way = {
  title: 'dns-persist',
  names: ['p.example.test', '*.p.example.test'],
  pebble: async () => ({ caaIdentities: ['pebble.test'] }),
  set: async ({ store, ca, pebble }) => {
    const line = await mustRun([
      'dns',
      'persist-value',
      '--config-dir',
      store,
      ...ca,
      '-d',
      persist.names.join(','),
    ]);
    const [, owner = '', value = ''] = /^(\S+)\. IN TXT "([^"]+)"\n$/.exec(line) ?? [];
    await pebble.dns?.setTxt(owner, value);
    return { flags: ['--challenge', 'dns-persist'], moments: OF_THE_CA, standing: async () => [] };
  },
};

export const HTTP_WAYS: readonly Way[] = [
  webroot,
  { title: 'standalone', names: HOSTS, set: (world) => listening(world, 'standalone') },
  staticAnswer,
  { title: 'tls-alpn', names: HOSTS, set: (world) => listening(world, 'tls-alpn') },
  persist,
];
