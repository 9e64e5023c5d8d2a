import type { TestContext } from 'node:test';
import {
  type ApiReply,
  type ApiRequest,
  type FakeApi,
  formOf,
  jsonOf,
  SECRET,
  serveApi,
  ZONE,
} from './server.ts';

const TENANT = '00000000-1111-2222-3333-444444444444';
const CLIENT = '55555555-1111-2222-3333-444444444444';
const SUBSCRIPTION = '66666666-1111-2222-3333-444444444444';
const GROUP = 'my group';
const TOKEN = 'eyJ0.t0ken.x';
const ZONES = `/subscriptions/${SUBSCRIPTION}/resourceGroups/${GROUP}/providers/Microsoft.Network/dnsZones`;

interface Set {
  readonly etag: string;
  readonly properties: {
    readonly TTL: number;
    readonly metadata?: Readonly<Record<string, string>>;
    readonly TXTRecords: readonly { readonly value: readonly string[] }[];
  };
}

export interface FakeAzure extends FakeApi {
  /** By name relative to the zone. */
  readonly sets: Map<string, Set>;
}

/** As the DNS service has it. */
export const saying = (message: string, code = 'Forbidden') => ({ code, message });
const refuse = (status: number, code: string, message: string): ApiReply => ({
  status,
  json: saying(message, code),
});
/** As the Resource Manager has it, which is asked first. */
const refuseByManager = (status: number, code: string, message: string): ApiReply => ({
  status,
  json: { error: saying(message, code) },
});

export async function serveAzure(t: TestContext): Promise<FakeAzure> {
  const sets = new Map<string, Set>();
  const api = await serveApi(t, (request) =>
    request.path.startsWith(`/${TENANT}/`) ? token(request) : answer(request, sets),
  );
  const labelOf = (name: string) => (name === ZONE ? '@' : name.slice(0, -ZONE.length - 1));
  return {
    ...api,
    sets,
    credentials: {
      tenant_id: TENANT,
      client_id: CLIENT,
      client_secret: SECRET,
      subscription_id: SUBSCRIPTION,
      resource_group: GROUP,
      api_url: api.url,
      login_url: api.url,
    },
    values: (name) =>
      (sets.get(labelOf(name))?.properties.TXTRecords ?? []).map(({ value }) => value.join('')),
    put: (name, value) => {
      const before = sets.get(labelOf(name))?.properties.TXTRecords ?? [];
      const TXTRecords = [...before, { value: [value] }];
      sets.set(labelOf(name), {
        etag: etag(),
        properties: { TTL: 300, metadata: { by: 'hand' }, TXTRecords },
      });
    },
  };
}

let changes = 0;
function etag(): string {
  changes += 1;
  return `00000002-0000-0000-76c2-${String(changes).padStart(12, '0')}`;
}

function token(request: ApiRequest): ApiReply {
  const form = formOf(request);
  const refusal = (error: string, error_description: string): ApiReply => ({
    status: 401,
    json: { error, error_description, error_codes: [7000215], trace_id: 't', correlation_id: 'c' },
  });
  if (request.path !== `/${TENANT}/oauth2/v2.0/token` || form.grant_type !== 'client_credentials')
    return refusal('unsupported_grant_type', 'AADSTS70003: The app requested an unsupported grant type.');
  if (form.client_id !== CLIENT)
    return refusal('unauthorized_client', `AADSTS700016: Application '${form.client_id}' was not found.`);
  if (form.client_secret !== SECRET)
    return refusal('invalid_client', 'AADSTS7000215: Invalid client secret provided.');
  if (form.scope !== 'https://management.azure.com/.default')
    return refusal('invalid_scope', 'AADSTS1002012: The provided value for scope is not valid.');
  return { status: 200, json: { token_type: 'Bearer', expires_in: 3599, access_token: TOKEN } };
}

function answer(request: ApiRequest, sets: Map<string, Set>): ApiReply {
  const { path, method, query, headers } = request;
  if (headers.authorization !== `Bearer ${TOKEN}`)
    return refuseByManager(401, 'InvalidAuthenticationToken', 'The access token is invalid.');
  if (query.get('api-version') !== '2018-05-01')
    return refuseByManager(400, 'MissingApiVersionParameter', 'The api-version query parameter is required.');
  const [, place, zone, type, label] = /^(.*\/dnsZones)\/([^/]+)\/([^/]+)\/([^/]+)$/.exec(path) ?? [];
  if (place !== ZONES || zone !== ZONE || type !== 'TXT' || label === undefined)
    return method === 'PUT'
      ? refuseByManager(404, 'ParentResourceNotFound', 'Parent resource was not found.')
      : refuseByManager(
          404,
          'ResourceNotFound',
          `The Resource 'Microsoft.Network/dnsZones/${zone}' was not found.`,
        );
  const set = sets.get(label);
  const refusal = method === 'GET' ? undefined : unmet(headers, set);
  if (refusal !== undefined) return refusal;
  if (method === 'PUT') return put(request, sets, label);
  if (method === 'DELETE') return { status: sets.delete(label) ? 200 : 204 };
  if (set !== undefined) return { status: 200, json: shown(label, set) };
  return refuse(
    404,
    'NotFound',
    `The resource record '${label}' does not exist in resource group '${GROUP}'.`,
  );
}

function unmet(headers: ApiRequest['headers'], set: Set | undefined): ApiReply | undefined {
  const { 'if-match': match, 'if-none-match': none } = headers;
  if (none === '*' && set !== undefined)
    return refuse(
      412,
      'PreconditionFailed',
      `The condition '*' in the If-None-Match header was not satisfied. The current was '${set.etag}'.`,
    );
  if (match !== undefined && match !== set?.etag)
    return refuse(
      412,
      'PreconditionFailed',
      `The condition '${match}' in the If-Match header was not satisfied. The current was '${set?.etag ?? 'n/a'}'.`,
    );
  return undefined;
}

function put(request: ApiRequest, sets: Map<string, Set>, label: string): ApiReply {
  const { properties } = (jsonOf(request) ?? {}) as Partial<Set>;
  const records = properties?.TXTRecords;
  if (!Array.isArray(records) || records.length === 0 || !(Number(properties?.TTL) >= 1))
    return refuse(400, 'BadRequest', 'The record set is not valid.');
  const isNew = !sets.has(label);
  const set = { etag: etag(), properties: properties as Set['properties'] };
  sets.set(label, set);
  return { status: isNew ? 201 : 200, json: shown(label, set) };
}

function shown(label: string, { etag: tag, properties }: Set) {
  const id = `${ZONES}/${ZONE}/TXT/${label}`;
  const fqdn = `${label === '@' ? '' : `${label}.`}${ZONE}.`;
  return {
    id,
    name: label,
    type: 'Microsoft.Network/dnszones/TXT',
    etag: tag,
    properties: { fqdn, provisioningState: 'Succeeded', targetResource: {}, ...properties },
  };
}
