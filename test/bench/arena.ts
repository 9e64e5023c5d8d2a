import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { type Pebble, startPebble } from '../support/rig/pebble.ts';
import { scratchDirectory } from '../support/rig/scratch.ts';
import { type Intermediary, startProxy } from './proxy.ts';

/**
 * Two real CAs that validate at once: one asks a web server that serves `webroot`, the port that the other asks is
 * left to clients that listen themselves.
 */
export interface Arena {
  readonly directory: string;
  readonly webroot: string;
  /** A Pebble that asks the web server. */
  readonly served: Pebble;
  /** A Pebble whose http-01 port is free. */
  readonly open: Pebble;
  /** `served`, behind a proxy. */
  readonly forUacme: Intermediary;
  close(): Promise<void>;
}

export async function createArena(): Promise<Arena> {
  const scratch = scratchDirectory('arena');
  const webroot = join(scratch.directory, 'www');
  mkdirSync(join(webroot, '.well-known', 'acme-challenge'), { recursive: true });
  const web = createServer((request, response) => {
    try {
      response.end(readFileSync(join(webroot, decodeURI(request.url ?? ''))));
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  const { port } = web.address() as AddressInfo;
  const served = await startPebble({ httpPort: port });
  const open = await startPebble();
  const forUacme = await startProxy(served, join(scratch.directory, 'proxy.pem'));
  return {
    directory: scratch.directory,
    webroot,
    served,
    open,
    forUacme,
    close: async () => {
      await Promise.all([served.stop(), open.stop(), forUacme.close()]);
      web.closeAllConnections();
      await new Promise((resolve) => web.close(resolve));
      scratch.remove();
    },
  };
}

/** How many requests a Pebble has had. */
export function requestCount({ log }: Pebble): number {
  return log().match(/(?:GET|HEAD|POST) \S+ -> calling handler\(\)/g)?.length ?? 0;
}
