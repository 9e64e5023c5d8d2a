import type fs from 'node:fs';
import { relative, resolve } from 'node:path';
import { canFail, type ErrorCode, type FaultPlan, isWrite } from './fault-plan.ts';

/** A step that is about to be taken. */
export interface Step {
  readonly op: string;
  readonly path: string;
  readonly to?: string;
  /** Writes the first half of what is to be written. */
  readonly half?: () => void;
}

/** What to do instead of, or after, a step. */
export type Action = Error | 'kill-after';

export interface Judge {
  /** Counts the step. Does not return when the process is to end before it. */
  decide(step: Step): Action | undefined;
  concerns(path: string): boolean;
  kill(): never;
}

const MESSAGES: Record<ErrorCode, [number, string]> = {
  EIO: [-5, 'i/o error'],
  EACCES: [-13, 'permission denied'],
  ENOSPC: [-28, 'no space left on device'],
};

/** Applies a plan to the steps of this process. */
export function createJudge(plan: FaultPlan, disk: typeof fs): Judge {
  let count = 0;
  const log = plan.log === undefined ? undefined : disk.openSync(plan.log, 'a');
  const inside = (path: string) => relative(plan.root, resolve(path));
  const concerns = (path: string) => {
    const part = inside(path);
    return !part.startsWith('..') && (plan.only === undefined || part.includes(plan.only));
  };
  const kill = (): never => {
    process.kill(process.pid, 'SIGKILL');
    throw new Error('killed');
  };
  return {
    concerns,
    kill,
    decide: (step) => {
      if (!concerns(step.path)) return undefined;
      count += 1;
      const { op, to } = step;
      const line = {
        number: count,
        op,
        path: inside(step.path),
        ...(to && { to: op === 'rename' ? inside(to) : to }),
      };
      if (log !== undefined) disk.writeSync(log, `${JSON.stringify(line)}\n`);
      return isHit(plan, count, step) ? carryOut(plan, step, kill) : undefined;
    },
  };
}

function isHit({ at, action, lasting }: FaultPlan, count: number, { op }: Step): boolean {
  if (at === undefined || count < at) return false;
  if (count === at) return true;
  const code = errorOf(action);
  return lasting === true && code !== undefined && canFail(op, code);
}

function errorOf(action: FaultPlan['action']): ErrorCode | undefined {
  if (action === 'short') return 'ENOSPC';
  return action === undefined || action.startsWith('kill') ? undefined : (action as ErrorCode);
}

function carryOut({ action, at }: FaultPlan, step: Step, kill: () => never): Action {
  const code = errorOf(action);
  if (code === undefined) {
    if (action === 'kill-after') return 'kill-after';
    if (action === 'kill-half') step.half?.();
    return kill();
  }
  if (action === 'short' && isWrite(step.op) && at !== undefined) step.half?.();
  const [errno, why] = MESSAGES[code];
  const error = new Error(`${code}: ${why}, ${step.op} '${step.path}'`);
  return Object.assign(error, { code, errno, syscall: step.op, path: step.path });
}
