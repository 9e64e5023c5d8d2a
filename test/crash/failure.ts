import { canFail, type ErrorCode, isWrite, type LoggedStep } from './fault-plan.ts';
import { brokenEnd, type Point, recover, type Trial } from './trial.ts';

const CODES: readonly ErrorCode[] = ['ENOSPC', 'EIO', 'EACCES'];

/** Every way in which a file system can refuse one step, once or from then on. */
export function errorPoints(steps: readonly LoggedStep[]): Point[] {
  return steps.flatMap((step) => {
    const point = (action: Point['action'], lasting: boolean): Point => ({
      at: step.number,
      action,
      lasting,
      step,
    });
    const codes = CODES.filter((code) => canFail(step.op, code));
    return [
      ...codes.flatMap((code) => [point(code, false), point(code, true)]),
      ...(isWrite(step.op) ? [point('short', false), point('short', true)] : []),
    ];
  });
}

/** Every `stride`-th, from `start` on. */
export function sample<T>(all: readonly T[], stride: number, start: number): T[] {
  return all.filter((_, i) => i % stride === start % stride);
}

/** A run that met an error tells so and fails, or did all that it was to do; the next run mends everything. */
export async function judgeFailure(trial: Trial): Promise<void> {
  const { bench, scenario, first, complain } = trial;
  const { status, signal, stdout, stderr } = first.result;
  const text = `${stdout}${stderr}`;
  if (/internal error|\n\s+at /.test(text)) complain(`shows a stack: ${text}`);
  if (status === 0) {
    // A file that cannot be removed either stays until the next run.
    const isExcused = (what: string) =>
      (trial.point.lasting === true && what.endsWith(' is left over')) || isChallengeLeft(trial, what);
    const broken = brokenEnd(bench, scenario, scenario.target).filter((what) => !isExcused(what));
    for (const what of broken) complain(`status 0, but ${what}`);
    if (!bench.deployed().includes(scenario.target)) complain('status 0, but not deployed');
  } else if (status !== 1 && status !== 2) {
    complain(`ended with ${status ?? signal}: ${text}`);
  } else if (!/hint: /.test(stderr)) {
    complain(`failed without a word: ${JSON.stringify(text)}`);
  }
  await recover(trial);
}

/**
 * A challenge file that could not be removed is no reason to give up a certificate: it stays on record for the next run,
 * and so does a record that could not be removed itself. Both are told.
 */
function isChallengeLeft({ point, first }: Trial, what: string): boolean {
  const { stdout, stderr } = first.result;
  return (
    /^(?:webroot(?:$|\/)|store\/challenges\/)/.test(point.step.path) &&
    /^challenge files|^challenges\/.* is left over$/.test(what) &&
    `${stdout}${stderr}`.includes('could not be removed')
  );
}
