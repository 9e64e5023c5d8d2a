import * as v from 'valibot';
import { type Api, createApi } from '../api.ts';
import type { ProviderDefinition, ProviderEdges, TxtRecord } from '../provider.ts';
import { labelsBelow, quoteTxt, unquoteTxt } from '../txt.ts';

/** The least, seconds. */
const TTL = 60;
const ACTION_POLLS = 120;
const ACTION_POLL_MS = 1000;

const Failure = v.object({ code: v.string(), message: v.string() });
const Rrset = v.object({ rrset: v.object({ records: v.array(v.object({ value: v.string() })) }) });
const Action = v.object({
  action: v.object({
    id: v.pipe(v.number(), v.integer()),
    status: v.picklist(['running', 'success', 'error']),
    error: v.nullish(Failure),
  }),
});

/** The DNS of Hetzner Console: https://docs.hetzner.cloud/reference/cloud#dns; the older dns.hetzner.com is no more. */
export const provider: ProviderDefinition = {
  name: 'hetzner',
  credentials: [
    {
      name: 'api_token',
      variables: ['HETZNER_API_TOKEN', 'HCLOUD_TOKEN', 'HETZNER_TOKEN'],
      help: 'API token of the project in Hetzner Console',
    },
    { name: 'api_url', variables: ['HETZNER_API'], optional: true, help: 'another URL of the API' },
  ],
  create: ({ api_token: token = '', api_url: base = 'https://api.hetzner.cloud/v1' }, edges) => {
    const headers = { authorization: `Bearer ${token}` };
    const api = createApi({ provider: 'hetzner', base, headers, secrets: [token], explain }, edges);
    const place = async ({ name, value }: TxtRecord) => {
      const path = pathOf(name, await edges.zoneOf(name));
      const values = (await api.get(path, Rrset))?.rrset.records.map((record) => record.value);
      return { path, values, found: values?.filter((each) => unquoteTxt(each) === value) ?? [] };
    };
    return {
      add: async (record) => {
        const { path, values, found } = await place(record);
        // The TTL of a set that is there must be left alone.
        const ttl = values === undefined ? { ttl: TTL } : {};
        if (found.length === 0)
          await act(api, edges, `${path}/actions/add_records`, [quoteTxt(record.value)], ttl);
        return undefined;
      },
      remove: async (record) => {
        const { path, found } = await place(record);
        if (found.length > 0) await act(api, edges, `${path}/actions/remove_records`, found);
      },
    };
  },
};

function pathOf(name: string, zone: string): string {
  const label = encodeURIComponent(labelsBelow(name, zone) ?? '@');
  return `/zones/${encodeURIComponent(zone)}/rrsets/${label}/TXT`;
}

/** A set that is left empty is deleted by the API. */
async function act(
  api: Api,
  edges: ProviderEdges,
  path: string,
  values: readonly string[],
  more: { readonly ttl?: number } = {},
): Promise<void> {
  const records = values.map((value) => ({ value }));
  let answer = await api.send('POST', path, { ...more, records });
  for (let polls = 0; polls < ACTION_POLLS; polls++) {
    const { id, status, error } = api.parse(Action, answer).action;
    if (status === 'success') return;
    if (status === 'error')
      throw api.failed(
        `the change failed: ${error?.message ?? 'no reason given'}`,
        'See the words of the API above; the next run tries again.',
      );
    await edges.sleep(ACTION_POLL_MS);
    answer = await api.send('GET', `/actions/${id}`);
  }
  throw api.failed(
    `the change was not done within ${(ACTION_POLLS * ACTION_POLL_MS) / 1000} s`,
    'The next run tries again.',
    new TypeError('still running'),
  );
}

function explain(body: unknown): string | undefined {
  const result = v.safeParse(v.object({ error: Failure }), body);
  return result.success ? `${result.output.error.message} (${result.output.error.code})` : undefined;
}
