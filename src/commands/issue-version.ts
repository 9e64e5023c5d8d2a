import { EvercertError } from '../errors.ts';
import type { Download } from '../issuance/download.ts';
import { isFinal, obtainCertificate } from '../issuance/order.ts';
import type { WantedProfile } from '../issuance/place.ts';
import { nextVersion, PRIVATE_KEY, versionPath } from '../lineage/paths.ts';
import {
  createPending,
  type PendingOrder,
  readPendingKey,
  removePending,
  writePendingOrder,
} from '../lineage/pending.ts';
import { type Lineage, listVersions } from '../lineage/scan.ts';
import { type Settings, saveSettings } from '../lineage/settings.ts';
import { sweepSettings } from '../lineage/sweep.ts';
import { type KeyAccess, publishVersion } from '../lineage/version.ts';
import { type CheckedChain, checkChain } from '../x509/certificate.ts';
import { createCsr } from '../x509/csr.ts';
import { parseIdentifier } from '../x509/identifier.ts';
import { generateKey, type KeyKind, publicKeyOfPem, sameKind } from '../x509/keys.ts';
import { orderNews } from './order-news.ts';
import type { Work } from './work.ts';

/** What this order is to be, of all that the settings allow. */
export interface Choice {
  readonly server: string;
  /** Those of the settings, or what is left of them. */
  readonly names: readonly string[];
  /** A new private key, whatever the settings say. */
  readonly newKey: boolean;
}

/**
 * Steps 1 to 5 of docs/store.md: from nothing, or from where an earlier run died, to a version in the archive. An order
 * of no more use is forgotten, so that the next run begins anew.
 *
 * @returns the version, not live yet
 */
export async function issueVersion(
  work: Work,
  lineage: Lineage,
  choice: Choice,
  access: KeyAccess,
): Promise<string> {
  const { edges, paths } = work;
  const { name } = lineage;
  // The CA is there and the account works, or nothing is begun.
  const connection = await work.sessions.of(choice.server, lineage.settings.caBundle);
  await connection.directory();
  const underWay = orderUnderWay(lineage, choice);
  const pending = underWay ?? (await beginPending(work, lineage, choice));
  try {
    const keyPem = readPendingKey(edges.disk, paths, name);
    await publish(work, lineage, pending, underWay !== undefined, keyPem, access);
    return pending.target;
  } catch (error) {
    if (error instanceof EvercertError && isFinal(error)) removePending(edges.disk, paths, name);
    throw error;
  }
}

/** The order of an earlier run, if it is at this CA and its key will do. */
function orderUnderWay({ pending }: Lineage, { server, newKey }: Choice): PendingOrder | undefined {
  if (pending?.kind !== 'ordered' || pending.order.server !== server) return undefined;
  return newKey && pending.order.newKey !== true ? undefined : pending.order;
}

async function beginPending(work: Work, lineage: Lineage, choice: Choice): Promise<PendingOrder> {
  const { edges, paths } = work;
  const { name, settings } = lineage;
  const profile = wantedProfile(settings)?.name;
  const order: PendingOrder = {
    version: 1,
    server: choice.server,
    names: [...choice.names],
    key: settings.key,
    ...(profile === undefined ? {} : { profile }),
    ...(choice.newKey ? { newKey: true } : {}),
    createdAt: edges.clock.now(),
    target: nextVersion(listVersions(edges.disk, paths, name)),
  };
  await createPending(edges.disk, paths, name, await keyFor(work, lineage, choice), order);
  return order;
}

async function keyFor(
  { edges, paths }: Work,
  { name, settings, live }: Lineage,
  { newKey }: Choice,
): Promise<string> {
  const reusable =
    !newKey && settings.reuseKey && live.kind === 'whole' && isKind(live.facts.key, settings.key);
  if (!reusable) return generateKey(settings.key);
  const path = `${versionPath(paths, name, live.facts.version)}/${PRIVATE_KEY}`;
  return edges.disk.readText(path) ?? generateKey(settings.key);
}

function isKind(found: KeyKind | undefined, wanted: KeyKind): boolean {
  return found !== undefined && sameKind(found, wanted);
}

async function publish(
  work: Work,
  lineage: Lineage,
  pending: PendingOrder,
  isEarlier: boolean,
  keyPem: string,
  access: KeyAccess,
): Promise<void> {
  const { edges, paths } = work;
  const { name, settings } = lineage;
  const { download, orderUrl } = await obtain(work, lineage, pending, isEarlier, keyPem);
  const publicKey = publicKeyOfPem(keyPem);
  const chain = checkChain(download.pem, publicKey, pending.names, edges.clock.now());
  edges.emit({ type: 'progress', lineage: name, step: 'publish' });
  // Those that came from the file stay as the operator wrote them.
  if (lineage.settingsStamp === undefined) {
    sweepSettings(edges.disk, paths, name, pending.createdAt);
    await saveSettings(edges.disk, paths, name, settings);
  }
  const meta = originOf(settings, { ...pending, orderUrl }, chain, edges.clock.now());
  await publishVersion(edges.disk, paths, name, pending.target, { keyPem, ...chain, meta }, access);
}

/** Steps 2 and 3. */
async function obtain(
  work: Work,
  lineage: Lineage,
  pending: PendingOrder,
  isEarlier: boolean,
  keyPem: string,
) {
  const { edges, paths, sessions, solverFor } = work;
  const { name, settings } = lineage;
  const { preferredChain } = settings;
  const identifiers = pending.names.map(parseIdentifier);
  let { orderUrl } = pending;
  const connection = await sessions.of(pending.server, settings.caBundle);
  const download: Download = await obtainCertificate(
    connection,
    {
      identifiers,
      preferredChain,
      earlier: isEarlier ? (orderUrl ?? 'unknown') : undefined,
      replaces: predecessor(lineage, pending.server, edges.clock.now()),
      profile: wantedProfile(settings),
      timeoutMs: work.issuanceTimeoutMs,
    },
    await solverFor(name, settings),
    () => createCsr(keyPem, identifiers),
    {
      placed: (url) => {
        orderUrl = url;
        return writePendingOrder(edges.disk, paths, name, { ...pending, orderUrl });
      },
      ...orderNews(work, lineage, connection),
    },
  );
  if (!download.preferredFound) {
    edges.emit({ type: 'warning', lineage: name, code: 'chain-not-found', detail: preferredChain ?? '' });
  }
  return { download, orderUrl };
}

/** The certificate that the new one replaces (RFC 9773 section 5): only the CA that issued it wants to hear of it. */
function predecessor({ live }: Lineage, server: string, now: number): string | undefined {
  if (live.kind !== 'whole' || live.facts.server !== server || now >= live.facts.notAfter) return undefined;
  return live.facts.renewalId || undefined;
}

export function wantedProfile({ requiredProfile, preferredProfile }: Settings): WantedProfile | undefined {
  const name = requiredProfile ?? preferredProfile;
  return name === undefined ? undefined : { name, required: requiredProfile !== undefined };
}

/** meta.json. The profile is the one that was wanted: what the CA made of it is in the certificate. */
function originOf(
  settings: Settings,
  { server, orderUrl: order }: PendingOrder,
  { leaf }: CheckedChain,
  createdAt: number,
) {
  const { names, notBefore, notAfter, serial, issuer } = leaf;
  const profile = wantedProfile(settings)?.name;
  return { version: 1, server, order, profile, names, notBefore, notAfter, serial, issuer, createdAt };
}
