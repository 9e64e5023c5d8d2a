import { Resolver } from 'node:dns/promises';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type DnsFront, startDnsFront } from './dns-front.ts';
import { executable } from './executables.ts';
import { startServer, until } from './processes.ts';
import { scratchDirectory } from './scratch.ts';

/** A key that may change the TXT records of all zones. */
export interface UpdateKey {
  readonly name: string;
  readonly algorithm: string;
  /** base64 */
  readonly secret: string;
}

export interface BindOptions {
  /** Further lines of each zone's file, by zone. Of a secondary they are those of its primary. */
  readonly zones: Readonly<Record<string, string>>;
  readonly keys?: readonly UpdateKey[];
  /** Further name servers of all zones: their addresses. */
  readonly others?: readonly string[];
  /** Instead of a policy for the keys: lines of each zone's block. */
  readonly zoneBlock?: string;
  /** Instead of keys and zones: statements of named.conf. @param zones directory of the files, each named as its zone */
  readonly statements?: (zones: string) => string;
}

export interface SecondaryOptions {
  readonly of: Bind;
  readonly zones: readonly string[];
  /** Looks for changes so often (seconds), and is not told of them. */
  readonly everySeconds: number;
  /** Its address, which the zones of its primary name. */
  readonly front: DnsFront;
}

/** BIND, on port 53 of an address of its own. */
export interface Bind {
  readonly address: string;
  /** Where it really listens, on 127.0.0.1. */
  readonly port: number;
  readonly counts: DnsFront['counts'];
  /** Values of a TXT record, sorted. */
  readonly txt: (name: string) => Promise<string[]>;
  readonly log: () => string;
  readonly stop: () => Promise<void>;
}

/** A primary, authoritative and nothing else. Only root may have port 53. */
export async function startBind(options: BindOptions): Promise<Bind> {
  const { zones, keys = [], others = [], zoneBlock } = options;
  const front = await startDnsFront();
  const grants = keys.map(({ name }) => `grant "${name}" zonesub TXT;`).join(' ');
  const block = `type primary; ${zoneBlock ?? `update-policy { ${grants} };`}`;
  const texts = Object.entries(zones).map(
    ([zone, lines]) => [zone, zoneFile([front.address, ...others], lines)] as const,
  );
  const statements = (directory: string) =>
    [...keys.map(keyBlock), ...Object.keys(zones).map((zone) => zoneBlockOf(zone, directory, block))].join(
      '\n',
    );
  return start(front, texts, options.statements ?? statements);
}

/** @see BindOptions.others */
export async function startSecondary({ of, zones, everySeconds, front }: SecondaryOptions): Promise<Bind> {
  const block = `type secondary; primaries port ${of.port} { 127.0.0.1; };
    min-refresh-time ${everySeconds}; max-refresh-time ${everySeconds};`;
  const secondary = await start(front, [], (directory) =>
    zones.map((zone) => zoneBlockOf(zone, directory, block)).join('\n'),
  );
  await until('the secondary has the zones', () =>
    zones.every((zone) =>
      secondary.log().includes(`transfer of '${zone}/IN' from 127.0.0.1#${of.port}: Transfer completed`),
    ),
  );
  return secondary;
}

async function start(
  front: DnsFront,
  zones: readonly (readonly [zone: string, text: string])[],
  statements: (zones: string) => string,
): Promise<Bind> {
  const { directory, remove } = scratchDirectory('bind');
  const { address, port, counts } = front;
  const files = join(directory, 'zones');
  mkdirSync(files);
  for (const [zone, text] of zones) writeFileSync(join(files, zone), text);
  const file = join(directory, 'named.conf');
  writeFileSync(file, `${globals(directory, port)}\n${statements(files)}\n`);
  const server = await startServer({
    command: executable('named'),
    args: ['-g', '-c', file, '-n', '1'],
    ports: [port],
  });
  await until('BIND runs', () => / running$/m.test(server.log()));
  const stop = async () => {
    await Promise.all([front.stop(), server.stop()]);
    remove();
  };
  return { address, port, counts, txt: (name) => txtAt(`127.0.0.1:${port}`, name), log: server.log, stop };
}

function globals(directory: string, port: number): string {
  return `options {
  directory "${directory}";
  pid-file "${directory}/named.pid";
  session-keyfile none;
  listen-on port ${port} { 127.0.0.1; };
  listen-on-v6 { none; };
  recursion yes;
  notify no;
  dnssec-validation no;
  empty-zones-enable no;
};
controls { };`;
}

function zoneBlockOf(zone: string, directory: string, block: string): string {
  return `zone "${zone}" { file "${directory}/${zone}"; ${block} };`;
}

function keyBlock({ name, algorithm, secret }: UpdateKey): string {
  return `key "${name}" { algorithm ${algorithm}; secret "${secret}"; };`;
}

/** Of a primary server with these addresses. */
export function zoneFile(nameServers: readonly string[], lines: string): string {
  const servers = nameServers.map((address, index) => `@ NS ns${index + 1}\nns${index + 1} A ${address}`);
  return `$TTL 60\n@ SOA ns1 hostmaster 1 3600 600 86400 60\n${servers.join('\n')}\n${lines}\n`;
}

async function txtAt(server: string, name: string): Promise<string[]> {
  const resolver = new Resolver({ timeout: 1000, tries: 3 });
  resolver.setServers([server]);
  try {
    return (await resolver.resolveTxt(name)).map((strings) => strings.join('')).sort();
  } catch (error) {
    if (['ENODATA', 'ENOTFOUND'].includes((error as { code?: string }).code ?? '')) return [];
    throw error;
  }
}
