import { EvercertError } from '../errors.ts';
import type { Emit, HookKind } from '../events.ts';
import { createTurns } from '../promises.ts';
import type { DiskReader } from '../system/disk.ts';
import type { RunShell, ShellResult } from '../system/process.ts';
import {
  configuredHook,
  type Deployment,
  deployEnvironment,
  directoryHooks,
  type Hook,
  hookTitle,
  listHooks,
  postEnvironment,
  reloadEnvironment,
  scriptHook,
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

/** How a hook ended; undefined when an interruption kept it from its own end, or from being run at all. */
export type Ended = Pick<ShellResult, 'ok' | 'outcome'> | undefined;

/** The hooks of one run: no two at a time, none for the same purpose twice. */
export interface Hooks {
  /**
   * Runs what must come before the CA is asked: each command once in a run, its outcome counts for all.
   *
   * @param scripts dehydrated's, each of which is told of the run's beginning, and at last of its end
   * @throws EvercertError hook-failed
   */
  pre(configured: string | undefined, scripts?: readonly string[]): Promise<void>;
  /** Tells a script of dehydrated's of something. */
  tell(kind: HookKind, hook: Hook, lineage: string): Promise<Ended>;
  /** Runs deploy hooks of a lineage, also when one of them fails. */
  deploy(hooks: readonly Hook[], deployment: Deployment): Promise<readonly Ended[]>;
  /** Runs one reload hook for all that want it. */
  reload(hook: Hook, deployments: readonly Deployment[]): Promise<Ended>;
  /** Notes the post hook of a lineage whose renewal was begun. */
  begun(configured: string | undefined): void;
  /** Runs the post hooks if anything was begun; also after an interruption, then with little time. */
  post(renewed: readonly string[], failed: readonly string[]): Promise<boolean>;
}

const POST_WHEN_INTERRUPTED_MS = 5000;

export function createHooks(edges: HookEdges): Hooks {
  const outcomes = new Map<string, Promise<boolean>>();
  const posts = new Set<string>();
  const begunScripts = new Set<string>();
  let begun = false;
  const inTurn = createTurns();
  const once = (hook: Hook): Promise<boolean> => {
    const known = outcomes.get(hook.command);
    if (known !== undefined) return known;
    const outcome = inTurn(() => runHook(edges, 'pre', hook, {}).then(({ ok }) => ok));
    outcomes.set(hook.command, outcome);
    return outcome;
  };
  return {
    pre: async (configured, scripts = []) => {
      for (const script of scripts) begunScripts.add(script);
      const hooks = [
        ...scripts.map((script) => scriptHook(script, 'startup_hook')),
        ...listHooks(edges.disk, edges.directory, 'pre', configured),
      ];
      for (const hook of hooks) {
        if (await once(hook)) continue;
        edges.signal.throwIfAborted();
        throw preHookFailed(hook);
      }
    },
    tell: (kind, hook, lineage) => inTurn(() => tryHook(edges, kind, hook, {}, lineage)),
    deploy: (hooks, deployment) => inTurn(() => deployAll(edges, hooks, deployment)),
    reload: (hook, deployments) => inTurn(() => reload(edges, hook, deployments)),
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
      return inTurn(async () => {
        const last = lastEdges(edges);
        const allOk = await postAll(last, hooks, postEnvironment(renewed, failed));
        for (const script of begunScripts) await runHook(last, 'post', exitHook(script, failed), {});
        return allOk;
      });
    },
  };
}

/** That it fails matters to nobody, as in dehydrated. */
function exitHook(script: string, failed: readonly string[]): Hook {
  return scriptHook(script, 'exit_hook', ...(failed.length === 0 ? [] : [`failed: ${failed.join(' ')}`]));
}

/** Post hooks undo what pre hooks did, so they run after an interruption too. */
function lastEdges(edges: HookEdges): HookEdges {
  const timeoutMs = edges.signal.aborted
    ? Math.min(edges.timeoutMs, POST_WHEN_INTERRUPTED_MS)
    : edges.timeoutMs;
  return { ...edges, signal: new AbortController().signal, timeoutMs };
}

async function postAll(
  edges: HookEdges,
  hooks: readonly Hook[],
  environment: Record<string, string>,
): Promise<boolean> {
  let allOk = true;
  for (const hook of hooks) allOk = (await runHook(edges, 'post', hook, environment)).ok && allOk;
  return allOk;
}

async function deployAll(
  edges: HookEdges,
  hooks: readonly Hook[],
  deployment: Deployment,
): Promise<readonly Ended[]> {
  const ended: Ended[] = [];
  for (const hook of hooks) {
    ended.push(await tryHook(edges, 'deploy', hook, deployEnvironment(deployment), deployment.lineage));
  }
  return ended;
}

function reload(edges: HookEdges, hook: Hook, deployments: readonly Deployment[]): Promise<Ended> {
  const [only, ...more] = deployments;
  const lineage = more.length === 0 ? only?.lineage : undefined;
  return tryHook(edges, 'reload', hook, reloadEnvironment(deployments), lineage);
}

async function tryHook(
  edges: HookEdges,
  kind: HookKind,
  hook: Hook,
  environment: Record<string, string>,
  lineage: string | undefined,
): Promise<Ended> {
  if (edges.signal.aborted) return undefined;
  const result = await runHook(edges, kind, hook, environment, lineage);
  return edges.signal.aborted && !result.ok ? undefined : result;
}

async function runHook(
  edges: HookEdges,
  kind: HookKind,
  hook: Hook,
  environment: Record<string, string>,
  lineage?: string,
): Promise<ShellResult> {
  const result = await edges.run(
    hook.command,
    { ...edges.environment, ...environment },
    edges.timeoutMs,
    edges.signal,
  );
  const { stdout: _, ...told } = result;
  edges.emit({ type: 'hook', kind, ...(lineage === undefined ? {} : { lineage }), name: hook.name, ...told });
  return result;
}

function preHookFailed({ name }: Hook): EvercertError {
  const hint = 'The CA was not asked. Correct the hook; the next run tries again.';
  return new EvercertError('hook-failed', `pre hook: ${hookTitle(name)}`, hint);
}
