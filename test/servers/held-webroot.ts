import { mkdirSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { join } from 'node:path';

/** A web server that keeps the CA waiting until it is told otherwise. */
export interface HeldWebroot {
  readonly webroot: string;
  /** How many files have been asked for so far. */
  readonly asked: () => number;
  /** Answers all that waits, and from now on at once. */
  readonly release: () => void;
  /** Keeps the CA waiting again. */
  readonly hold: () => void;
  readonly close: () => void;
}

export async function startHeldWebroot(parent: string, port: number): Promise<HeldWebroot> {
  const webroot = join(parent, 'webroot');
  mkdirSync(webroot);
  const asked = new Set<string>();
  let { promise: released, resolve: release } = gate();
  const hold = (): void => {
    ({ promise: released, resolve: release } = gate());
  };
  const server = createServer(async (request, response) => {
    const path = request.url ?? '/';
    asked.add(path);
    const body = read(join(webroot, path));
    await released;
    response.writeHead(body === undefined ? 404 : 200).end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(port, '127.0.0.1', resolve);
  });
  const close = (): void => {
    release();
    server.close();
    server.closeAllConnections();
  };
  return { webroot, asked: () => asked.size, release: () => release(), hold, close };
}

function gate(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((open) => {
    resolve = open;
  });
  return { promise, resolve };
}

function read(path: string): Buffer | undefined {
  try {
    return readFileSync(path);
  } catch {
    return undefined;
  }
}
