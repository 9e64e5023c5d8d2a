import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { whenProcessEnds } from './cleanup.ts';

export interface Scratch {
  readonly directory: string;
  readonly remove: () => void;
}

/** A directory of this test's own (mode 0700), removed by `remove` or, at the latest, when the process ends. */
export function scratchDirectory(name: string): Scratch {
  const directory = mkdtempSync(join(tmpdir(), `evercert-${name}-`));
  const removeNow = (): void => rmSync(directory, { recursive: true, force: true, maxRetries: 3 });
  const forget = whenProcessEnds(removeNow);
  return {
    directory,
    remove: () => {
      forget();
      removeNow();
    },
  };
}
