import * as v from 'valibot';
import { type Api, createApi } from '../api.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { labelsBelow, unquoteTxt } from '../txt.ts';

/** The least, seconds. */
const TTL = 30;
const PER_PAGE = 200;
const MAX_PAGES = 50;

const Page = v.object({
  domain_records: v.array(
    v.object({ id: v.pipe(v.number(), v.integer()), type: v.string(), name: v.string(), data: v.string() }),
  ),
  links: v.optional(v.object({ pages: v.optional(v.object({ next: v.optional(v.string()) })) })),
});

const Created = v.object({ domain_record: v.object({ id: v.number() }) });

/** https://docs.digitalocean.com/reference/api/reference/domain-records/ */
export const provider: ProviderDefinition = {
  name: 'digitalocean',
  credentials: [
    { name: 'token', variables: ['DO_AUTH_TOKEN', 'DO_API_KEY'], help: 'access token' },
    { name: 'api_url', variables: ['DO_API_URL'], optional: true, help: 'another URL of the API' },
  ],
  create: ({ token = '', api_url: base = 'https://api.digitalocean.com' }, edges) => {
    const headers = { authorization: `Bearer ${token}` };
    const api = createApi({ provider: 'digitalocean', base, headers, secrets: [token], explain }, edges);
    return {
      add: async (record) => {
        const { path, label, ids } = await find(api, record, await edges.zoneOf(record.name));
        const body = { type: 'TXT', name: label, data: record.value, ttl: TTL };
        if (ids.length === 0) api.parse(Created, await api.send('POST', path, body));
        return undefined;
      },
      remove: async (record) => {
        const { path, ids } = await find(api, record, await edges.zoneOf(record.name));
        for (const id of ids) await api.send('DELETE', `${path}/${id}`, undefined, [404]);
      },
    };
  },
};

/** The records of that value. */
async function find(api: Api, { name, value }: TxtRecord, zone: string) {
  const path = `/v2/domains/${encodeURIComponent(zone)}/records`;
  const label = labelsBelow(name, zone) ?? '@';
  const ids: number[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const query = new URLSearchParams({ type: 'TXT', name, per_page: String(PER_PAGE), page: String(page) });
    const listed = await api.get(`${path}?${query}`, Page);
    for (const { id, type, name: found, data } of listed?.domain_records ?? [])
      if (type === 'TXT' && found === label && unquoteTxt(data) === value) ids.push(id);
    if (listed?.links?.pages?.next === undefined) break;
  }
  return { path, label, ids };
}

function explain(body: unknown): string | undefined {
  const result = v.safeParse(v.object({ id: v.string(), message: v.string() }), body);
  return result.success ? `${result.output.message} (${result.output.id})` : undefined;
}
