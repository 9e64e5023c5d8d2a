import * as v from 'valibot';
import { type Api, createApi } from '../api.ts';
import type { ProviderDefinition } from '../provider.ts';
import { labelsBelow, txtSetProvider } from '../txt.ts';

const Rrset = v.object({ records: v.array(v.string()) });
const Domain = v.object({ minimum_ttl: v.pipe(v.number(), v.integer(), v.minValue(1)) });
/** What nearly every domain has for its least TTL, seconds. */
const USUAL_TTL = 3600;

interface Place {
  readonly zone: string;
  /** Empty: the top of the zone. */
  readonly subname: string;
}

/** https://desec.readthedocs.io/en/latest/dns/rrsets.html */
export const provider: ProviderDefinition = {
  name: 'desec',
  credentials: [
    { name: 'token', variables: ['DESEC_TOKEN', 'DEDYN_TOKEN'], help: 'API token' },
    { name: 'api_url', variables: [], optional: true, help: 'another URL of the API' },
  ],
  create: ({ token = '', api_url: base = 'https://desec.io/api/v1' }, edges) => {
    const headers = { authorization: `Token ${token}` };
    const api = createApi({ provider: 'desec', base, headers, secrets: [token], explain }, edges);
    return txtSetProvider<Place>({
      find: async (name) => {
        const zone = await edges.zoneOf(name);
        return { zone, subname: labelsBelow(name, zone) ?? '' };
      },
      read: async ({ zone, subname }) =>
        (await api.get(`${rrsets(zone)}${encodeURIComponent(subname || '@')}/TXT/`, Rrset))?.records ?? [],
      write: async ({ zone, subname }, records, before) => {
        const ttl = before.length === 0 ? { ttl: await leastTtl(api, zone) } : {};
        await api.send('PATCH', rrsets(zone), [{ subname, type: 'TXT', records, ...ttl }]);
      },
    });
  },
};

function rrsets(zone: string): string {
  return `/domains/${encodeURIComponent(zone)}/rrsets/`;
}

/** A token may be restricted to the records. */
async function leastTtl(api: Api, zone: string): Promise<number> {
  const answer = await api.send('GET', `/domains/${encodeURIComponent(zone)}/`, undefined, [403, 404]);
  return answer.status === 200 ? api.parse(Domain, answer).minimum_ttl : USUAL_TTL;
}

/** { detail }, or for each field what is wrong with it, or a list of these. */
function explain(body: unknown): string | undefined {
  const words: string[] = [];
  const collect = (value: unknown, depth: number): void => {
    if (typeof value === 'string') words.push(value);
    else if (typeof value === 'object' && value !== null && depth > 0)
      for (const each of Object.values(value).slice(0, 20)) collect(each, depth - 1);
  };
  collect(body, 4);
  return words.join(' ');
}
