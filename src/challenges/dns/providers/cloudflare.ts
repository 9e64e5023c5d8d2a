import * as v from 'valibot';
import { type Api, createApi } from '../api.ts';
import { missingCredentials } from '../credentials.ts';
import type { Credential, ProviderDefinition, TxtRecord } from '../provider.ts';
import { quoteTxt, unquoteTxt } from '../txt.ts';

/** The least, seconds, but for enterprises. */
const TTL = 60;
const MAX_PAGES = 50;
const ALREADY_THERE = new Set([81057, 81058]);

const TOKEN: Credential = {
  name: 'api_token',
  variables: ['CF_DNS_API_TOKEN', 'CLOUDFLARE_DNS_API_TOKEN', 'CF_Token', 'CLOUDFLARE_API_TOKEN'],
  optional: true,
  help: 'API token that may edit DNS',
};
const OTHERS: readonly Credential[] = [
  {
    name: 'zone_token',
    variables: ['CF_ZONE_API_TOKEN', 'CLOUDFLARE_ZONE_API_TOKEN'],
    help: 'another token, which may list zones',
  },
  { name: 'zone_id', variables: ['CF_Zone_ID'], help: 'ID of the zone: then no zones are listed' },
  { name: 'account_id', variables: ['CF_Account_ID'], help: 'ID of the account that the zone is in' },
  {
    name: 'email',
    variables: ['CF_API_EMAIL', 'CLOUDFLARE_EMAIL', 'CF_Email'],
    help: 'with api_key: address of the account',
  },
  {
    name: 'api_key',
    variables: ['CF_API_KEY', 'CLOUDFLARE_API_KEY', 'CF_Key'],
    help: 'the Global API Key, instead of a token',
  },
  { name: 'api_url', variables: [], help: 'another URL of the API' },
];

const Id = v.pipe(v.string(), v.regex(/^[\w-]{1,64}$/));
const Zones = v.object({
  result: v.array(v.object({ id: Id, name: v.string(), status: v.optional(v.string()) })),
});
const Records = v.object({
  result: v.array(v.object({ id: Id, type: v.string(), name: v.string(), content: v.string() })),
  result_info: v.object({ total_pages: v.number() }),
});
const Done = v.object({ success: v.literal(true) });
const Message = v.object({ code: v.number(), message: v.string() });
const Refusal = v.object({
  errors: v.array(v.object({ ...Message.entries, error_chain: v.optional(v.array(Message)) })),
});

/** https://developers.cloudflare.com/api/resources/dns/subresources/records/ */
export const provider: ProviderDefinition = {
  name: 'cloudflare',
  credentials: [TOKEN, ...OTHERS.map((each) => ({ ...each, optional: true }))],
  create: (given, edges) => {
    const { api_url: base = 'https://api.cloudflare.com/client/v4' } = given;
    const secrets = [given.api_token, given.zone_token, given.api_key].filter((each) => each !== undefined);
    const open = (headers: Record<string, string>) =>
      createApi({ provider: 'cloudflare', base, headers, secrets, explain }, edges);
    const api = open(authorization(given.api_token, given));
    const zones = given.zone_token === undefined ? api : open(authorization(given.zone_token, given));
    const known = new Map<string, string>();
    const recordsPath = async ({ name }: TxtRecord): Promise<string> => {
      const zone = given.zone_id ?? (await edges.zoneOf(name));
      const id = given.zone_id ?? known.get(zone) ?? (await findZone(zones, zone, given.account_id));
      known.set(zone, id);
      return `/zones/${encodeURIComponent(id)}/dns_records`;
    };
    return {
      add: async (record) => {
        const path = await recordsPath(record);
        const { name, value } = record;
        const body = { type: 'TXT', name, content: quoteTxt(value), ttl: TTL };
        const answer = await api.send('POST', path, body, [400]);
        if (answer.status !== 400) api.parse(Done, answer);
        else if (!isAlreadyThere(answer.body)) throw refused(api, answer.body);
        return undefined;
      },
      remove: async (record) => {
        const path = await recordsPath(record);
        for (const id of await find(api, path, record))
          await api.send('DELETE', `${path}/${id}`, undefined, [404]);
      },
    };
  },
};

function authorization(
  token: string | undefined,
  { email, api_key: key }: Readonly<Record<string, string>>,
): Record<string, string> {
  if (token !== undefined) return { authorization: `Bearer ${token}` };
  if (email === undefined || key === undefined) throw missingCredentials(provider, [TOKEN]);
  return { 'x-auth-email': email, 'x-auth-key': key };
}

/** A token without the right to list them is told of no zones. */
async function findZone(api: Api, name: string, account: string | undefined): Promise<string> {
  const query = new URLSearchParams({ name, ...(account !== undefined && { 'account.id': account }) });
  const found = (await api.get(`/zones?${query}`, Zones))?.result.filter((zone) => zone.name === name) ?? [];
  const zone = found.find(({ status }) => status === 'active') ?? found[0];
  if (zone !== undefined) return zone.id;
  throw api.failed(
    `there is no zone ${name} that these credentials may see`,
    'Give the token the right Zone:Read for this zone too, or name the zone by zone_id.',
  );
}

async function find(api: Api, path: string, { name, value }: TxtRecord): Promise<string[]> {
  const ids: string[] = [];
  for (let page = 1; page <= MAX_PAGES; page++) {
    const query = new URLSearchParams({
      type: 'TXT',
      'name.exact': name,
      per_page: '100',
      page: String(page),
    });
    const listed = await api.get(`${path}?${query}`, Records);
    for (const { id, type, name: found, content } of listed?.result ?? [])
      if (type === 'TXT' && found === name && unquoteTxt(content) === value) ids.push(id);
    if (page >= (listed?.result_info.total_pages ?? 0)) break;
  }
  return ids;
}

function isAlreadyThere(body: unknown): boolean {
  return v.is(Refusal, body) && body.errors.some(({ code }) => ALREADY_THERE.has(code));
}

function refused(api: Api, body: unknown) {
  return api.failed(
    `the API answered with status 400: ${explain(body) ?? 'no reason given'}`,
    'Check the credentials; docs/dns.md says what the provider needs.',
  );
}

function explain(body: unknown): string | undefined {
  const result = v.safeParse(Refusal, body);
  if (!result.success) return undefined;
  return result.output.errors
    .flatMap((error) => [error, ...(error.error_chain ?? [])])
    .map(({ code, message }) => `${message} (${code})`)
    .join(': ');
}
