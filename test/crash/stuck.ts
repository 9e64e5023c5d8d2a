import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './bench.ts';

/** Installs a hook for all lineages. In the script, $PIDS is the file that `pidsOf` reads. Returns what removes it. */
export function writeHook(bench: Bench, kind: string, script: string): () => void {
  const path = join(bench.store, 'hooks', kind, '10-test');
  writeFileSync(path, `#!/bin/sh\nPIDS=${pidFile(bench)}\n${script}\n`, { mode: 0o755 });
  return () => rmSync(path);
}

/** The processes that noted themselves since `reset`. */
export function pidsOf(bench: Bench): number[] {
  const path = pidFile(bench);
  return existsSync(path) ? readFileSync(path, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

function pidFile({ site }: Bench): string {
  return join(site.scratch, 'pids');
}

/** Whether a process exists that is not only waiting to be reaped. */
export function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

/** Another program takes the lock. Returns what ends it. */
export function holdLock(bench: Bench): () => void {
  const script = `echo $$ > ${pidFile(bench)}; exec sleep 60`;
  const child = spawn('flock', [join(bench.store, '.lock'), 'sh', '-c', script], {
    stdio: 'ignore',
    detached: true,
  });
  return () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
}
