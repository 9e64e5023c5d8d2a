import { EvercertError } from '../../errors.ts';
import type { DnsProvider } from './provider.ts';

/** A TXT value as in a zone file: one string in quotes (RFC 1035 section 5.1). */
export function quoteTxt(value: string): string {
  return `"${value.replace(/["\\]/g, '\\$&')}"`;
}

/** The value of a TXT record as in a zone file: its strings joined; what has no quotes is the value itself. */
export function unquoteTxt(text: string): string {
  if (!/^"(?:[^"\\]|\\.)*"(?:\s+"(?:[^"\\]|\\.)*")*$/s.test(text)) return text;
  const strings = text.match(/"(?:[^"\\]|\\.)*"/gs) ?? [];
  return strings
    .map((string) =>
      string
        .slice(1, -1)
        .replace(/\\(\d{3}|.)/gs, (_, escaped: string) =>
          escaped.length === 3 ? String.fromCharCode(Number(escaped)) : escaped,
        ),
    )
    .join('');
}

/**
 * The labels of a name below its zone; undefined for the top of the zone.
 *
 * @throws EvercertError dns-provider: it is not in the zone
 */
export function labelsBelow(name: string, zone: string): string | undefined {
  if (name === zone) return undefined;
  if (name.endsWith(`.${zone}`)) return name.slice(0, -zone.length - 1);
  throw new EvercertError(
    'dns-provider',
    `${name} is not in the zone ${zone}`,
    'Check the delegation of the name.',
  );
}

/** Where a service keeps all TXT values of a name as one set. */
export interface TxtSets<Place> {
  readonly find: (name: string) => Promise<Place>;
  /** As in a zone file. */
  readonly read: (place: Place) => Promise<readonly string[]>;
  /** @param before what `read` said; either may be empty, but not both */
  readonly write: (place: Place, values: readonly string[], before: readonly string[]) => Promise<void>;
}

/** Adds a value to what is there, and takes it away again. */
export function txtSetProvider<Place>({ find, read, write }: TxtSets<Place>): DnsProvider {
  return {
    add: async ({ name, value }) => {
      const place = await find(name);
      const before = await read(place);
      if (!before.some((each) => unquoteTxt(each) === value))
        await write(place, [...before, quoteTxt(value)], before);
      return undefined;
    },
    remove: async ({ name, value }) => {
      const place = await find(name);
      const before = await read(place);
      const left = before.filter((each) => unquoteTxt(each) !== value);
      if (left.length < before.length) await write(place, left, before);
    },
  };
}
