import type fs from 'node:fs';
import { relative, resolve } from 'node:path';
import { canFail, type ErrorCode, type FaultPlan, isWrite, type LoggedStep } from './fault-plan.ts';

/** A step that is about to be taken. */
export interface Step {
  readonly op: string;
  readonly path: string;
  readonly to?: string;
  /** Writes the first half of what is to be written. Returns how much that was, if the caller would be told. */
  readonly half?: () => number | undefined;
}

/** What to do instead of, or after, a step: a number is the answer of a write that was cut short. */
export type Action = Error | 'kill-after' | number;

export interface Judge {
  /** Counts the step. Does not return when the process is to end before it. */
  decide(step: Step): Action | undefined;
  /** Logs what is no step. */
  note(op: string, path: string): void;
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
  const inside = (path: string) => relative(plan.root, resolve(real(path, disk))) || '.';
  const concerns = (path: string) => {
    const part = inside(path);
    return part.split('/')[0] !== '..' && (plan.only === undefined || part.includes(plan.only));
  };
  const write = (line: LoggedStep) => {
    if (log !== undefined) disk.writeSync(log, `${JSON.stringify(line)}\n`);
  };
  const kill = (): never => {
    process.kill(process.pid, 'SIGKILL');
    throw new Error('killed');
  };
  return {
    concerns,
    kill,
    note: (op, path) => write({ number: 0, op, path }),
    decide: (step) => {
      if (!concerns(step.path)) return undefined;
      count += 1;
      const { op, to } = step;
      const target = to === undefined ? {} : { to: op === 'rename' ? inside(to) : to };
      write({ number: count, op, path: inside(step.path), ...target });
      return isHit(plan, count, step) ? carryOut(plan, step, count === plan.at, kill) : undefined;
    },
  };
}

/** A path that starts from a descriptor held open, as those of challenge files do. */
function real(path: string, disk: typeof fs): string {
  return path.replace(/^\/proc\/self\/fd\/\d+/, (held) => disk.readlinkSync(held));
}

function isHit({ at, action, lasting }: FaultPlan, count: number, { op }: Step): boolean {
  if (at === undefined || count < at) return false;
  if (count === at) return true;
  const code = errorOf(action);
  return lasting === true && code !== undefined && canFail(op, code);
}

function errorOf(action: FaultPlan['action']): ErrorCode | undefined {
  if (action === 'short') return 'ENOSPC';
  return action === undefined || action === 'end' || action.startsWith('kill')
    ? undefined
    : (action as ErrorCode);
}

function carryOut(
  { action }: FaultPlan,
  step: Step,
  isFirst: boolean,
  kill: () => never,
): Action | undefined {
  if (action === 'end') {
    process.kill(process.pid, 'SIGTERM');
    return undefined;
  }
  const code = errorOf(action);
  if (code === undefined) {
    if (action === 'kill-after') return 'kill-after';
    if (action === 'kill-half') step.half?.();
    return kill();
  }
  if (action === 'short' && isFirst && isWrite(step.op)) {
    const written = step.half?.();
    if (written !== undefined) return written;
  }
  const [errno, why] = MESSAGES[code];
  const error = new Error(`${code}: ${why}, ${step.op} '${step.path}'`);
  return Object.assign(error, { code, errno, syscall: step.op, path: step.path });
}
