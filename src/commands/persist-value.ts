import { serverUrl } from '../acme/servers.ts';
import { type PersistAccount, persistRecord } from '../challenges/dns/persist.ts';
import { EvercertError } from '../errors.ts';
import type { Account } from '../lineage/accounts.ts';
import { isLineageName, type StorePaths, storePaths } from '../lineage/paths.ts';
import { readSettings } from '../lineage/settings.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import type { Edges, StoreOptions } from './edges.ts';
import { unknownLineage } from './plan-all.ts';
import { NO_ACCOUNT } from './run-all.ts';
import { createSessions } from './sessions.ts';
import { findAccount, thumbprintAt } from './show-account.ts';

export interface PersistValueOptions extends StoreOptions {
  readonly names: readonly string[];
  /** Its names, if none are given. */
  readonly certName: string | undefined;
  readonly server: string | undefined;
  readonly caBundle: string | undefined;
}

/** Tells the records that prove names for ever (dns-persist-01). Asks the CA how it is called. @returns the exit status */
export async function persistValue(options: PersistValueOptions, edges: Edges): Promise<number> {
  const settings = settingsOf(options, edges);
  const server = options.server === undefined ? settings?.server : serverUrl(options.server);
  const { paths, account } = findAccount({ ...options, server }, edges);
  const names = options.names.length > 0 ? options.names : (settings?.names ?? []);
  const wanted = names.map((name) => parseIdentifier(name)).filter(({ type }) => type === 'dns');
  if (wanted.length === 0)
    throw new EvercertError(
      'usage',
      'no names are given that DNS could prove',
      'Name them: -d NAME, or --cert-name NAME.',
    );
  const issuer = await askIssuer(edges, paths, account, options.caBundle ?? settings?.caBundle);
  const values = wanted.map(({ value }) => value);
  for (const name of new Set(values.map((value) => value.replace(/^\*\./, ''))))
    edges.emit({ type: 'dns-record', ...persistRecord(name, values.includes(`*.${name}`), issuer) });
  return 0;
}

function settingsOf({ certName, configDir }: PersistValueOptions, edges: Edges) {
  if (certName === undefined) return undefined;
  const settings = isLineageName(certName)
    ? readSettings(edges.disk, storePaths(configDir), certName)
    : undefined;
  if (settings === undefined) throw unknownLineage(certName);
  return settings;
}

async function askIssuer(
  edges: Edges,
  paths: StorePaths,
  { server, url }: Account,
  caBundle: string | undefined,
): Promise<PersistAccount> {
  const sessions = createSessions(edges, paths, NO_ACCOUNT);
  try {
    const { meta } = await (await sessions.of(server, caBundle)).directory();
    const [issuer] = meta?.issuerDomainNames ?? meta?.caaIdentities ?? [];
    if (issuer === undefined) throw nameless(server);
    return {
      server,
      url,
      issuer,
      hashPrefix: meta?.accountHashPrefix,
      thumbprint: thumbprintAt(edges, paths, server),
    };
  } finally {
    sessions.close();
  }
}

function nameless(server: string): EvercertError {
  return new EvercertError(
    'challenge-unsupported',
    `${new URL(server).host} does not tell by which name its records know it`,
    'Ask the CA whether it offers dns-persist-01.',
  );
}
