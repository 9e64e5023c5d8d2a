import type { TestContext } from 'node:test';
import { type ApiReply, type ApiRequest, type FakeApi, jsonOf, SECRET, serveApi, ZONE } from './server.ts';
import { type FakeSets, fakeSets, isQuoted } from './sets.ts';

const ROOT = '/api/v1';
const MINIMUM_TTL = 900;

export const saying = (detail: string) => ({ detail });
const NOT_FOUND: ApiReply = { status: 404, json: saying('Not found.') };

/** @param restricted the token may see records only */
export async function serveDesec(t: TestContext, restricted = false): Promise<FakeApi> {
  const { sets, values, put } = fakeSets();
  const api = await serveApi(t, (request) => answer(request, sets, restricted));
  return { ...api, credentials: { token: SECRET, api_url: api.url + ROOT }, values, put };
}

function answer(request: ApiRequest, sets: FakeSets, restricted: boolean): ApiReply {
  const { method, path, headers } = request;
  if (headers.authorization !== `Token ${SECRET}`) return { status: 401, json: saying('Invalid token.') };
  const [, zone, rest] = new RegExp(`^${ROOT}/domains/([^/]+)/(.*)$`).exec(path) ?? [];
  if (zone !== ZONE || rest === undefined) return NOT_FOUND;
  if (rest === '' && restricted)
    return { status: 403, json: saying('You do not have permission to perform this action.') };
  if (rest === '')
    return { status: 200, json: { name: ZONE, minimum_ttl: restricted ? 3600 : MINIMUM_TTL, keys: [] } };
  if (rest === 'rrsets/' && method === 'PATCH') return patch(request, sets, restricted ? 3600 : MINIMUM_TTL);
  const label = /^rrsets\/([^/]+)\/TXT\/$/.exec(rest)?.[1] ?? '';
  const records = sets.get(label);
  if (method !== 'GET' || records === undefined) return NOT_FOUND;
  return { status: 200, json: rrset(label === '@' ? '' : label, records) };
}

function rrset(subname: string, records: readonly string[]) {
  const name = `${subname === '' ? '' : `${subname}.`}${ZONE}.`;
  return { domain: ZONE, subname, name, type: 'TXT', records, ttl: MINIMUM_TTL };
}

/** Each part of a bulk request, or an error for each. */
function patch(request: ApiRequest, sets: FakeSets, minimum: number): ApiReply {
  const parts = jsonOf(request);
  if (!Array.isArray(parts) || parts.length !== 1)
    return { status: 400, json: { non_field_errors: ['Expected a list of items but got type "dict".'] } };
  const { subname = '', type, ttl, records } = parts[0];
  const refuse = (field: string, why: string) => ({ status: 400, json: [{ [field]: [why] }] });
  if (type !== 'TXT') return refuse('type', 'This field is required.');
  if (subname === '@') return refuse('subname', 'Subname can only use (lowercase) a-z, 0-9, ., -, and _.');
  const label = subname || '@';
  if (!Array.isArray(records) || !records.every(isQuoted))
    return refuse(
      'records',
      'Record content malformed: Data for TXT records must be given using quotation marks.',
    );
  if (!sets.has(label) && ttl === undefined && records.length > 0)
    return refuse('ttl', 'This field is required.');
  if (ttl !== undefined && ttl < minimum)
    return refuse('ttl', `Ensure this value is greater than or equal to ${minimum}.`);
  if (records.length === 0) sets.delete(label);
  else sets.set(label, records);
  return { status: 200, json: records.length === 0 ? [] : [rrset(subname, records)] };
}
