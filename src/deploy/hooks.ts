import { EvercertError } from '../errors.ts';
import type { Emit, HookKind } from '../events.ts';
import type { DiskReader } from '../system/disk.ts';
import type { RunShell } from '../system/process.ts';
import {
  configuredHook,
  type Deployment,
  deployEnvironment,
  directoryHooks,
  type Hook,
  hookTitle,
  listHooks,
  postEnvironment,
} from './hook-plan.ts';

export interface HookEdges {
  readonly disk: DiskReader;
  readonly run: RunShell;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** See baseEnvironment. */
  readonly environment: Readonly<Record<string, string>>;
  /** hooks/ of the store. */
  readonly directory: string;
  readonly timeoutMs: number;
}

/** The hooks of one run: no two at a time, none for the same purpose twice. */
export interface Hooks {
  /**
   * Runs what must come before the CA is asked: each command once in a run, its outcome counts for all.
   *
   * @throws EvercertError hook-failed
   */
  pre(configured: string | undefined): Promise<void>;
  /**
   * Runs all deploy hooks of a lineage, also when one of them fails.
   *
   * @throws EvercertError hook-failed
   */
  deploy(deployment: Deployment, configured: string | undefined): Promise<void>;
  /** Notes the post hook of a lineage whose renewal was begun. */
  begun(configured: string | undefined): void;
  /** Runs the post hooks if anything was begun; also after an interruption, then with little time. */
  post(renewed: readonly string[], failed: readonly string[]): Promise<boolean>;
}

const POST_WHEN_INTERRUPTED_MS = 5000;

export function createHooks(edges: HookEdges): Hooks {
  const outcomes = new Map<string, Promise<boolean>>();
  const posts = new Set<string>();
  let begun = false;
  let queue: Promise<unknown> = Promise.resolve();
  const inTurn = <T>(task: () => Promise<T>): Promise<T> => {
    const done = queue.then(task);
    queue = done.catch(() => undefined);
    return done;
  };
  const once = (hook: Hook): Promise<boolean> => {
    const known = outcomes.get(hook.command);
    if (known !== undefined) return known;
    const outcome = inTurn(() => runHook(edges, 'pre', hook, {}));
    outcomes.set(hook.command, outcome);
    return outcome;
  };
  return {
    pre: async (configured) => {
      const hooks = listHooks(edges.disk, edges.directory, 'pre', configured);
      for (const hook of hooks) {
        if (await once(hook)) continue;
        edges.signal.throwIfAborted();
        throw hookFailed('pre', [hook]);
      }
    },
    deploy: (deployment, configured) => inTurn(() => deployAll(edges, deployment, configured)),
    begun: (configured) => {
      begun = true;
      if (configured !== undefined) posts.add(configured);
    },
    post: async (renewed, failed) => {
      if (!begun) return true;
      const configured = [...posts].flatMap((command) =>
        configuredHook(edges.disk, edges.directory, 'post', command),
      );
      const hooks = [...directoryHooks(edges.disk, edges.directory, 'post'), ...configured];
      return inTurn(() =>
        runAll(lastEdges(edges), 'post', hooks, postEnvironment(renewed, failed)).then(
          (bad) => bad.length === 0,
        ),
      );
    },
  };
}

/** Post hooks undo what pre hooks did, so they run after an interruption too. */
function lastEdges(edges: HookEdges): HookEdges {
  const timeoutMs = edges.signal.aborted
    ? Math.min(edges.timeoutMs, POST_WHEN_INTERRUPTED_MS)
    : edges.timeoutMs;
  return { ...edges, signal: new AbortController().signal, timeoutMs };
}

async function deployAll(
  edges: HookEdges,
  deployment: Deployment,
  configured: string | undefined,
): Promise<void> {
  const hooks = listHooks(edges.disk, edges.directory, 'deploy', configured);
  const bad = await runAll(edges, 'deploy', hooks, deployEnvironment(deployment), deployment.lineage);
  if (bad.length > 0) throw hookFailed('deploy', bad);
}

/** @returns the hooks that failed */
async function runAll(
  edges: HookEdges,
  kind: HookKind,
  hooks: readonly Hook[],
  environment: Record<string, string>,
  lineage?: string,
): Promise<Hook[]> {
  const bad: Hook[] = [];
  for (const hook of hooks) if (!(await runHook(edges, kind, hook, environment, lineage))) bad.push(hook);
  return bad;
}

async function runHook(
  edges: HookEdges,
  kind: HookKind,
  hook: Hook,
  environment: Record<string, string>,
  lineage?: string,
): Promise<boolean> {
  const result = await edges.run(
    hook.command,
    { ...edges.environment, ...environment },
    edges.timeoutMs,
    edges.signal,
  );
  edges.emit({
    type: 'hook',
    kind,
    ...(lineage === undefined ? {} : { lineage }),
    name: hook.name,
    ...result,
  });
  return result.ok;
}

function hookFailed(kind: HookKind, hooks: readonly Hook[]): EvercertError {
  const names = hooks.map(({ name }) => hookTitle(name)).join(', ');
  const hint =
    kind === 'pre'
      ? 'The CA was not asked. Correct the hook; the next run tries again.'
      : 'The new certificate is live, but may not be served yet. Correct the hook; the next renew runs the deploy hooks again.';
  return new EvercertError('hook-failed', `${kind} hook: ${names}`, hint);
}
