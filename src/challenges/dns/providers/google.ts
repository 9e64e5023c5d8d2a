import * as v from 'valibot';
import type { HttpResponse } from '../../../system/http.ts';
import { googleAccess } from '../google-token.ts';
import { guardedSetProvider } from '../guarded-set.ts';
import { onceEach } from '../once.ts';
import type { ProviderDefinition } from '../provider.ts';
import { checkedUrl, createRest, jsonOf } from '../rest.ts';
import { labelsBelow, quoteTxt, unquoteTxt } from '../txt.ts';

const TTL = 60;
const API = 'https://dns.googleapis.com/dns/v1';

const Word = v.pipe(v.string(), v.regex(/^[a-z0-9-]{1,63}$/));
const ZonesSchema = v.object({
  managedZones: v.optional(
    v.array(v.object({ name: Word, dnsName: v.string(), visibility: v.optional(v.string()) })),
    [],
  ),
});
const ChangeSchema = v.object({ status: v.picklist(['pending', 'done']) });
const SetSchema = v.object({
  name: v.string(),
  type: v.string(),
  ttl: v.number(),
  rrdatas: v.array(v.string()),
});
const SetsSchema = v.object({ rrsets: v.optional(v.array(SetSchema), []) });

interface Found {
  readonly set: v.InferOutput<typeof SetSchema>;
  readonly values: readonly string[];
}

interface Place {
  /** URL. */
  readonly zone: string;
  readonly name: string;
}

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
    const rest = createRest({ provider: 'google', secrets: access.secrets, explain }, edges);
    const base = checkedUrl('google', given.api_url ?? API);
    const tokenOf = access.token(rest, edges.now);
    const get = async (url: string) =>
      rest.ask({ method: 'GET', url, headers: { authorization: `Bearer ${await tokenOf()}` } });
    const zones = async () =>
      `${base}/projects/${encodeURIComponent(await access.project(rest))}/managedZones`;
    const publicZone = onceEach(async (zone) => {
      const url = `${await zones()}?dnsName=${encodeURIComponent(zone)}.`;
      const { managedZones } = rest.read(ZonesSchema, await get(url));
      const found = managedZones.find(
        ({ dnsName, visibility }) => dnsName === `${zone}.` && visibility !== 'private',
      );
      if (found !== undefined) return found.name;
      throw rest.failed(
        `there is no public zone ${zone} in the project ${await access.project(rest)}`,
        'Name its project by GCE_PROJECT, or the zone by GCE_ZONE_ID (docs/dns.md).',
      );
    });
    const change = async ({ zone, name }: Place, before: Found | undefined, rrdatas: readonly string[]) => {
      const after = { name: `${name}.`, type: 'TXT', ttl: before?.set.ttl ?? TTL, rrdatas };
      const deletions = before === undefined ? [] : [before.set];
      const body = JSON.stringify({ deletions, additions: rrdatas.length === 0 ? [] : [after] });
      const headers = { authorization: `Bearer ${await tokenOf()}`, 'content-type': 'application/json' };
      const request = { method: 'POST', url: `${zone}/changes`, headers, body } as const;
      const response = await rest.ask(request, [404, 409, 412]);
      if (isConflict(response)) return rest.refused(response);
      if (response.status === 404) throw rest.refused(response);
      return void rest.read(ChangeSchema, response);
    };
    return guardedSetProvider<Place, string, Found>(
      {
        find: async (name) => {
          if (given.managed_zone !== undefined)
            return { name, zone: `${await zones()}/${encodeURIComponent(given.managed_zone)}` };
          const zone = await edges.zoneOf(name);
          labelsBelow(name, zone);
          return { name, zone: `${await zones()}/${await publicZone(zone)}` };
        },
        read: async ({ zone, name }) => {
          const url = `${zone}/rrsets?name=${encodeURIComponent(name)}.&type=TXT`;
          const { rrsets } = rest.read(SetsSchema, await get(url));
          const set = rrsets.find((each) => each.name === `${name}.` && each.type === 'TXT');
          return set && { set, values: set.rrdatas };
        },
        replace: change,
        encode: quoteTxt,
        decode: unquoteTxt,
      },
      edges.sleep,
    );
  },
};

function explain({ body }: HttpResponse): string | undefined {
  const result = v.safeParse(ErrorSchema, jsonOf(body));
  return result.success ? result.output : undefined;
}

/** It exists already, it is no more what was read, or no more there at all. */
function isConflict({ status, body }: HttpResponse): boolean {
  return status === 409 || status === 412 || (status === 404 && body.includes('entity.change.deletions'));
}
