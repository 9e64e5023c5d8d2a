import { EvercertError } from '../errors.ts';
import type { Edges } from './edges.ts';

const TIMEOUT_MS = 60_000;

type SystemctlEdges = Pick<Edges, 'runShell' | 'environment' | 'signal' | 'emit'>;

/** @returns what it printed; undefined when it failed, or is not there */
export async function askSystemctl(command: string, edges: SystemctlEdges): Promise<string | undefined> {
  const { ok, output } = await runSystemctl(command, edges);
  return ok ? output : undefined;
}

/** @throws EvercertError timer-failed */
export async function tellSystemctl(command: string, edges: SystemctlEdges): Promise<void> {
  const { ok, outcome, output } = await runSystemctl(command, edges);
  if (!ok) {
    throw new EvercertError(
      'timer-failed',
      `${command}: ${outcome}`,
      'See what systemd says: systemctl status evercert.timer; then run the same command again.',
      undefined,
      linesOf(output),
    );
  }
  edges.emit({ type: 'ran', command });
}

function runSystemctl(command: string, { runShell, environment, signal }: SystemctlEdges) {
  const words = Object.entries({
    ...environment,
    TZ: 'UTC',
    LC_ALL: 'C',
    SYSTEMD_COLORS: '0',
    SYSTEMD_PAGER: '',
  });
  const env = Object.fromEntries(
    words.flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  );
  return runShell(command, env, TIMEOUT_MS, signal);
}

/** The first few, without what could drive a terminal. */
function linesOf(output: string): string[] {
  const printable = output.replace(/[^\P{Cc}\n]/gu, '');
  return printable
    .split('\n')
    .filter((line) => line !== '')
    .slice(0, 10);
}
