import type { WebrootOption } from '../commands/wanted-challenge.ts';
import { occurrences, usage } from './words.ts';

/**
 * The webroot of each name, as certbot reads it: a -w applies to the -d after it. One single -w applies to all.
 *
 * @throws EvercertError usage
 */
export function readWebroots(argv: readonly string[]): WebrootOption[] {
  const found: { root: string; names: string[] }[] = [];
  let namesBefore = 0;
  for (const { flag, value } of occurrences('certonly', argv)) {
    if (flag.name === 'webroot-path') found.push({ root: value, names: [] });
    if (flag.name !== 'domain') continue;
    if (found.length === 0) namesBefore += 1;
    found.at(-1)?.names.push(...namesOf(value));
  }
  if (found.length > 1 && namesBefore > 0) {
    throw usage('certonly', 'with more than one -w, the first must stand before all -d');
  }
  return found.length === 1 ? found.map(({ root }) => ({ root, names: [] })) : found;
}

function namesOf(value: string): string[] {
  return value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}
