import { ZONE } from './server.ts';

/** The sets of a zone whose API keeps all TXT values of a name together, in quotes. */
export function fakeSets() {
  const sets = new Map<string, string[]>();
  return {
    sets,
    values: (name: string) => (sets.get(labelOf(name)) ?? []).map(unquoted),
    put: (name: string, value: string) => {
      const label = labelOf(name);
      sets.set(label, [...(sets.get(label) ?? []), quoted(value)]);
    },
  };
}

export type FakeSets = ReturnType<typeof fakeSets>['sets'];

/** `@` for the top. */
function labelOf(name: string): string {
  if (name === ZONE) return '@';
  return name.endsWith(`.${ZONE}`) ? name.slice(0, -ZONE.length - 1) : `outside: ${name}`;
}

export const quoted = (value: string) => `"${value.replace(/["\\]/g, '\\$&')}"`;
export const unquoted = (text: string) => text.slice(1, -1).replace(/\\(.)/g, '$1');

export const isQuoted = (value: unknown) => typeof value === 'string' && /^"(?:[^"\\]|\\.)*"$/.test(value);
