import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import { executable } from './executables.ts';
import { freePort } from './ports.ts';
import { startServer, until } from './processes.ts';
import { scratchDirectory } from './scratch.ts';

export interface HaproxyOptions {
  /** Path of a PEM file with key and chain (or of a directory of such files), read at start and at each reload. */
  readonly crt: string;
  readonly tlsPort?: number;
  /** Further words for the bind line, e.g. `tls-ticket-keys FILE`. */
  readonly bindOptions?: string;
  /** Further lines for the global section. */
  readonly globalLines?: string;
}

export interface Haproxy {
  readonly tlsPort: number;
  /** The master's process id: SIGUSR2 makes it reload. */
  readonly pid: number;
  /** UNIX socket with level admin. */
  readonly adminSocket: string;
  /** Sends one command (or several, parted by `;`) to the admin socket and returns the answer. */
  readonly admin: (command: string) => Promise<string>;
  /** Reloads by SIGUSR2 and waits until the old worker accepts no more. */
  readonly reload: () => Promise<void>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts HAProxy in master-worker mode in the foreground, ending TLS and answering each request with status 200. */
export async function startHaproxy(options: HaproxyOptions): Promise<Haproxy> {
  const { directory, remove } = scratchDirectory('haproxy');
  const adminSocket = join(directory, 'admin.sock');
  const masterSocket = join(directory, 'master.sock');
  const tlsPort = options.tlsPort ?? (await freePort());
  const file = join(directory, 'haproxy.cfg');
  writeFileSync(file, configuration({ ...options, tlsPort }, adminSocket));
  const server = await startServer({
    command: executable('haproxy'),
    args: ['-W', '-db', '-S', `${masterSocket},mode,600`, '-f', file],
    ports: [tlsPort],
  });
  await untilMasterListens(masterSocket);
  const workersReplaced = (): number => server.log().split('Proxy tls stopped').length;
  const reload = async (): Promise<void> => {
    const before = workersReplaced();
    server.signal('SIGUSR2');
    await until('HAProxy replaces its worker', () => workersReplaced() > before);
    await untilMasterListens(masterSocket);
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    remove();
  };
  const admin = (command: string): Promise<string> => ask(adminSocket, command);
  return { tlsPort, pid: server.pid, adminSocket, admin, reload, log: server.log, stop };
}

/** A master that is still starting (or starting anew) loses the signals that it gets; once it answers, it does not. */
function untilMasterListens(socketPath: string): Promise<void> {
  return until('the master of HAProxy answers', async () => {
    const answer = await ask(socketPath, 'show proc').catch(() => '');
    return answer.includes('worker');
  });
}

function configuration(options: HaproxyOptions & { readonly tlsPort: number }, adminSocket: string): string {
  return `
global
  stats socket ${adminSocket} mode 600 level admin expose-fd listeners
  ${options.globalLines ?? ''}
defaults
  mode http
  timeout connect 5s
  timeout client 5s
  timeout server 5s
frontend tls
  bind 127.0.0.1:${options.tlsPort} ssl crt ${options.crt} ${options.bindOptions ?? ''}
  http-request return status 200 content-type text/plain string haproxy
`;
}

function ask(socketPath: string, command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(socketPath);
    let answer = '';
    socket.setEncoding('utf8');
    socket.on('data', (part) => {
      answer += part;
    });
    socket.once('error', reject);
    socket.once('end', () => resolve(answer));
    socket.end(`${command}\n`);
  });
}
