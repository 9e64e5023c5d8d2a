import type { HookKind } from '../events.ts';
import type { DiskReader } from '../system/disk.ts';

/** A hook to run: what `sh -c` gets, and what to call it. */
export interface Hook {
  readonly name: string;
  readonly command: string;
}

/**
 * The hooks of one kind, in certbot's order: the executables of `hooks/KIND`, sorted by bytes, without backups
 * (`name~`); then the configured one, unless it is one of these.
 */
export function listHooks(
  disk: DiskReader,
  hooksDirectory: string,
  kind: HookKind,
  configured: string | undefined,
): Hook[] {
  return [
    ...directoryHooks(disk, hooksDirectory, kind),
    ...configuredHook(disk, hooksDirectory, kind, configured),
  ];
}

export function directoryHooks(disk: DiskReader, hooksDirectory: string, kind: HookKind): Hook[] {
  const directory = `${hooksDirectory}/${kind}`;
  const names = (disk.list(directory) ?? []).filter((name) => !name.endsWith('~'));
  return names
    .sort((left, right) => Buffer.compare(Buffer.from(left), Buffer.from(right)))
    .map((name) => `${directory}/${name}`)
    .filter((path) => disk.isExecutableFile(path))
    .map((path) => ({ name: path, command: quote(path) }));
}

export function configuredHook(
  disk: DiskReader,
  hooksDirectory: string,
  kind: HookKind,
  configured: string | undefined,
): Hook[] {
  if (configured === undefined) return [];
  const inDirectory = directoryHooks(disk, hooksDirectory, kind).some(({ name }) => name === configured);
  return inDirectory ? [] : [{ name: configured, command: configured }];
}

/** A hook in a sentence: of several lines the first. */
export function hookTitle(name: string): string {
  const [first = '', ...more] = name.split('\n');
  return more.length === 0 ? first : `${first} …`;
}

function quote(path: string): string {
  return `'${path.replaceAll("'", "'\\''")}'`;
}

/** dehydrated's hook script, called with a verb and what that is about. */
export function scriptHook(script: string, verb: string, ...words: readonly string[]): Hook {
  return { name: `${script} ${verb}`, command: [script, verb, ...words].map(quote).join(' ') };
}

/** What a deploy hook is told: certbot's two variables, and the directories. */
export interface Deployment {
  readonly lineage: string;
  readonly names: readonly string[];
  readonly livePath: string;
  readonly versionDirectory: string;
  /** Undefined for the first version. */
  readonly previousDirectory: string | undefined;
}

export function deployEnvironment(deployment: Deployment): Record<string, string> {
  return {
    RENEWED_LINEAGE: deployment.livePath,
    RENEWED_DOMAINS: deployment.names.join(' '),
    EVERCERT_LINEAGE: deployment.lineage,
    EVERCERT_VERSION_DIR: deployment.versionDirectory,
    EVERCERT_PREVIOUS_DIR: deployment.previousDirectory ?? '',
  };
}

/** What a reload hook is told of all that it runs for; of a single lineage also what certbot's hooks know. */
export function reloadEnvironment(deployments: readonly Deployment[]): Record<string, string> {
  const [only, ...more] = deployments;
  return {
    ...(only === undefined || more.length > 0 ? {} : { RENEWED_LINEAGE: only.livePath }),
    RENEWED_DOMAINS: bounded(deployments.flatMap(({ names }) => names)),
    EVERCERT_LINEAGES: bounded(deployments.map(({ lineage }) => lineage)),
  };
}

/** Beyond this the kernel may refuse the environment; certbot cuts at the same place. */
const MAX_LIST = 16_000;

/** As many of the names as fit, each of them whole. */
function bounded(names: readonly string[]): string {
  const text = names.join(' ');
  return text.length <= MAX_LIST ? text : text.slice(0, text.lastIndexOf(' ', MAX_LIST));
}

export function postEnvironment(
  renewed: readonly string[],
  failed: readonly string[],
): Record<string, string> {
  return {
    RENEWED_DOMAINS: bounded(renewed),
    FAILED_DOMAINS: bounded(failed),
  };
}

/** Ours alone. */
const SECRETS = new Set([
  'EVERCERT_EAB_HMAC_KEY',
  'EVERCERT_NOTIFY',
  'EVERCERT_NOTIFY_TOKEN',
  'EVERCERT_SMTP_PASSWORD',
]);

const STANDARD_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];

/** The environment of a hook: that of this process, with the PATH that cron leaves short made whole. */
export function baseEnvironment(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const defined = Object.entries(environment).filter(
    (entry): entry is [string, string] => entry[1] !== undefined && !SECRETS.has(entry[0]),
  );
  const path = (environment.PATH ?? '').split(':').filter((directory) => directory !== '');
  return { ...Object.fromEntries(defined), PATH: [...new Set([...path, ...STANDARD_PATH])].join(':') };
}
