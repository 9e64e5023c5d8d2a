import * as v from 'valibot';
import { type Api, createApi } from '../api.ts';
import { missingCredentials } from '../credentials.ts';
import type { Credential, ProviderDefinition } from '../provider.ts';
import { labelsBelow, txtSetProvider } from '../txt.ts';

const TOKEN: Credential = {
  name: 'token',
  variables: ['GANDIV5_PERSONAL_ACCESS_TOKEN', 'GANDI_LIVEDNS_TOKEN'],
  optional: true,
  help: 'personal access token',
};
const KEY: Credential = {
  name: 'api_key',
  variables: ['GANDIV5_API_KEY', 'GANDI_LIVEDNS_KEY'],
  optional: true,
  help: 'the old kind of key, instead of a token',
};
const URL_OF_API: Credential = {
  name: 'api_url',
  variables: [],
  optional: true,
  help: 'another URL of the API',
};

/** The least that LiveDNS takes, seconds. */
const TTL = 300;

const Rrset = v.object({ rrset_values: v.array(v.string()) });
const Refusal = v.object({
  message: v.optional(v.string()),
  errors: v.optional(v.array(v.object({ name: v.optional(v.string()), description: v.string() }))),
});

/** LiveDNS: https://api.gandi.net/docs/livedns/ */
export const provider: ProviderDefinition = {
  name: 'gandi',
  credentials: [TOKEN, KEY, URL_OF_API],
  create: ({ token, api_key: key, api_url: base = 'https://api.gandi.net/v5/livedns' }, edges) => {
    const secret = token ?? key;
    if (secret === undefined) throw missingCredentials(provider, [TOKEN]);
    const headers = { authorization: `${token === undefined ? 'Apikey' : 'Bearer'} ${secret}` };
    const api = createApi({ provider: 'gandi', base, headers, secrets: [secret], explain }, edges);
    return txtSetProvider({
      find: async (name) => pathOf(name, await edges.zoneOf(name)),
      read: async (path) => (await api.get(path, Rrset))?.rrset_values ?? [],
      write: (path, values) => write(api, path, values),
    });
  },
};

function pathOf(name: string, zone: string): string {
  const label = encodeURIComponent(labelsBelow(name, zone) ?? '@');
  return `/domains/${encodeURIComponent(zone)}/records/${label}/TXT`;
}

async function write(api: Api, path: string, values: readonly string[]): Promise<void> {
  if (values.length === 0) await api.send('DELETE', path, undefined, [404]);
  else await api.send('PUT', path, { rrset_ttl: TTL, rrset_values: values });
}

function explain(body: unknown): string | undefined {
  const result = v.safeParse(Refusal, body);
  if (!result.success) return undefined;
  const { message, errors = [] } = result.output;
  return message ?? errors.map(({ name, description }) => `${name ?? ''} ${description}`).join('; ');
}
