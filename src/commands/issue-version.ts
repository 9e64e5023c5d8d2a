import { EvercertError } from '../errors.ts';
import type { Download } from '../issuance/download.ts';
import { isFinal, obtainCertificate } from '../issuance/order.ts';
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
import { ORDER_TIMEOUT_MS, type Work } from './work.ts';

/**
 * Steps 1 to 5 of docs/store.md: from nothing, or from where an earlier run died, to a version in the archive. An order
 * of no more use is forgotten, so that the next run begins anew.
 *
 * @returns the version, not live yet
 */
export async function issueVersion(work: Work, lineage: Lineage, access: KeyAccess): Promise<string> {
  const { edges, paths } = work;
  const { name } = lineage;
  // The CA is there and the account works, or nothing is begun.
  await work.sessions.of(lineage.settings.server, lineage.settings.caBundle);
  const pending =
    lineage.pending?.kind === 'ordered' ? lineage.pending.order : await beginPending(work, lineage);
  try {
    await publish(work, lineage, pending, readPendingKey(edges.disk, paths, name), access);
    return pending.target;
  } catch (error) {
    if (error instanceof EvercertError && isFinal(error)) removePending(edges.disk, paths, name);
    throw error;
  }
}

async function beginPending(work: Work, lineage: Lineage): Promise<PendingOrder> {
  const { edges, paths } = work;
  const { name, settings } = lineage;
  const order: PendingOrder = {
    version: 1,
    server: settings.server,
    names: settings.names,
    key: settings.key,
    createdAt: edges.clock.now(),
    target: nextVersion(listVersions(edges.disk, paths, name)),
  };
  await createPending(edges.disk, paths, name, await keyFor(work, lineage), order);
  return order;
}

async function keyFor({ edges, paths, newKey }: Work, { name, settings, live }: Lineage): Promise<string> {
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
  keyPem: string,
  access: KeyAccess,
): Promise<void> {
  const { edges, paths } = work;
  const { name, settings } = lineage;
  const { download, orderUrl } = await obtain(work, lineage, pending, keyPem);
  const publicKey = publicKeyOfPem(keyPem);
  const chain = checkChain(download.pem, publicKey, settings.names, edges.clock.now());
  edges.emit({ type: 'progress', lineage: name, step: 'publish' });
  // Those that came from the file stay as the operator wrote them.
  if (lineage.settingsStamp === undefined) {
    sweepSettings(edges.disk, paths, name, pending.createdAt);
    await saveSettings(edges.disk, paths, name, settings);
  }
  const content = { keyPem, ...chain, meta: originOf(settings, orderUrl, chain, edges.clock.now()) };
  await publishVersion(edges.disk, paths, name, pending.target, content, access);
}

/** Steps 2 and 3. */
async function obtain(work: Work, lineage: Lineage, pending: PendingOrder, keyPem: string) {
  const { edges, paths, sessions, solverFor } = work;
  const { name, settings } = lineage;
  const { preferredChain } = settings;
  const identifiers = settings.names.map(parseIdentifier);
  const earlier = lineage.pending?.kind === 'ordered' ? (pending.orderUrl ?? 'unknown') : undefined;
  let { orderUrl } = pending;
  const download: Download = await obtainCertificate(
    await sessions.of(settings.server, settings.caBundle),
    {
      identifiers,
      preferredChain,
      earlier,
      replaces: undefined,
      profile: undefined,
      timeoutMs: ORDER_TIMEOUT_MS,
    },
    await solverFor(settings.challenge),
    () => createCsr(keyPem, identifiers),
    {
      placed: (url) => {
        orderUrl = url;
        return writePendingOrder(edges.disk, paths, name, { ...pending, orderUrl });
      },
      ...orderNews(edges.emit, name),
    },
  );
  if (!download.preferredFound) {
    edges.emit({ type: 'warning', lineage: name, code: 'chain-not-found', detail: preferredChain ?? '' });
  }
  return { download, orderUrl };
}

/** meta.json */
function originOf(
  { server }: Settings,
  order: string | undefined,
  { leaf }: CheckedChain,
  createdAt: number,
) {
  const { names, notBefore, notAfter, serial, issuer } = leaf;
  return { version: 1, server, order, names, notBefore, notAfter, serial, issuer, createdAt };
}
