import type { TestContext } from 'node:test';
import { type ApiReply, type ApiRequest, type FakeApi, jsonOf, SECRET, serveApi, ZONE } from './server.ts';
import { type FakeSets, fakeSets, isQuoted } from './sets.ts';

const ROOT = '/v1';
/** Of a set that was there before. */
const FOREIGN_TTL = 3600;

export const saying = (message: string, code = 'forbidden') => ({ error: { code, message, details: null } });
const refuse = (status: number, code: string, message: string): ApiReply => ({
  status,
  json: saying(message, code),
});
const action = (status: number, state: string, error: unknown = null): ApiReply => ({
  status,
  json: {
    action: { id: 42, command: 'add_rrset_records', status: state, progress: 50, resources: [], error },
  },
});

/** @param outcome of every change, when it is asked for the second time; 'at once': there is nothing to ask for */
export async function serveHetzner(t: TestContext, outcome = 'success'): Promise<FakeApi> {
  const { sets, values, put } = fakeSets();
  const ttls = new Map<string, number>();
  let polls = 0;
  const api = await serveApi(t, (request) => {
    if (request.headers.authorization !== `Bearer ${SECRET}`)
      return refuse(401, 'unauthorized', 'unable to authenticate');
    if (request.path !== `${ROOT}/actions/42`) {
      const reply = answer(request, sets, ttls);
      return reply.status === 201 && outcome === 'at once' ? action(201, 'success') : reply;
    }
    const isDone = polls++ % 2 === 1;
    const error = { code: 'action_failed', message: 'Action failed' };
    return action(200, isDone ? outcome : 'running', isDone && outcome === 'error' ? error : null);
  });
  return { ...api, credentials: { api_token: SECRET, api_url: api.url + ROOT }, values, put };
}

function answer(request: ApiRequest, sets: FakeSets, ttls: Map<string, number>): ApiReply {
  const { method, path } = request;
  const [, zone, label = '', verb] =
    new RegExp(`^${ROOT}/zones/([^/]+)/rrsets/([^/]+)/TXT(?:/actions/(\\w+))?$`).exec(path) ?? [];
  if (zone !== ZONE) return refuse(404, 'not_found', 'Zone not found');
  const values = sets.get(label);
  if (method === 'POST' && verb === 'add_records') return add(request, sets, ttls, label);
  if (values === undefined) return refuse(404, 'not_found', 'RRSet not found');
  if (method === 'POST' && verb === 'remove_records') return take(request, sets, ttls, label);
  if (method !== 'GET' || verb !== undefined) return refuse(404, 'not_found', 'Entity not found');
  const records = values.map((value) => ({ value, comment: '' }));
  return {
    status: 200,
    json: { rrset: { id: `${label}/TXT`, name: label, type: 'TXT', ttl: null, records, zone: 1 } },
  };
}

const valuesOf = (request: ApiRequest): unknown[] => {
  const { records = [] } = (jsonOf(request) ?? {}) as { records?: { value: unknown }[] };
  return records.map(({ value }) => value);
};

function add(request: ApiRequest, sets: FakeSets, ttls: Map<string, number>, label: string): ApiReply {
  const values = valuesOf(request);
  const { ttl } = (jsonOf(request) ?? {}) as { ttl?: number };
  if (values.length === 0 || !values.every(isQuoted))
    return refuse(422, 'invalid_input', "invalid input in field 'records': TXT must be quoted");
  if (ttl !== undefined && ttl < 60) return refuse(422, 'invalid_input', "invalid input in field 'ttl'");
  const before = sets.get(label);
  if (before !== undefined && ttl !== undefined && ttl !== (ttls.get(label) ?? FOREIGN_TTL))
    return refuse(422, 'invalid_input', "invalid input in field 'ttl': differs from the RRSet's");
  if (before?.some((value) => values.includes(value)))
    return refuse(409, 'uniqueness_error', 'record already exists');
  sets.set(label, [...(before ?? []), ...(values as string[])]);
  if (before === undefined && ttl !== undefined) ttls.set(label, ttl);
  return action(201, 'running');
}

function take(request: ApiRequest, sets: FakeSets, ttls: Map<string, number>, label: string): ApiReply {
  const values = valuesOf(request);
  const before = sets.get(label) ?? [];
  if (values.length === 0 || !values.every((value) => before.includes(String(value))))
    return refuse(422, 'invalid_input', 'record not found');
  const left = before.filter((value) => !values.includes(value));
  if (left.length > 0) sets.set(label, left);
  else {
    sets.delete(label);
    ttls.delete(label);
  }
  return action(201, 'running');
}
