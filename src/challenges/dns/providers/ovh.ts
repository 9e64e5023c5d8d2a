import * as v from 'valibot';
import { createOvhApi, OVH_ENDPOINTS } from '../ovh-api.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { labelsBelow, unquoteTxt } from '../txt.ts';

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
    { name: 'api_url', variables: [], optional: true, help: 'another URL of the API' },
  ],
  create: (given, edges) => {
    const api = createOvhApi(given, edges);
    const placeOf = async ({ name }: TxtRecord) => {
      const zone = await edges.zoneOf(name);
      return { base: `/domain/zone/${encodeURIComponent(zone)}`, subDomain: labelsBelow(name, zone) ?? '' };
    };
    const search = async (value: string, base: string, subDomain: string): Promise<number[]> => {
      const path = `${base}/record?fieldType=TXT&subDomain=${encodeURIComponent(subDomain)}`;
      const found: number[] = [];
      for (const id of api.read(IdsSchema, await api.call('GET', path))) {
        const response = await api.call('GET', `${base}/record/${id}`, undefined, [404]);
        if (response.status !== 404 && unquoteTxt(api.read(RecordSchema, response).target) === value)
          found.push(id);
      }
      return found;
    };
    return {
      add: async (record) => {
        const { base, subDomain } = await placeOf(record);
        const [known] = await search(record.value, base, subDomain);
        const content = { fieldType: 'TXT', subDomain, target: record.value, ttl: TTL };
        if (known === undefined) api.read(RecordSchema, await api.call('POST', `${base}/record`, content));
        api.read(v.null(), await api.call('POST', `${base}/refresh`));
        return undefined;
      },
      // By value, not by ID: an answer that got lost may have left the same one twice.
      remove: async (record) => {
        const { base, subDomain } = await placeOf(record);
        for (const id of await search(record.value, base, subDomain))
          api.read(v.unknown(), await api.call('DELETE', `${base}/record/${id}`, undefined, [404]));
        api.read(v.null(), await api.call('POST', `${base}/refresh`));
      },
    };
  },
};
