import type { EvercertError } from '../../errors.ts';
import type { DnsProvider, ProviderEdges } from './provider.ts';

/** Where a service keeps all TXT values of a name as one set, and changes it only if it is still what was read. */
export interface GuardedSets<Place, Value, Found extends { readonly values: readonly Value[] }> {
  readonly find: (name: string) => Promise<Place>;
  readonly read: (place: Place) => Promise<Found | undefined>;
  /**
   * Puts `values` in the place of exactly what was read; none: the set is deleted.
   *
   * @returns the refusal, when somebody else was faster
   */
  readonly replace: (
    place: Place,
    before: Found | undefined,
    values: readonly Value[],
  ) => Promise<EvercertError | undefined>;
  /** A value as the service has it. */
  readonly encode: (value: string) => Value;
  readonly decode: (value: Value) => string;
}

const TRIES = 6;
const FIRST_WAIT_MS = 250;

/** Adds a value to what is there, and takes it away again; reads anew whenever somebody else was faster. */
export function guardedSetProvider<Place, Value, Found extends { readonly values: readonly Value[] }>(
  sets: GuardedSets<Place, Value, Found>,
  sleep: ProviderEdges['sleep'],
): DnsProvider {
  const rewrite = async (name: string, edit: (values: readonly Value[]) => readonly Value[]) => {
    const place = await sets.find(name);
    for (let tries = 1; ; tries++) {
      const before = await sets.read(place);
      const values = edit(before?.values ?? []);
      if (values.length === (before?.values.length ?? 0)) return;
      const refusal = await sets.replace(place, before, values);
      if (refusal === undefined) return;
      if (tries === TRIES) throw refusal;
      await sleep(FIRST_WAIT_MS * 2 ** tries);
    }
  };
  return {
    add: async ({ name, value }) => {
      await rewrite(name, (values) =>
        values.some((each) => sets.decode(each) === value) ? values : [...values, sets.encode(value)],
      );
      return undefined;
    },
    remove: ({ name, value }) =>
      rewrite(name, (values) => values.filter((each) => sets.decode(each) !== value)),
  };
}
