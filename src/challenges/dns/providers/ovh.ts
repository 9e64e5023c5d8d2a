import * as v from 'valibot';
import { nameInZone } from '../names.ts';
import { createOvhApi, OVH_ENDPOINTS } from '../ovh-api.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';

const TTL = 60;
const MOST_RECORDS = 200;

const RecordId = v.pipe(v.number(), v.safeInteger(), v.minValue(1));
const IdsSchema = v.pipe(v.array(RecordId), v.maxLength(MOST_RECORDS));
const RecordSchema = v.object({ id: RecordId, target: v.string() });

/** OVH's DNS zones, version 1.0 of the API. What changed is served once the zone is refreshed. */
export const provider: ProviderDefinition = {
  name: 'ovh',
  credentials: [
    {
      name: 'endpoint',
      variables: ['OVH_ENDPOINT', 'OVH_END_POINT'],
      help: `${[...OVH_ENDPOINTS.keys()].join(', ')}, or a URL`,
    },
    { name: 'application_key', variables: ['OVH_APPLICATION_KEY', 'OVH_AK'], help: 'of the application' },
    { name: 'application_secret', variables: ['OVH_APPLICATION_SECRET', 'OVH_AS'], help: 'its secret' },
    { name: 'consumer_key', variables: ['OVH_CONSUMER_KEY', 'OVH_CK'], help: 'that was granted to it' },
  ],
  create: (given, edges) => {
    const api = createOvhApi(given, edges);
    const recordsOf = async (name: string) => {
      const zone = await edges.zoneOf(name);
      return { base: `/domain/zone/${encodeURIComponent(zone)}`, subDomain: nameInZone(name, zone) };
    };
    const search = async ({ name, value }: TxtRecord, base: string, subDomain: string): Promise<number[]> => {
      const doing = `the list of the records of ${name}`;
      const path = `${base}/record?fieldType=TXT&subDomain=${encodeURIComponent(subDomain)}`;
      const ids = api.read(IdsSchema, doing, await api.call(doing, 'GET', path));
      const found: number[] = [];
      for (const id of ids) {
        const response = await api.call(doing, 'GET', `${base}/record/${id}`, undefined, [404]);
        if (response.status === 404) continue;
        const { target } = api.read(RecordSchema, doing, response);
        if (unquoted(target) === value) found.push(id);
      }
      return found;
    };
    const refresh = (base: string) => api.call('the refresh of the zone', 'POST', `${base}/refresh`);
    return {
      add: async (record) => {
        const { base, subDomain } = await recordsOf(record.name);
        const [known] = await search(record, base, subDomain);
        const doing = `the new record of ${record.name}`;
        const content = { fieldType: 'TXT', subDomain, target: record.value, ttl: TTL };
        const id =
          known ?? api.read(RecordSchema, doing, await api.call(doing, 'POST', `${base}/record`, content)).id;
        await refresh(base);
        return String(id);
      },
      remove: async (record, trace) => {
        const { base, subDomain } = await recordsOf(record.name);
        const ids = /^\d{1,15}$/.test(trace ?? '') ? [trace] : await search(record, base, subDomain);
        for (const id of ids)
          await api.call(
            `the end of the record of ${record.name}`,
            'DELETE',
            `${base}/record/${id}`,
            undefined,
            [404],
          );
        await refresh(base);
      },
    };
  },
};

function unquoted(target: string): string {
  return /^"(.*)"$/s.exec(target)?.[1] ?? target;
}
