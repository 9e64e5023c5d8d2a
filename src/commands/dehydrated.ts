import { problemOf } from '../acme/problem.ts';
import { type Hook, scriptHook } from '../deploy/hook-plan.ts';
import { EvercertError } from '../errors.ts';
import { challengeFailuresOf } from '../issuance/failures.ts';
import {
  CERTIFICATE,
  CHAIN,
  FULL_CHAIN,
  livePath,
  META,
  PRIVATE_KEY,
  versionPath,
} from '../lineage/paths.ts';
import type { Lineage } from '../lineage/scan.ts';
import type { Settings } from '../lineage/settings.ts';
import type { LiveFacts } from '../lineage/state.ts';
import { deployCertName } from '../renewal/queue.ts';
import { challengesOf } from './solvers.ts';
import type { DeployWork } from './work.ts';

/** The scripts of dehydrated's that a lineage has, to prove names or to be told of new certificates; each once. */
export function scriptsOf(settings: Settings): readonly string[] {
  const provers = challengesOf(settings).flatMap((each) => (each.type === 'dehydrated' ? [each.hook] : []));
  return [...new Set([...provers, ...toldOf(settings)])];
}

function toldOf({ hooks }: Settings): readonly string[] {
  return hooks?.dehydrated === undefined ? [] : [hooks.dehydrated];
}

/** What a script does with a version that is live. Its name stays the same, so that the queue knows it again. */
export function deployCertHooks(
  { paths }: DeployWork,
  { name, settings }: Lineage,
  { notBefore }: LiveFacts,
): Hook[] {
  const files = [PRIVATE_KEY, CERTIFICATE, FULL_CHAIN, CHAIN].map(
    (file) => `${livePath(paths, name)}/${file}`,
  );
  const created = String(Math.floor(notBefore / 1000));
  return toldOf(settings).map((script) => ({
    ...scriptHook(script, 'deploy_cert', settings.names[0] ?? name, ...files, created),
    name: deployCertName(script),
  }));
}

/**
 * A script may see the files of a version before it goes live. There is no request among them; what tells of the
 * version's origin is in its place, since scripts want a file.
 *
 * @throws EvercertError hook-failed, interrupted
 */
export async function syncCert(
  { hooks, edges, paths }: DeployWork,
  { name, settings }: Lineage,
  version: string,
): Promise<void> {
  const directory = versionPath(paths, name, version);
  const files = [PRIVATE_KEY, CERTIFICATE, FULL_CHAIN, CHAIN, META].map((file) => `${directory}/${file}`);
  for (const script of toldOf(settings)) {
    const hook = scriptHook(script, 'sync_cert', ...files);
    const ended = await hooks.tell('deploy', hook, name);
    if (ended?.ok === true) continue;
    edges.signal.throwIfAborted();
    const hint =
      'The new certificate is kept, but not live. Correct the script; the next run calls it again.';
    throw new EvercertError('hook-failed', `${hook.name}: ${ended?.outcome ?? 'not run'}`, hint);
  }
}

/** Tells scripts why there is no certificate; what they make of it changes nothing. */
export async function tellFailure(
  { hooks }: DeployWork,
  { name, settings }: Lineage,
  error: unknown,
): Promise<void> {
  for (const script of scriptsOf(settings)) {
    for (const [verb, ...words] of failureCalls(error))
      await hooks.tell('post', scriptHook(script, verb, ...words), name);
  }
}

function failureCalls(error: unknown): (readonly [string, ...string[]])[] {
  const problem = problemOf(error);
  const refused = problem === undefined || problem.status === 0 ? [] : [problem];
  return [
    ...challengeFailuresOf(error).map(
      ({ name, type, detail }) => ['invalid_challenge', name, `${type}: ${detail}`] as const,
    ),
    ...refused.map(
      ({ status, type, detail }) =>
        ['request_failure', String(status), `${type}: ${detail}`, 'post', ''] as const,
    ),
  ];
}
