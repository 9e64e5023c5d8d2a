import type { WebrootOption } from '../commands/wanted-settings.ts';
import { usage } from './words.ts';

const FLAG = /^(?:-(d|w)|--(domain|domains|webroot-path))(?:=(.*))?$/s;

/**
 * The webroot of each name, as certbot reads it: a -w applies to the -d after it. One single -w applies to all. The
 * parser loses the order of two flags, so that the words are read here once more.
 *
 * @param argv words that the parser accepted
 * @throws EvercertError usage
 */
export function readWebroots(argv: readonly string[]): WebrootOption[] {
  const found: { root: string; names: string[] }[] = [];
  let namesBefore = 0;
  for (const [flag, value] of pairs(argv)) {
    if (flag === 'w') found.push({ root: value, names: [] });
    else if (found.length === 0) namesBefore += 1;
    else found.at(-1)?.names.push(...value.split(',').map((name) => name.trim()));
  }
  if (found.length > 1 && namesBefore > 0)
    throw usage('certonly', 'with more than one -w, the first must stand before all -d');
  return found.length === 1 ? found.map(({ root }) => ({ root, names: [] })) : found;
}

function pairs(argv: readonly string[]): ['d' | 'w', string][] {
  return argv.flatMap((word, index): ['d' | 'w', string][] => {
    const match = FLAG.exec(word);
    const glued = match ? undefined : /^-(d|w)([^-=].*)$/s.exec(word);
    if (glued) return [[glued[1] === 'w' ? 'w' : 'd', glued[2] ?? '']];
    if (!match) return [];
    const flag = match[1] === 'w' || match[2] === 'webroot-path' ? 'w' : 'd';
    return [[flag, match[3] ?? argv[index + 1] ?? '']];
  });
}
