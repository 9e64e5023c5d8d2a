import { execFile } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { executable } from './executables.ts';
import { freePort } from './ports.ts';
import { startServer, until } from './processes.ts';
import { scratchDirectory } from './scratch.ts';

export interface TlsFiles {
  /** Paths that nginx reads at start and at each reload, e.g. `live/NAME/fullchain.pem`. */
  readonly certificate: string;
  readonly key: string;
  /** Further directives for the TLS server block, e.g. `ssl_stapling_file …;`. */
  readonly directives?: string;
}

export interface NginxOptions {
  /** Default: a free port. */
  readonly httpPort?: number;
  /** Default: a new directory of this server's own. */
  readonly webroot?: string;
  /** Further directives for the plain HTTP server block. */
  readonly httpDirectives?: string;
  readonly tls?: TlsFiles;
  readonly tlsPort?: number;
}

export interface Nginx {
  readonly httpPort: number;
  /** Nobody listens there unless `tls` was given. */
  readonly tlsPort: number;
  readonly webroot: string;
  readonly pid: number;
  /** What a deploy hook of an operator would run. It returns before the new certificate is served. */
  readonly reloadCommand: readonly string[];
  /** Reloads and waits until the old workers accept no more. */
  readonly reload: () => Promise<void>;
  /** Its error log. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** Starts nginx in the foreground with a directory of its own: plain HTTP from a webroot, and TLS when asked for. */
export async function startNginx(options: NginxOptions = {}): Promise<Nginx> {
  const { directory, remove } = scratchDirectory('nginx');
  const webroot = options.webroot ?? join(directory, 'webroot');
  mkdirSync(webroot, { recursive: true });
  const { httpPort = await freePort(), tlsPort = await freePort() } = options;
  const logPath = join(directory, 'error.log');
  writeFileSync(join(directory, 'nginx.conf'), configuration({ ...options, webroot, httpPort, tlsPort }));
  const command = [executable('nginx'), '-p', directory, '-e', logPath, '-c', 'nginx.conf'] as const;
  const [program, ...args] = command;
  const server = await startServer({
    command: program,
    args,
    ports: options.tls ? [httpPort, tlsPort] : [httpPort],
  });
  const reloadCommand = [...command, '-s', 'reload'];
  let lastLog: string | undefined;
  const log = (): string => lastLog ?? readFileSync(logPath, 'utf8');
  await until('nginx starts its worker', () => log().includes('start worker process '));
  const workersReplaced = (): number => log().split('gracefully shutting down').length;
  const reload = async (): Promise<void> => {
    const before = workersReplaced();
    await promisify(execFile)(program, reloadCommand.slice(1));
    await until('nginx replaces its workers', () => workersReplaced() > before);
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    lastLog = log();
    remove();
  };
  return { httpPort, tlsPort, webroot, pid: server.pid, reloadCommand, reload, log, stop };
}

type Resolved = NginxOptions & {
  readonly webroot: string;
  readonly httpPort: number;
  readonly tlsPort: number;
};

function configuration(options: Resolved): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (name) => `${name}_temp_path ${name}_temp;`,
  );
  return `
daemon off;
worker_processes 1;
${process.getuid?.() === 0 ? 'user root;' : ''}
pid nginx.pid;
error_log error.log notice;
events { worker_connections 256; }
http {
  access_log off;
  ${temporary.join(' ')}
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${options.httpPort};
    root ${options.webroot};
    ${options.httpDirectives ?? ''}
  }
  ${options.tls ? tlsBlock(options, options.tls) : ''}
}
`;
}

function tlsBlock(options: Resolved, tls: TlsFiles): string {
  return `server {
    listen 127.0.0.1:${options.tlsPort} ssl;
    root ${options.webroot};
    ssl_certificate ${tls.certificate};
    ssl_certificate_key ${tls.key};
    ${tls.directives ?? ''}
  }`;
}
