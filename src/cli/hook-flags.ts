import type { RenewOptions } from '../commands/renew.ts';
import type { Reader } from './reader.ts';

const DEFAULT_HOOK_TIMEOUT_S = 600;

/** The hooks of a command line; undefined when it names none. */
export function readHooks(read: Reader): Pick<RenewOptions, 'hooks' | 'hookTimeoutMs'> {
  const hooks = (['pre', 'deploy', 'reload', 'post'] as const).flatMap((kind) => {
    const command = read.text(`${kind}-hook`);
    return command === undefined ? [] : [[kind, command] as const];
  });
  return {
    hooks: hooks.length === 0 ? undefined : Object.fromEntries(hooks),
    hookTimeoutMs: (read.number('hook-timeout', 1, 86_400) ?? DEFAULT_HOOK_TIMEOUT_S) * 1000,
  };
}
