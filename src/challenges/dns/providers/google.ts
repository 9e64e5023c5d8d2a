import * as v from 'valibot';
import type { HttpResponse } from '../../../system/http.ts';
import { googleAccess } from '../google-token.ts';
import { onceEach } from '../once.ts';
import type { ProviderDefinition, TxtRecord } from '../provider.ts';
import { createApi, wordsBy } from '../rest.ts';
import { quoted, untilWritten, withoutValue, withValue } from '../value-set.ts';

const TTL = 60;
const API = 'https://dns.googleapis.com/dns/v1';

const Word = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,63}$/));
const ZonesSchema = v.object({
  managedZones: v.optional(
    v.array(v.object({ name: Word, dnsName: v.string(), visibility: v.optional(v.string()) })),
    [],
  ),
});
const SetSchema = v.object({
  name: v.string(),
  type: v.string(),
  ttl: v.number(),
  rrdatas: v.array(v.string()),
});
const SetsSchema = v.object({ rrsets: v.optional(v.array(SetSchema), []) });

/** Errors of the DNS API, and those of the token's. */
const ErrorSchema = v.union([
  v.pipe(
    v.object({ error: v.object({ message: v.string() }) }),
    v.transform(({ error }) => error.message),
  ),
  v.pipe(
    v.object({ error: v.string(), error_description: v.optional(v.string(), '') }),
    v.transform(({ error, error_description }) => `${error} ${error_description}`),
  ),
]);

/** Google Cloud DNS, v1. What was read is deleted with the change: when it is no more that, nothing changes. */
export const provider: ProviderDefinition = {
  name: 'google',
  credentials: [
    {
      name: 'service_account',
      variables: ['GCE_SERVICE_ACCOUNT', 'GOOGLE_APPLICATION_CREDENTIALS'],
      optional: true,
      wholeFile: true,
      help: 'the key file (JSON) of a service account; without one, the account of the machine serves',
    },
    {
      name: 'project',
      variables: ['GCE_PROJECT'],
      optional: true,
      help: 'of the zone, if not that of the account',
    },
    {
      name: 'managed_zone',
      variables: ['GCE_ZONE_ID'],
      optional: true,
      help: 'name of the zone in Cloud DNS, which is not looked for then',
    },
    { name: 'api_url', variables: [], optional: true, help: 'another URL of the API' },
    { name: 'metadata_url', variables: [], optional: true, help: 'another URL of the metadata server' },
  ],
  create: (given, edges) => {
    const access = googleAccess(given);
    const api = createApi(
      {
        name: 'google',
        secrets: access.secrets,
        wordsOf: wordsBy(ErrorSchema, (words) => words),
        rights:
          'Check that the account has the role DNS Administrator (roles/dns.admin) in the project (docs/dns.md).',
      },
      edges,
    );
    const tokenOf = access.token(api, edges.now);
    const authorized = async () => ({
      authorization: `Bearer ${await tokenOf()}`,
      'content-type': 'application/json',
    });
    const get = async (doing: string, url: string) =>
      api.ask(doing, { method: 'GET', url, headers: await authorized() });
    const zones = async () =>
      `${given.api_url ?? API}/projects/${encodeURIComponent(await access.project(api))}/managedZones`;
    const zoneNamed = onceEach(async (zone) => {
      const doing = 'the list of zones';
      const url = `${await zones()}?dnsName=${encodeURIComponent(zone)}.`;
      const { managedZones } = api.read(ZonesSchema, doing, await get(doing, url));
      const found = managedZones.find(
        ({ dnsName, visibility }) => dnsName === `${zone}.` && visibility !== 'private',
      );
      if (found !== undefined) return found.name;
      throw api.failure(
        `there is no public zone ${zone} in the project ${await access.project(api)}`,
        'Name its project by GCE_PROJECT, or the zone by GCE_ZONE_ID (docs/dns.md).',
      );
    });
    const zoneFor = async (name: string): Promise<string> => {
      const zone = given.managed_zone ?? (await zoneNamed(await edges.zoneOf(name)));
      return `${await zones()}/${encodeURIComponent(zone)}`;
    };
    const rewrite = async (
      { name, value }: TxtRecord,
      edit: (values: readonly string[], value: string) => string[] | undefined,
    ) => {
      const zone = await zoneFor(name);
      const doing = `the change of ${name}`;
      await untilWritten(async () => {
        const { rrsets } = api.read(
          SetsSchema,
          doing,
          await get(doing, `${zone}/rrsets?name=${encodeURIComponent(name)}.&type=TXT`),
        );
        const before = rrsets.find((set) => set.name === `${name}.` && set.type === 'TXT');
        const rrdatas = edit(before?.rrdatas ?? [], quoted(value));
        if (rrdatas === undefined) return undefined;
        const after = { name: `${name}.`, type: 'TXT', ttl: before?.ttl ?? TTL, rrdatas };
        const change = {
          deletions: before === undefined ? [] : [before],
          additions: rrdatas.length > 0 ? [after] : [],
        };
        const body = JSON.stringify(change);
        const response = await api.send({
          method: 'POST',
          url: `${zone}/changes`,
          headers: await authorized(),
          body,
        });
        if (response.status === 200) return undefined;
        if (isConflict(response)) return api.refusal(doing, response);
        throw api.refusal(doing, response);
      }, edges.sleep);
    };
    return {
      add: async (record) => {
        await rewrite(record, withValue);
        return undefined;
      },
      remove: (record) => rewrite(record, withoutValue),
    };
  },
};

/** It exists already, it is no more what was read, or no more there at all. */
function isConflict({ status, body }: HttpResponse): boolean {
  return status === 409 || status === 412 || (status === 404 && body.includes('entity.change.deletions'));
}
