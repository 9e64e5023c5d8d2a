import * as v from 'valibot';
import { EvercertError } from '../../../errors.ts';
import type { HttpResponse } from '../../../system/http.ts';
import { AZURE_CLOUDS, azureToken } from '../azure-token.ts';
import { guardedSetProvider } from '../guarded-set.ts';
import type { ProviderDefinition, ProviderRequest } from '../provider.ts';
import { checkedUrl, createRest, jsonOf } from '../rest.ts';
import { labelsBelow } from '../txt.ts';

const TTL = 60;
const VERSION = '2018-05-01';

const SetSchema = v.object({
  etag: v.pipe(v.string(), v.regex(/^[\x21-\x7e]{1,200}$/)),
  properties: v.object({
    TTL: v.number(),
    metadata: v.optional(v.record(v.string(), v.string())),
    TXTRecords: v.optional(v.array(v.object({ value: v.array(v.string()) })), []),
  }),
});

/** The strings of one record. */
interface TxtValue {
  readonly value: readonly string[];
}

interface Found {
  readonly set: v.InferOutput<typeof SetSchema>;
  readonly values: readonly TxtValue[];
}

/** The DNS API has its errors bare, the Resource Manager before it in `error`; the token's are OAuth's. */
const ErrorSchema = v.union([
  v.object({ code: v.string(), message: v.string() }),
  v.pipe(
    v.object({ error: v.object({ code: v.string(), message: v.string() }) }),
    v.transform(({ error }) => error),
  ),
  v.pipe(
    v.object({ error: v.string(), error_description: v.string() }),
    v.transform(({ error, error_description }) => ({ code: error, message: error_description })),
  ),
]);

/** Azure DNS, version 2018-05-01. Every change names the etag that was read. */
export const provider: ProviderDefinition = {
  name: 'azure',
  credentials: [
    {
      name: 'tenant_id',
      variables: ['AZURE_TENANT_ID', 'AZUREDNS_TENANTID'],
      help: 'ID of the directory (tenant)',
    },
    {
      name: 'client_id',
      variables: ['AZURE_CLIENT_ID', 'AZUREDNS_APPID'],
      help: 'ID of the application (client)',
    },
    {
      name: 'client_secret',
      variables: ['AZURE_CLIENT_SECRET', 'AZUREDNS_CLIENTSECRET'],
      help: 'a secret of it',
    },
    {
      name: 'subscription_id',
      variables: ['AZURE_SUBSCRIPTION_ID', 'AZUREDNS_SUBSCRIPTIONID'],
      help: 'of the zone',
    },
    { name: 'resource_group', variables: ['AZURE_RESOURCE_GROUP'], help: 'of the zone' },
    {
      name: 'zone',
      variables: ['AZURE_ZONE_NAME'],
      optional: true,
      help: 'its name, if it is not to be looked for',
    },
    {
      name: 'environment',
      variables: ['AZURE_ENVIRONMENT'],
      optional: true,
      help: 'public, china or usgovernment',
    },
    { name: 'api_url', variables: [], optional: true, help: 'another URL of the Resource Manager' },
    { name: 'login_url', variables: [], optional: true, help: 'another URL of the login' },
  ],
  create: (given, edges) => {
    const explain = (response: HttpResponse) => errorOf(response)?.words;
    const rest = createRest({ provider: 'azure', secrets: [given.client_secret ?? ''], explain }, edges);
    const cloud = AZURE_CLOUDS[given.environment ?? 'public'];
    if (cloud === undefined)
      throw new EvercertError(
        'bad-settings',
        'azure: there is no such environment',
        `It is one of ${Object.keys(AZURE_CLOUDS).join(', ')}.`,
      );
    const token = azureToken(given, cloud, rest, edges);
    const base = checkedUrl('azure', given.api_url ?? cloud.api);
    const authorization = async () => ({ authorization: `Bearer ${await token()}` });
    return guardedSetProvider<string, TxtValue, Found>(
      {
        find: async (name) => {
          const zone = given.zone ?? (await edges.zoneOf(name));
          const [subscription = '', group = '', zoneName = '', label = ''] = [
            given.subscription_id ?? '',
            given.resource_group ?? '',
            zone,
            labelsBelow(name, zone) ?? '@',
          ].map(encodeURIComponent);
          return `${base}/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/dnsZones/${zoneName}/TXT/${label}?api-version=${VERSION}`;
        },
        read: async (url) => {
          const response = await rest.ask({ method: 'GET', url, headers: await authorization() }, [404]);
          if (response.status === 404 && isAboutZone(response)) throw rest.refused(response);
          if (response.status === 404) return undefined;
          const set = rest.read(SetSchema, response);
          return { set, values: set.properties.TXTRecords };
        },
        replace: async (url, before, records) => {
          const condition = before === undefined ? { 'if-none-match': '*' } : { 'if-match': before.set.etag };
          const headers = { ...(await authorization()), ...condition };
          const request = requestOf(url, headers, { TTL, ...before?.set.properties, TXTRecords: records });
          const response = await rest.ask(request, [409, 412]);
          if (response.status === 409 || response.status === 412) return rest.refused(response);
          if (records.length > 0 || response.body !== '') rest.read(SetSchema, response);
          return undefined;
        },
        encode: (value) => ({ value: [value] }),
        decode: ({ value }) => value.join(''),
      },
      edges.sleep,
    );
  },
};

function requestOf(
  url: string,
  headers: Readonly<Record<string, string>>,
  properties: { readonly TXTRecords: readonly TxtValue[] },
): ProviderRequest {
  if (properties.TXTRecords.length === 0) return { method: 'DELETE', url, headers };
  const body = JSON.stringify({ properties });
  return { method: 'PUT', url, headers: { ...headers, 'content-type': 'application/json' }, body };
}

function errorOf({ body }: HttpResponse): { code: string; words: string } | undefined {
  const result = v.safeParse(ErrorSchema, jsonOf(body));
  if (!result.success) return undefined;
  const { code, message } = result.output;
  return { code, words: `${code}: ${message}` };
}

/** Not the record, but what it would be in is not there. */
function isAboutZone(response: HttpResponse): boolean {
  const code = errorOf(response)?.code;
  return code === undefined || (code !== 'NotFound' && /NotFound$/.test(code));
}
