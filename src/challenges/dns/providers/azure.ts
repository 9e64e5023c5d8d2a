import * as v from 'valibot';
import type { HttpResponse } from '../../../system/http.ts';
import { AZURE_CLOUDS, azureToken } from '../azure-token.ts';
import { nameInZone } from '../names.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { createApi, jsonOf } from '../rest.ts';
import { untilWritten } from '../value-set.ts';

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
type RecordSet = v.InferOutput<typeof SetSchema>;
type TxtValues = RecordSet['properties']['TXTRecords'];

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
    const api = createApi(
      {
        name: 'azure',
        secrets: [given.client_secret ?? ''],
        wordsOf: (response) => errorOf(response)?.words,
        rights:
          'Check the client secret (it may have run out), and that the application has the role DNS Zone Contributor for the zone (docs/dns.md).',
      },
      edges,
    );
    const cloud = AZURE_CLOUDS[given.environment ?? 'public'];
    if (cloud === undefined)
      throw api.failure('environment is unknown', `It is one of ${Object.keys(AZURE_CLOUDS).join(', ')}.`);
    const token = azureToken(given, cloud, api, edges);

    const urlOf = async (name: string): Promise<string> => {
      const zone = given.zone ?? (await edges.zoneOf(name));
      const [subscription, group, set] = [
        given.subscription_id ?? '',
        given.resource_group ?? '',
        nameInZone(name, zone) || '@',
      ].map(encodeURIComponent);
      return `${given.api_url ?? cloud.api}/subscriptions/${subscription}/resourceGroups/${group}/providers/Microsoft.Network/dnsZones/${encodeURIComponent(zone)}/TXT/${set}?api-version=${VERSION}`;
    };
    const read = async (doing: string, url: string): Promise<RecordSet | undefined> => {
      const headers = { authorization: `Bearer ${await token()}` };
      const response = await api.send({ method: 'GET', url, headers });
      if (response.status === 404 && !isAboutZone(response)) return undefined;
      if (response.status === 200) return api.read(SetSchema, doing, response);
      throw api.refusal(doing, response);
    };
    const write = async (url: string, before: RecordSet | undefined, records: TxtValues) => {
      const condition = before === undefined ? { 'if-none-match': '*' } : { 'if-match': before.etag };
      const headers = { authorization: `Bearer ${await token()}`, ...condition };
      if (records.length === 0) return api.send({ method: 'DELETE', url, headers });
      const body = JSON.stringify({ properties: { TTL, ...before?.properties, TXTRecords: records } });
      return api.send({
        method: 'PUT',
        url,
        headers: { ...headers, 'content-type': 'application/json' },
        body,
      });
    };
    const rewrite = async ({ name }: TxtRecord, edit: (records: TxtValues) => TxtValues | undefined) => {
      const url = await urlOf(name);
      const doing = `the change of ${name}`;
      await untilWritten(async () => {
        const before = await read(doing, url);
        const records = edit(before?.properties.TXTRecords ?? []);
        if (records === undefined) return undefined;
        const response = await write(url, before, records);
        if (response.status >= 200 && response.status <= 299) return undefined;
        if (response.status === 412 || response.status === 409) return api.refusal(doing, response);
        throw api.refusal(doing, response);
      }, edges.sleep);
    };
    return {
      add: async (record) => {
        await rewrite(record, (records) =>
          records.some(isValue(record)) ? undefined : [...records, { value: [record.value] }],
        );
        return undefined;
      },
      remove: (record) =>
        rewrite(record, (records) => {
          const others = records.filter((each) => !isValue(record)(each));
          return others.length === records.length ? undefined : others;
        }),
    };
  },
};

function isValue(record: TxtRecord): (record: { value: string[] }) => boolean {
  return ({ value }) => value.join('') === record.value;
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
