import {
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import type { ProviderEdges, TxtRecord } from '../../../../src/challenges/dns/provider.ts';
import { acmeshProvider } from '../../../../src/challenges/dns/providers/acmesh.ts';
import { createRunShell, type ShellResult } from '../../../../src/system/process.ts';
import { findExecutable } from '../../../support/rig/executables.ts';
import { scratchDirectory } from '../../../support/rig/scratch.ts';
import { NEVER } from '../../../unit-kit/expect.ts';

export type Shell = 'dash' | 'bash' | 'busybox';

/** All that the shim runs, beside curl or wget. */
const TOOLS = 'awk cat cut date env fold grep head id ls mkdir mktemp mv od openssl rm sed sleep tail tr wc';

/** A home with scripts in acme.sh's place, and runs of them in one shell with nothing but the tools named. */
export interface Stage {
  /** ~/.acme.sh */
  readonly acmeHome: string;
  /** What scripts had us keep. */
  readonly stateDir: string;
  readonly call: (
    script: string,
    action: 'add' | 'remove',
    record: Partial<TxtRecord>,
    credentials?: Readonly<Record<string, string>>,
    timeoutMs?: number,
  ) => Promise<void>;
  /** How the last one ended. */
  readonly last: () => ShellResult;
  /** Has all tools note their arguments from now on. @returns what tells them: a program and its arguments a line */
  readonly spied: () => () => string;
  /** Temporary files that are left. */
  readonly leftovers: () => string[];
}

export const NAME = '_acme-challenge.www.example.test';
export const CHALLENGE = {
  name: 'www.example.test',
  isWildcard: false,
  token: 'token',
  keyAuthorization: 'token.thumbprint',
  accountUrl: 'https://ca.test/1',
};

/** @param scripts text by name */
export function setStage(
  t: TestContext,
  shell: Shell,
  scripts: Readonly<Record<string, string>>,
  http: readonly string[] = ['curl'],
): Stage {
  const { directory, remove } = scratchDirectory('acmesh');
  t.after(remove);
  const at = (name: string) => join(directory, name);
  for (const name of ['bin', 'tmp', '.acme.sh/dnsapi']) mkdirSync(at(name), { recursive: true, mode: 0o755 });
  for (const tool of [...TOOLS.split(' '), ...http]) link(tool, join(at('bin'), tool));
  link(shell, at('sh'));
  for (const [name, text] of Object.entries(scripts))
    writeFileSync(join(at('.acme.sh/dnsapi'), `${name}.sh`), text, { mode: 0o644 });
  const base = { PATH: at('bin'), HOME: directory, TMPDIR: at('tmp'), ACMESH_STATE_DIR: at('state') };
  let last: ShellResult | undefined;
  const run = async (
    timeoutMs: number,
    ...[command, env, input]: Parameters<ProviderEdges['run']>
  ): Promise<ShellResult> => {
    // As /bin/sh would run it: shells look at the name by which they are called.
    const variables = { ...base, STAGE_SHELL: at('sh'), STAGE_COMMAND: command, ...env };
    const again = 'exec "$STAGE_SHELL" -c "$STAGE_COMMAND"';
    last = await createRunShell(0o022, input)(again, variables, timeoutMs, NEVER);
    return last;
  };
  return {
    acmeHome: at('.acme.sh'),
    stateDir: at('state'),
    call: async (script, action, record, credentials = {}, timeoutMs = 30_000) => {
      const edges = { run: (...call: Parameters<ProviderEdges['run']>) => run(timeoutMs, ...call) };
      const provider = acmeshProvider(script).create(credentials, edges as unknown as ProviderEdges);
      const whole = { name: NAME, value: 'value', challenge: CHALLENGE, ...record };
      if (action === 'add') await provider.add(whole);
      else await provider.remove(whole, undefined);
    },
    last: () => last ?? { ok: false, outcome: 'never run', output: '', stdout: '', ms: 0 },
    spied: () => {
      for (const tool of readdirSync(at('bin'))) spyOn(tool, join(at('bin'), tool), at('spied'));
      return () => readFileSync(at('spied'), 'utf8');
    },
    leftovers: () => readdirSync(at('tmp')),
  };
}

function spyOn(tool: string, path: string, log: string): void {
  const target = readlinkSync(path);
  rmSync(path);
  const script = `#!/bin/sh\nprintf '%s\\n' "${tool} $*" >>${log}\nexec ${target} "$@"\n`;
  writeFileSync(path, script, { mode: 0o755 });
}

function link(program: string, path: string): void {
  const target = findExecutable(program);
  if (target !== undefined) symlinkSync(target, path);
}
