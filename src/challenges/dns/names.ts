import { EvercertError } from '../../errors.ts';

/**
 * What stands before a zone in a name of it; '' for the zone itself.
 *
 * @throws EvercertError dns-provider: it is not in that zone, as when the settings name another
 */
export function nameInZone(name: string, zone: string): string {
  if (name === zone) return '';
  if (name.endsWith(`.${zone}`)) return name.slice(0, -zone.length - 1);
  throw new EvercertError(
    'dns-provider',
    `${name} is not in the zone ${zone}`,
    'Correct the zone in the credentials, or leave it out: it is looked for.',
  );
}
