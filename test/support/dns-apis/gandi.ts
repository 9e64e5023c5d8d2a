import type { TestContext } from 'node:test';
import { type ApiReply, type ApiRequest, type FakeApi, jsonOf, SECRET, serveApi, ZONE } from './server.ts';
import { type FakeSets, fakeSets, isQuoted } from './sets.ts';

const ROOT = '/v5/livedns';

export const saying = (message: string) => ({
  object: 'HTTPForbidden',
  cause: 'Forbidden',
  code: 403,
  message,
});

const notFound = (object: string, message: string): ApiReply => ({
  status: 404,
  json: { object, cause: 'Not Found', code: 404, message },
});
const invalid = (name: string, description: string): ApiReply => ({
  status: 400,
  json: { status: 'error', errors: [{ location: 'body', name, description }] },
});

export async function serveGandi(t: TestContext): Promise<FakeApi> {
  const { sets, values, put } = fakeSets();
  const api = await serveApi(t, (request) => answer(request, sets));
  return { ...api, credentials: { token: SECRET, api_url: api.url + ROOT }, values, put };
}

function answer(request: ApiRequest, sets: FakeSets): ApiReply {
  const { method, path, headers } = request;
  if (![`Bearer ${SECRET}`, `Apikey ${SECRET}`].includes(headers.authorization ?? ''))
    return { status: 403, json: saying('Access was denied to this resource.') };
  const [, zone, label = ''] = new RegExp(`^${ROOT}/domains/([^/]+)/records/([^/]+)/TXT$`).exec(path) ?? [];
  if (zone !== ZONE) return notFound('LocalizedHTTPNotFound', 'Unknown domain');
  const values = sets.get(label);
  if (method === 'PUT') return replace(request, sets, label);
  if (values === undefined)
    return notFound('dns-record', `Can't find the DNS record ${label}/TXT in the zone`);
  if (method === 'DELETE') sets.delete(label);
  if (method === 'DELETE') return { status: 204 };
  const href = `https://api.gandi.net/v5/livedns/domains/${ZONE}/records/${label}/TXT`;
  return {
    status: 200,
    json: { rrset_name: label, rrset_type: 'TXT', rrset_ttl: 300, rrset_values: values, rrset_href: href },
  };
}

function replace(request: ApiRequest, sets: FakeSets, label: string): ApiReply {
  const { rrset_values: values, rrset_ttl: ttl } = (jsonOf(request) ?? {}) as Record<string, unknown>;
  if (!Array.isArray(values) || values.length === 0) return invalid('rrset_values', 'Required');
  if (!values.every(isQuoted)) return invalid('rrset_values', 'TXT values must be quoted');
  if (!(Number(ttl) >= 300)) return invalid('rrset_ttl', `${ttl} is less than minimum value 300`);
  if (new Set(values).size < values.length) return invalid('rrset_values', 'Duplicate value');
  sets.set(label, values);
  return { status: 201, json: { message: 'DNS Record Created' } };
}
