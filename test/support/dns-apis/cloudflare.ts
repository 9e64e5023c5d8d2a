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
import { quoted, unquoted } from './sets.ts';

export const ZONE_ID = '023e105f4ecef8ad9ca31a8372d0c353';
const ROOT = '/client/v4';
const PER_PAGE = 2;

export const saying = (message: string, code = 10000) => ({
  success: false,
  errors: [{ code, message }],
  messages: [],
  result: null,
});

const done = (result: unknown, info?: object): ApiReply => ({
  status: 200,
  json: { success: true, errors: [], messages: [], result, ...(info !== undefined && { result_info: info }) },
});
const refuse = (status: number, code: number, message: string): ApiReply => ({
  status,
  json: saying(message, code),
});

/** Token `zones` may list zones, SECRET may edit records, and list zones unless `scoped`. */
export async function serveCloudflare(
  t: TestContext,
  scoped = false,
): Promise<FakeApi & { requests: ApiRequest[] }> {
  const zone = fakeRecords();
  const api = await serveApi(t, (request) => answer(request, zone, scoped));
  return {
    ...api,
    credentials: { api_token: SECRET, api_url: api.url + ROOT },
    values: (name) => zone.of(name).map(({ value }) => unquoted(value)),
    put: (name, value) => void zone.add(name, quoted(value)),
  };
}

function answer(request: ApiRequest, zone: FakeRecords, scoped: boolean): ApiReply {
  const { method, path, headers } = request;
  const key = headers['x-auth-email'] === 'me@example.org' ? headers['x-auth-key'] : undefined;
  const token = /^Bearer (.+)$/.exec(headers.authorization ?? '')?.[1] ?? key;
  if (token !== SECRET && token !== 'zones') return refuse(403, 9109, 'Invalid access token');
  if (path === `${ROOT}/zones`) return zones(request, token === 'zones' || !scoped);
  if (token !== SECRET) return refuse(403, 10000, 'Authentication error');
  const records = `${ROOT}/zones/${ZONE_ID}/dns_records`;
  if (path === records) return method === 'POST' ? create(request, zone) : list(request, zone);
  const id = new RegExp(`^${records}/r(\\d+)$`).exec(path)?.[1];
  if (method !== 'DELETE' || id === undefined)
    return refuse(404, 7003, 'Could not route to this path, perhaps your object identifier is invalid?');
  return zone.records.delete(Number(id))
    ? done({ id: `r${id}` })
    : refuse(404, 81044, 'Record does not exist.');
}

function zones({ query }: ApiRequest, maySee: boolean): ApiReply {
  const all = [
    { id: 'ffffffffffffffffffffffffffffffff', name: ZONE, status: 'pending' },
    { id: ZONE_ID, name: ZONE, status: 'active' },
  ];
  const found = all.filter(({ name }) => maySee && name === query.get('name'));
  return done(found, {
    page: 1,
    per_page: 20,
    total_pages: 1,
    count: found.length,
    total_count: found.length,
  });
}

/** With other types among them, in pages. */
function list({ query }: ApiRequest, zone: FakeRecords): ApiReply {
  if (query.has('name')) return refuse(400, 9207, 'Unknown filter name');
  const txt = [...zone.records.values()].map(({ id, name, value }) => ({
    id: `r${id}`,
    type: 'TXT',
    name,
    content: value,
    ttl: 60,
  }));
  const found = txt.filter(
    ({ type, name }) => query.get('type') === type && query.get('name.exact') === name,
  );
  const page = Number(query.get('page') ?? 1);
  return done(found.slice((page - 1) * PER_PAGE, page * PER_PAGE), {
    page,
    per_page: PER_PAGE,
    total_pages: Math.ceil(found.length / PER_PAGE),
    count: found.length,
    total_count: found.length,
  });
}

function create(request: ApiRequest, zone: FakeRecords): ApiReply {
  const { type, name, content, ttl } = (jsonOf(request) ?? {}) as Record<string, unknown>;
  if (type !== 'TXT' || typeof name !== 'string' || typeof content !== 'string')
    return refuse(400, 9207, 'Request body is invalid.');
  if (!/^".*"$/.test(content)) return refuse(400, 9005, 'Content for TXT record must be in quotation marks.');
  if (ttl !== 1 && !(Number(ttl) >= 60))
    return refuse(400, 9021, 'Invalid TTL. Must be between 60 and 86400 seconds, or 1 for Automatic.');
  if (name !== ZONE && !name.endsWith(`.${ZONE}`)) return refuse(400, 9000, 'DNS name is invalid.');
  if (zone.of(name).some(({ value }) => value === content))
    return refuse(400, 81058, 'An identical record already exists.');
  const { id } = zone.add(name, content);
  return done({ id: `r${id}`, type, name, content, ttl });
}
