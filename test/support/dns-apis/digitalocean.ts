import type { TestContext } from 'node:test';
import {
  type ApiReply,
  type ApiRequest,
  type FakeApi,
  type FakeRecords,
  fakeRecords,
  jsonOf,
  SECRET,
  serveApi,
  ZONE,
} from './server.ts';

const RECORDS = `/v2/domains/${ZONE}/records`;
const PER_PAGE = 2;

export const saying = (message: string, id = 'forbidden') => ({ id, message });
const refuse = (status: number, id: string, message: string): ApiReply => ({
  status,
  json: saying(message, id),
});
const NOT_FOUND = refuse(404, 'not_found', 'The resource you were accessing could not be found.');

const labelOf = (name: string) => (name === ZONE ? '@' : name.slice(0, -ZONE.length - 1));
const nameOf = (label: string) => (label === '@' ? ZONE : `${label}.${ZONE}`);

export async function serveDigitalOcean(t: TestContext): Promise<FakeApi> {
  const zone = fakeRecords();
  const api = await serveApi(t, (request) => answer(request, zone));
  return {
    ...api,
    credentials: { token: SECRET, api_url: api.url },
    values: (name) => zone.of(name).map(({ value }) => value),
    put: (name, value) => void zone.add(name, value),
  };
}

function answer(request: ApiRequest, zone: FakeRecords): ApiReply {
  const { method, path, headers } = request;
  if (headers.authorization !== `Bearer ${SECRET}`)
    return refuse(401, 'Unauthorized', 'Unable to authenticate you');
  if (path === RECORDS && method === 'GET') return list(request, zone);
  if (path === RECORDS && method === 'POST') return create(request, zone);
  const id = new RegExp(`^${RECORDS}/(\\d+)$`).exec(path)?.[1];
  return method === 'DELETE' && zone.records.delete(Number(id)) ? { status: 204 } : NOT_FOUND;
}

function list({ query }: ApiRequest, zone: FakeRecords): ApiReply {
  const found = query.get('type') === 'TXT' ? zone.of(query.get('name') ?? '') : [];
  const page = Number(query.get('page') ?? 1);
  const shown = found.slice((page - 1) * PER_PAGE, page * PER_PAGE);
  const next =
    page * PER_PAGE < found.length ? { next: `https://api.digitalocean.com${RECORDS}?page=${page + 1}` } : {};
  return {
    status: 200,
    json: {
      domain_records: shown.map(({ id, name, value }) => ({
        id,
        type: 'TXT',
        name: labelOf(name),
        data: value,
        priority: null,
        port: null,
        ttl: 30,
        weight: null,
        flags: null,
        tag: null,
      })),
      links: { pages: next },
      meta: { total: found.length },
    },
  };
}

function create(request: ApiRequest, zone: FakeRecords): ApiReply {
  const { type, name, data, ttl } = (jsonOf(request) ?? {}) as Record<string, unknown>;
  if (type !== 'TXT' || typeof name !== 'string' || typeof data !== 'string')
    return refuse(422, 'unprocessable_entity', 'Data is invalid.');
  if (name.endsWith(ZONE)) return refuse(422, 'unprocessable_entity', 'Name is not relative.');
  if (!(Number(ttl) >= 30))
    return refuse(422, 'unprocessable_entity', 'Ttl must be greater than or equal to 30.');
  const { id } = zone.add(nameOf(name), data);
  return { status: 201, json: { domain_record: { id, type, name, data, ttl } } };
}
