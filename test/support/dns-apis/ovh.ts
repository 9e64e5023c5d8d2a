import { createHash } from 'node:crypto';
import type { TestContext } from 'node:test';
import {
  type ApiReply,
  type ApiRequest,
  apiClock,
  type FakeApi,
  type FakeRecords,
  fakeRecords,
  jsonOf,
  SECRET,
  serveApi,
  ZONE,
} from './server.ts';

const APPLICATION = '0123456789abcdef';
const CONSUMER = 'fedcba98765432100123456789abcdef';
/** Its clock goes that much before ours. */
const AHEAD_S = 1000;

export interface FakeOvh extends FakeApi {
  /** What the name servers show, since the last refresh. */
  readonly served: (name: string) => string[];
}

export const saying = (message: string, kind = 'Client::Forbidden') => ({ class: kind, message });
const refuse = (status: number, errorCode: string, message: string): ApiReply => ({
  status,
  json: { errorCode, httpCode: `${status} Refused`, message },
});
const NOT_FOUND: ApiReply = { status: 404, json: saying('This service does not exist', 'Client::NotFound') };

export async function serveOvh(t: TestContext): Promise<FakeOvh> {
  const zone = fakeRecords();
  let served: { name: string; value: string }[] = [];
  const api = await serveApi(t, (request) => {
    if (request.path === '/1.0/auth/time')
      return { status: 200, json: Math.floor(apiClock.now() / 1000) + AHEAD_S };
    const reply = whoAsks(request) ?? answer(request, zone);
    if (reply.status === 200 && request.path.endsWith('/refresh')) served = [...zone.records.values()];
    return reply;
  });
  return {
    ...api,
    credentials: {
      endpoint: 'ovh-eu',
      application_key: APPLICATION,
      application_secret: SECRET,
      consumer_key: CONSUMER,
      api_url: `${api.url}/1.0`,
    },
    served: (name) => served.filter((each) => each.name === name).map(({ value }) => value),
    values: (name) => zone.of(name).map(({ value }) => value),
    put: (name, value) => void zone.add(name, value),
  };
}

function whoAsks({ method, url, headers, text }: ApiRequest): ApiReply | undefined {
  if (headers['x-ovh-application'] !== APPLICATION)
    return refuse(403, 'INVALID_KEY', 'This application key is invalid');
  if (headers['x-ovh-consumer'] !== CONSUMER)
    return refuse(403, 'INVALID_CREDENTIAL', 'This credential does not exist');
  const time = Number(headers['x-ovh-timestamp']);
  if (!(Math.abs(time - apiClock.now() / 1000 - AHEAD_S) < 30))
    return refuse(400, 'QUERY_TIME_OUT', 'Query out of time');
  const signed = [SECRET, CONSUMER, method, `http://${headers.host}${url}`, text, time].join('+');
  if (headers['x-ovh-signature'] === `$1$${createHash('sha1').update(signed).digest('hex')}`)
    return undefined;
  return refuse(400, 'INVALID_SIGNATURE', 'Invalid signature');
}

function answer(request: ApiRequest, zone: FakeRecords): ApiReply {
  const { method, path, query } = request;
  const [, zoneName, action, id] =
    /^\/1\.0\/domain\/zone\/([^/]+)\/(record|refresh)(?:\/(\d+))?$/.exec(path) ?? [];
  if (zoneName !== ZONE) return NOT_FOUND;
  if (action === 'refresh') return method === 'POST' ? { status: 200, json: null } : NOT_FOUND;
  if (id !== undefined) return one(method, Number(id), zone);
  if (method === 'POST') return create(request, zone);
  const found = query.get('fieldType') === 'TXT' ? zone.of(nameOf(query.get('subDomain') ?? '')) : [];
  return { status: 200, json: found.map((record) => record.id) };
}

const nameOf = (subDomain: string) => (subDomain === '' ? ZONE : `${subDomain}.${ZONE}`);

function one(method: string, id: number, zone: FakeRecords): ApiReply {
  const record = zone.records.get(id);
  if (record === undefined)
    return {
      status: 404,
      json: saying(`The requested object (id = ${id}) does not exist`, 'Client::NotFound'),
    };
  if (method !== 'DELETE') return { status: 200, json: shown(id, record) };
  zone.records.delete(id);
  return { status: 200, json: null };
}

function create(request: ApiRequest, zone: FakeRecords): ApiReply {
  const { fieldType, subDomain, target, ttl } = (jsonOf(request) ?? {}) as Record<string, unknown>;
  if (fieldType !== 'TXT' || typeof subDomain !== 'string' || typeof target !== 'string' || target === '')
    return { status: 400, json: saying('Invalid parameters', 'Client::BadRequest') };
  if (!(Number(ttl) >= 60)) return { status: 400, json: saying('Invalid ttl', 'Client::BadRequest') };
  const record = zone.add(nameOf(subDomain), target);
  return { status: 200, json: shown(record.id, record) };
}

/** Targets are shown in quotes. */
function shown(id: number, { name, value }: { name: string; value: string }) {
  const subDomain = name === ZONE ? '' : name.slice(0, -ZONE.length - 1);
  const target = `"${value.replace(/["\\]/g, '\\$&')}"`;
  return { id, zone: ZONE, fieldType: 'TXT', subDomain, target, ttl: 60 };
}
