import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { executable } from './executables.ts';
import { freePort } from './ports.ts';
import { startServer, until } from './processes.ts';
import { scratchDirectory } from './scratch.ts';

export interface ApacheOptions {
  /** Paths that Apache reads at start and at each reload, e.g. `live/NAME/fullchain.pem`. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  readonly webroot?: string;
  readonly httpPort?: number;
  readonly tlsPort?: number;
  /** Further directives for the whole server. */
  readonly directives?: string;
}

export interface Apache {
  readonly httpPort: number;
  /** Nobody listens there unless `tls` was given. */
  readonly tlsPort: number;
  readonly webroot: string;
  readonly pid: number;
  /** What a deploy hook of an operator would run. It returns before the new certificate is served. */
  readonly reloadCommand: readonly string[];
  /** Reloads gracefully and waits until Apache has taken up its configuration again. */
  readonly reload: () => Promise<void>;
  /** Its error log. */
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

const MODULES = '/usr/lib/apache2/modules';
const LOADED = ['mpm_event', 'authz_core', 'unixd', 'ssl', 'socache_shmcb'];

/** Starts Apache httpd in the foreground with a directory of its own, plain HTTP and, when asked for, TLS. */
export async function startApache(options: ApacheOptions = {}): Promise<Apache> {
  const { directory, remove } = scratchDirectory('apache');
  chmodSync(directory, 0o755);
  const webroot = options.webroot ?? join(directory, 'webroot');
  mkdirSync(webroot, { recursive: true });
  const { httpPort = await freePort(), tlsPort = await freePort() } = options;
  const file = join(directory, 'apache.conf');
  writeFileSync(file, configuration({ ...options, webroot, httpPort, tlsPort }, directory));
  const command = [executable('apache2'), '-d', directory, '-f', file] as const;
  const server = await startServer({
    command: command[0],
    args: [...command.slice(1), '-D', 'FOREGROUND'],
    ports: options.tls ? [httpPort, tlsPort] : [httpPort],
  });
  const reloadCommand = [...command, '-k', 'graceful'];
  let lastLog: string | undefined;
  const log = (): string => lastLog ?? readLog(join(directory, 'error.log'));
  const timesConfigured = (): number => log().split('resuming normal operations').length;
  await until('Apache is ready', () => timesConfigured() > 1);
  const reload = async (): Promise<void> => {
    const before = timesConfigured();
    await promisify(execFile)(command[0], reloadCommand.slice(1));
    await until('Apache resumes', () => timesConfigured() > before);
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    lastLog = log();
    remove();
  };
  return { httpPort, tlsPort, webroot, pid: server.pid, reloadCommand, reload, log, stop };
}

type Resolved = ApacheOptions & {
  readonly webroot: string;
  readonly httpPort: number;
  readonly tlsPort: number;
};

function configuration(options: Resolved, directory: string): string {
  const asRoot = process.getuid?.() === 0 ? 'User www-data\nGroup www-data' : '';
  return `
${LOADED.filter((name) => existsSync(modulePath(name)))
  .map((name) => `LoadModule ${name}_module ${modulePath(name)}`)
  .join('\n')}
ServerName localhost
PidFile ${join(directory, 'apache.pid')}
ErrorLog ${join(directory, 'error.log')}
LogLevel notice
DefaultRuntimeDir ${directory}
${asRoot}
StartServers 1
DocumentRoot ${options.webroot}
Listen 127.0.0.1:${options.httpPort}
${options.directives ?? ''}
${options.tls ? tlsBlock(options.tlsPort, options.tls) : ''}
`;
}

function tlsBlock(port: number, tls: { readonly certificate: string; readonly key: string }): string {
  return `Listen 127.0.0.1:${port}
<VirtualHost 127.0.0.1:${port}>
  SSLEngine on
  SSLCertificateFile ${tls.certificate}
  SSLCertificateKeyFile ${tls.key}
</VirtualHost>`;
}

function modulePath(name: string): string {
  return join(MODULES, `mod_${name}.so`);
}

/** Apache may listen before it has its log. */
function readLog(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
