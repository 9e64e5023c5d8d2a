import { createPublicKey } from 'node:crypto';
import type { Hooks } from '../deploy/hooks.ts';
import { asEvercertError, EvercertError } from '../errors.ts';
import type { Step } from '../events.ts';
import { isFinal, obtainCertificate } from '../issuance/order.ts';
import { encodeJson } from '../lineage/decode.ts';
import { inspectVersion } from '../lineage/inspect.ts';
import {
  livePath,
  nextVersion,
  PRIVATE_KEY,
  type StorePaths,
  settingsPath,
  versionPath,
} from '../lineage/paths.ts';
import {
  createPending,
  type PendingOrder,
  readPendingKey,
  removePending,
  writePendingOrder,
} from '../lineage/pending.ts';
import { type Lineage, listVersions, versionOf } from '../lineage/scan.ts';
import type { Settings } from '../lineage/settings.ts';
import { type LiveFacts, writeState } from '../lineage/state.ts';
import { goLive, type KeyAccess, pruneVersions, publishVersion } from '../lineage/version.ts';
import type { Plan } from '../renewal/decide.ts';
import { dueAt } from '../renewal/due.ts';
import { checkChain } from '../x509/certificate.ts';
import { createCsr } from '../x509/csr.ts';
import { type Identifier, parseIdentifier } from '../x509/identifier.ts';
import { generateKey, publicKeyOf } from '../x509/keys.ts';
import type { Edges } from './edges.ts';
import type { Sessions } from './sessions.ts';
import type { SolverFor } from './solvers.ts';

/** What all lineages of a run share. */
export interface Work {
  readonly edges: Pick<Edges, 'disk' | 'clock' | 'emit' | 'lookUpGroup'>;
  readonly paths: StorePaths;
  readonly sessions: Sessions;
  readonly solverFor: SolverFor;
  readonly hooks: Hooks;
}

const ORDER_TIMEOUT_MS = 300_000;

/** Carries out what was planned for one lineage; returns only when it is live and deployed. */
export async function perform(work: Work, lineage: Lineage, plan: Plan): Promise<void> {
  switch (plan.action) {
    case 'issue':
    case 'renew':
    case 'resume':
      return renewOne(work, lineage);
    case 'promote':
      return promote(work, lineage);
    case 'redeploy':
      return deployLive(work, lineage, versionOf(lineage.live));
    case 'skip':
    case 'broken':
      return;
  }
}

async function renewOne(work: Work, lineage: Lineage): Promise<void> {
  const { edges, paths, hooks } = work;
  const { name, settings } = lineage;
  hooks.begun(settings.hooks?.post);
  await hooks.pre(name, settings.hooks?.pre);
  const pending =
    lineage.pending?.kind === 'ordered' ? lineage.pending.order : await beginPending(work, lineage);
  const keyPem = readPendingKey(edges.disk, paths, name);
  const version = await issuePending(work, lineage, pending, keyPem);
  await switchTo(work, lineage, version);
}

/** Step 1 of docs/store.md. */
async function beginPending(
  { edges, paths }: Work,
  { name, settings, live }: Lineage,
): Promise<PendingOrder> {
  const keyPem =
    settings.reuseKey && live.kind === 'whole'
      ? liveKey(edges, paths, name, live.facts)
      : await generateKey(settings.key);
  const order: PendingOrder = {
    version: 1,
    server: settings.server,
    names: settings.names,
    key: settings.key,
    createdAt: edges.clock.now(),
    target: nextVersion(listVersions(edges.disk, paths, name)),
  };
  await createPending(edges.disk, paths, name, keyPem, order);
  return order;
}

function liveKey({ disk }: Work['edges'], paths: StorePaths, name: string, { version }: LiveFacts): string {
  return disk.readText(`${versionPath(paths, name, version)}/${PRIVATE_KEY}`) ?? '';
}

/** Steps 2 to 5. An order of no more use is forgotten, so that the next run begins anew. */
async function issuePending(
  work: Work,
  lineage: Lineage,
  pending: PendingOrder,
  keyPem: string,
): Promise<string> {
  const { edges, paths } = work;
  const { name, settings } = lineage;
  try {
    const connection = await work.sessions.of(settings.server, settings.caBundle);
    const identifiers = settings.names.map(parseIdentifier);
    const earlier = lineage.pending?.kind === 'ordered' ? (pending.orderUrl ?? 'unknown') : undefined;
    let orderUrl = pending.orderUrl;
    const download = await obtainCertificate(
      connection,
      { identifiers, preferredChain: settings.preferredChain, earlier, timeoutMs: ORDER_TIMEOUT_MS },
      await work.solverFor(settings.challenge),
      () => createCsr(keyPem, identifiers),
      {
        placed: async (url) => {
          orderUrl = url;
          await writePendingOrder(edges.disk, paths, name, { ...pending, orderUrl: url });
        },
        step: (step) => progress(work, name, step),
      },
    );
    if (!download.preferredFound)
      edges.emit({
        type: 'warning',
        lineage: name,
        code: 'chain-not-found',
        detail: settings.preferredChain ?? '',
      });
    const chain = checkChain(
      download.pem,
      publicKeyOf(createPublicKey(keyPem)),
      settings.names,
      edges.clock.now(),
    );
    progress(work, name, 'publish');
    await saveSettings(work, name, settings);
    const { leaf } = chain;
    const meta = {
      version: 1,
      server: settings.server,
      order: orderUrl,
      names: leaf.names,
      notBefore: leaf.notBefore,
      notAfter: leaf.notAfter,
      serial: leaf.serial,
      issuer: leaf.issuer,
      createdAt: edges.clock.now(),
    };
    await publishVersion(
      edges.disk,
      paths,
      name,
      pending.target,
      { keyPem, ...chain, meta },
      await keyAccess(work, settings),
    );
    return pending.target;
  } catch (error) {
    if (error instanceof EvercertError && isFinal(error)) removePending(edges.disk, paths, name);
    throw error;
  }
}

