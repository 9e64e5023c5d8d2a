import { execFile } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { executable } from './executables.ts';
import { freePort } from './ports.ts';
import { startServer, until } from './processes.ts';
import { scratchDirectory } from './scratch.ts';

export interface PostfixOptions {
  /** Further lines of main.cf, e.g. `smtpd_tls_chain_files = live/NAME/combined.pem`. */
  readonly settings: readonly string[];
  /** A directory that everyone may write to: all mail to example.test goes into its maildir `inbox`. */
  readonly inboxIn?: string;
}

export interface Postfix {
  readonly smtpPort: number;
  readonly pid: number;
  /** For `sendmail -C`. */
  readonly config: string;
  /** What a deploy hook of an operator would run. */
  readonly reloadCommand: readonly string[];
  /** Reloads and waits until Postfix has taken up its configuration again. */
  readonly reload: () => Promise<void>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

const SERVICES = `
cleanup  unix        n - n - 0     cleanup
tlsmgr   unix        - - n - 1     tlsmgr
rewrite  unix        - - n - -     trivial-rewrite
proxymap unix        - - n - -     proxymap
anvil    unix        - - n - 1     anvil
postlog  unix-dgram  n - n - 1     postlogd
`;

/** What takes mail from sendmail and puts it into a maildir. */
const DELIVERING = `
pickup   unix        n - n 60 1    pickup
qmgr     unix        n - n 300 1   qmgr
bounce   unix        - - n - 0     bounce
defer    unix        - - n - 0     bounce
trace    unix        - - n - 0     bounce
virtual  unix        - n n - -     virtual
`;

/** What `postfix check` would make. */
const QUEUES = ['active', 'bounce', 'corrupt', 'defer', 'deferred', 'flush', 'hold', 'incoming'].concat(
  ...['maildrop', 'private', 'public', 'saved', 'trace'],
);

/** Starts a Postfix in the foreground that sends nothing away, with configuration, queue and log of its own; wants root. */
export async function startPostfix({ settings, inboxIn }: PostfixOptions): Promise<Postfix> {
  const { directory, remove } = scratchDirectory('postfix');
  chmodSync(directory, 0o755);
  const smtpPort = await freePort();
  const config = await configure(directory, smtpPort, [...settings, ...inboxSettings(inboxIn)]);
  const postfix = [executable('postfix'), '-c', config] as const;
  const daemons = await promisify(execFile)(executable('postconf'), ['-c', config, '-h', 'daemon_directory']);
  const server = await startServer({
    command: join(daemons.stdout.trim(), 'master'),
    args: ['-c', config, '-s'],
    ports: [smtpPort],
  });
  const reloadCommand = [...postfix, 'reload'];
  const logFile = join(directory, 'mail.log');
  let lastLog: string | undefined;
  const log = (): string =>
    lastLog ?? `${server.log()}${existsSync(logFile) ? readFileSync(logFile, 'utf8') : ''}`;
  const timesReloaded = (): number => log().split(' reload -- version').length;
  const reload = async (): Promise<void> => {
    const before = timesReloaded();
    await promisify(execFile)(postfix[0], reloadCommand.slice(1));
    await until('Postfix reloads', () => timesReloaded() > before);
  };
  const stop = async (): Promise<void> => {
    await server.stop();
    lastLog = log();
    remove();
  };
  return { smtpPort, pid: server.pid, config, reloadCommand, reload, log, stop };
}

function inboxSettings(directory: string | undefined): string[] {
  if (directory === undefined) return [];
  return [
    'virtual_mailbox_domains = example.test',
    `virtual_mailbox_base = ${directory}`,
    'virtual_mailbox_maps = static:inbox/',
    'virtual_uid_maps = static:65534',
    'virtual_gid_maps = static:65534',
  ];
}

/** Makes the directories and main.cf and master.cf. Returns the configuration directory. */
async function configure(directory: string, smtpPort: number, settings: readonly string[]): Promise<string> {
  const at = (name: string): string => join(directory, name);
  for (const name of ['config', 'queue', 'queue/pid']) mkdirSync(at(name));
  const ofPostfix = ['data', ...QUEUES.map((name) => `queue/${name}`)].map(at);
  for (const path of ofPostfix) mkdirSync(path, { mode: 0o700 });
  await promisify(execFile)('chown', ['postfix', ...ofPostfix]);
  const lines = [
    'compatibility_level = 3.6',
    `queue_directory = ${at('queue')}`,
    `data_directory = ${at('data')}`,
    `maillog_file = ${at('mail.log')}`,
    `maillog_file_prefixes = ${directory}`,
    'myhostname = mail.example.test',
    'inet_protocols = ipv4',
    'mydestination =',
    'alias_maps =',
    ...settings,
  ];
  writeAged(at('config/main.cf'), `${lines.join('\n')}\n`);
  writeAged(at('config/master.cf'), `127.0.0.1:${smtpPort} inet n - n - - smtpd\n${SERVICES}${DELIVERING}`);
  return at('config');
}

/** Postfix waits until its files are two seconds old. */
function writeAged(path: string, text: string): void {
  writeFileSync(path, text);
  const then = Date.now() / 1000 - 60;
  utimesSync(path, then, then);
}