function progress({ edges }: Work, lineage: string, step: Step): void {
  edges.emit({ type: 'progress', lineage, step });
}

/** Step 4: settings are written when there is a certificate for them, and only if they say something new. */
async function saveSettings({ edges, paths }: Work, name: string, settings: Settings): Promise<void> {
  const path = settingsPath(paths, name);
  const text = encodeJson(settings);
  if (edges.disk.readText(path) !== text) await edges.disk.replaceFile(path, text, 0o600);
}

async function keyAccess({ edges }: Work, { keyMode, keyGroup }: Settings): Promise<KeyAccess> {
  const mode = keyMode === undefined ? 0o600 : Number.parseInt(keyMode, 8);
  if (keyGroup === undefined) return { mode, gid: undefined };
  const gid = await edges.lookUpGroup(keyGroup);
  if (gid !== undefined) return { mode, gid };
  throw new EvercertError(
    'bad-settings',
    `there is no group ${keyGroup}`,
    'Create it, or correct keyGroup in the settings (certonly --key-group GROUP).',
  );
}

/** A version that was published by a run that died before it went live. */
async function promote(work: Work, lineage: Lineage): Promise<void> {
  if (lineage.pending?.kind !== 'published') throw new TypeError('nothing to promote');
  const { target } = lineage.pending.order;
  work.hooks.begun(lineage.settings.hooks?.post);
  inspectVersion(work.edges.disk, work.paths, lineage.name, target);
  await switchTo(work, lineage, target);
}

/** Steps 6 to 10. */
async function switchTo(work: Work, lineage: Lineage, version: string): Promise<void> {
  const { edges, paths } = work;
  const { name } = lineage;
  const facts = inspectVersion(edges.disk, paths, name, version);
  goLive(edges.disk, paths, name, version);
  const due = dueAt(facts.notBefore, facts.notAfter);
  edges.emit({
    type: 'live',
    lineage: name,
    version,
    path: livePath(paths, name),
    notAfter: facts.notAfter,
    dueAt: due,
  });
  await deployLive(work, lineage, version);
}

/** Steps 7 to 10: whatever the hooks do, what happened is on the disk before this returns. */
async function deployLive(work: Work, lineage: Lineage, version: string | undefined): Promise<void> {
  const { edges, paths, hooks } = work;
  const { name, settings } = lineage;
  if (version === undefined) throw new TypeError('nothing is live');
  const facts = inspectVersion(edges.disk, paths, name, version);
  const previous = previousOf(work, lineage, version);
  hooks.begun(settings.hooks?.post);
  const failure = await deployFailure(
    hooks.deploy(
      {
        lineage: name,
        names: facts.names,
        livePath: livePath(paths, name),
        versionDirectory: versionPath(paths, name, version),
        previousDirectory: previous === undefined ? undefined : versionPath(paths, name, previous),
      },
      settings.hooks?.deploy,
    ),
  );
  const deployed = failure === undefined ? version : lineage.deployed;
  await writeState(edges.disk, paths, name, {
    version: 1,
    live: facts,
    ...(deployed === undefined || deployed === '' ? {} : { deployed }),
  });
  pruneVersions(edges.disk, paths, name, version, settings.keepVersions);
  removePending(edges.disk, paths, name);
  if (failure !== undefined) throw failure;
}

async function deployFailure(done: Promise<void>): Promise<EvercertError | undefined> {
  try {
    await done;
    return undefined;
  } catch (error) {
    return asEvercertError(error);
  }
}

/** The version before `version` that was live: the highest below it. */
function previousOf({ edges, paths }: Work, { name }: Lineage, version: string): string | undefined {
  return listVersions(edges.disk, paths, name)
    .filter((other) => Number(other) < Number(version))
    .at(-1);
}

/** Orders, validates, downloads and checks at a CA; keeps nothing. */
export async function rehearse(work: Work, lineage: Lineage, server: string): Promise<void> {
  const { edges, hooks } = work;
  const { name, settings } = lineage;
  hooks.begun(settings.hooks?.post);
  await hooks.pre(name, settings.hooks?.pre);
  const connection = await work.sessions.of(server, settings.caBundle);
  const identifiers: Identifier[] = settings.names.map(parseIdentifier);
  const keyPem = await generateKey(settings.key);
  const request = { identifiers, preferredChain: undefined, earlier: undefined, timeoutMs: ORDER_TIMEOUT_MS };
  const listener = { placed: async () => undefined, step: (step: Step) => progress(work, name, step) };
  const { pem } = await obtainCertificate(
    connection,
    request,
    await work.solverFor(settings.challenge),
    () => createCsr(keyPem, identifiers),
    listener,
  );
  checkChain(pem, publicKeyOf(createPublicKey(keyPem)), settings.names, edges.clock.now());
  edges.emit({ type: 'dry-run-passed', lineage: name, server });
}
